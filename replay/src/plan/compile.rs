//! Compiles one recorded request: its path, headers and body as text with holes.
//!
//! Pure.

use std::net::IpAddr;

use http::{HeaderName, Method, header};
use trace::exchange::{Content, Request as Recorded};

use crate::settings::ExtraHeader;
use crate::slot::{self, Kind, Place};

use super::store::{Body, Draft, Request, StoreBuilder, Text};

/// What is the same for every request.
pub(super) struct Rules<'a> {
    /// Comes before every path.
    pub(super) prefix: &'a str,
    /// Whether the application's API is reached through the load-test path.
    pub(super) via_loadtest: bool,
    /// Sent with every request.
    pub(super) headers: &'a [ExtraHeader],
}

/// Stores the request; `subject` tells whose or which a slot is.
pub(super) fn compile(
    store: &mut StoreBuilder,
    recorded: &Recorded,
    rules: &Rules<'_>,
    address: Option<IpAddr>,
    subject: &mut dyn FnMut(Kind, &str) -> u32,
) -> Option<Request> {
    let (path, gated) = loadtest_path(&recorded.path, rules.via_loadtest);
    let question = if recorded.query.is_empty() { "" } else { "?" };
    let target = format!("{}{path}{question}{}", rules.prefix, recorded.query);
    let draft = Draft {
        method: recorded.method.parse::<Method>().ok()?,
        target: store.template(&target, Place::Form, &mut *subject),
        headers: headers(store, recorded, rules, address, subject),
        body: body(store, recorded, subject),
        gated,
    };
    Some(store.request(draft))
}

/// The path as it is sent, and whether that is the load-test path.
pub(crate) fn loadtest_path(path: &str, via_loadtest: bool) -> (String, bool) {
    match path.strip_prefix("/api/v1/") {
        Some(rest) if via_loadtest => (format!("/api/loadtest/{rest}"), true),
        _ => (path.to_owned(), false),
    }
}

fn headers(
    store: &mut StoreBuilder,
    recorded: &Recorded,
    rules: &Rules<'_>,
    address: Option<IpAddr>,
    subject: &mut dyn FnMut(Kind, &str) -> u32,
) -> Vec<(HeaderName, Text)> {
    let mut headers = Vec::new();
    for (name, value) in &recorded.headers {
        let Ok(name) = name.parse::<HeaderName>() else {
            continue;
        };
        let compresses = name == header::ACCEPT_ENCODING && gives_token(recorded);
        let replaced = rules.headers.iter().any(|extra| extra.name == name);
        if !is_replays_own(&name) && !compresses && !replaced {
            headers.push((name, store.template(value, Place::Plain, &mut *subject)));
        }
    }
    for extra in rules.headers {
        headers.push((extra.name.clone(), store.literal(extra.value.as_bytes())));
    }
    if headers.iter().all(|(name, _)| name != header::USER_AGENT) {
        headers.push((header::USER_AGENT, store.literal(USER_AGENT.as_bytes())));
    }
    if let Some(address) = address {
        let text = store.literal(address.to_string().as_bytes());
        headers.push((FORWARDED_FOR, text));
    }
    headers
}

fn body(
    store: &mut StoreBuilder,
    recorded: &Recorded,
    subject: &mut dyn FnMut(Kind, &str) -> u32,
) -> Body {
    match &recorded.body.content {
        Content::None if recorded.body.bytes == 0 => Body::None,
        Content::None | Content::Shape(_) => Body::Filler(recorded.body.bytes),
        Content::Base64(bytes) => Body::Text(store.literal(bytes)),
        Content::Utf8(text) => {
            let place = slot::place_in_body(content_type(recorded));
            Body::Text(store.template(text, place, subject))
        }
    }
}

fn content_type(recorded: &Recorded) -> &str {
    let found = recorded
        .headers
        .iter()
        .find(|(name, _)| name == "content-type");
    found.map_or("", |(_, value)| value)
}

/// Whether the answer is read for a token, which only an answer that is not compressed shows.
fn gives_token(recorded: &Recorded) -> bool {
    match &recorded.body.content {
        Content::Utf8(text) => text.contains("{{password:") || text.contains("{{refresh:"),
        Content::None | Content::Base64(_) | Content::Shape(_) => false,
    }
}

/// Headers that describe the recorded connection or the recorded client, not the request.
fn is_replays_own(name: &HeaderName) -> bool {
    let name = name.as_str();
    OWN.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("x-load-test")
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What replay calls itself.
pub(crate) const USER_AGENT: &str = concat!("rehearsal-replay/", env!("CARGO_PKG_VERSION"));

const OWN: [&str; 14] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
];
