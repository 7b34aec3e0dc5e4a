//! Compiles one recorded request: HTTP/1.1 as it goes over the wire, with holes.
//!
//! Pure.

use http::{HeaderName, HeaderValue, header};
use trace::exchange::{Content, Request as Recorded};

use crate::settings::{ExtraHeader, Rewrite, Sends, UniqueField};
use crate::slot::{self, Kind, Place};

use super::entry::{Body, Method, Request};
use super::window::{Hole, Window, Writing};

/// What is the same for every request.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The `host` header.
    pub(crate) host: HeaderValue,
    /// Comes before every path.
    pub(crate) prefix: String,
    /// Whether the application's API is reached through the load-test path.
    pub(crate) via_loadtest: bool,
    /// How paths are sent otherwise than recorded, before that.
    pub(crate) rewrites: Vec<Rewrite>,
    /// Sent with every request.
    pub(crate) headers: Vec<ExtraHeader>,
    /// Whether the target is told an address for each user.
    pub(crate) addresses: bool,
    /// Whether requests are sent as they were recorded, slots, links and all.
    pub(crate) verbatim: bool,
    /// Days by which dates in requests are moved.
    pub(crate) shift_days: Option<i64>,
    /// Places whose values are others for everybody who plays, besides e-mail addresses.
    pub(crate) unique: Vec<UniqueField>,
    /// How the access token is sent, if not as it was recorded.
    pub(crate) sends: Option<Sends>,
}

impl Rules {
    /// Whether an added header takes the place of recorded ones of that name.
    fn replaces(&self, name: &str) -> bool {
        self.headers.iter().any(|extra| extra.name == name)
    }

    /// Adds recorded text, with holes for its slots unless it is sent as it was.
    fn write(
        &self,
        out: &mut Writing<'_>,
        text: &str,
        place: Place,
        number: &mut dyn FnMut(Kind, &str) -> u32,
    ) {
        if self.verbatim {
            out.add(text);
        } else {
            out.template(text, place, number);
        }
    }
}

/// What of a recorded request can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsendable {
    /// Its method.
    #[error("has the method `{0}`, which is none")]
    Method(String),
    /// Its path or query.
    #[error("has a path or query with characters that a request can't carry")]
    Target,
}

/// Puts the request into the window; `cookies` is the place of its cookies there, and `number` tells
/// whose or which a slot is.
pub(super) fn compile(
    window: &mut Window,
    recorded: &Recorded,
    cookies: Option<u32>,
    rules: &Rules,
    number: &mut dyn FnMut(Kind, &str) -> u32,
) -> Result<Request, Unsendable> {
    let method: http::Method = recorded
        .method
        .parse()
        .map_err(|_error| Unsendable::Method(recorded.method.clone()))?;
    let path = Rewrite::of(&rules.rewrites, &recorded.path);
    let (path, gated) = loadtest_path(&path, rules.via_loadtest);
    if !is_target(&path) || !is_target(&recorded.query) {
        return Err(Unsendable::Target);
    }
    let body = body(window, recorded, rules, number);
    let length = length(&method, body, window);
    let mut head = window.write();
    head.add(method.as_str()).add(" ").add(&rules.prefix);
    rules.write(&mut head, &path, Place::Form, number);
    if !recorded.query.is_empty() {
        head.add("?");
        rules.write(&mut head, &recorded.query, Place::Form, number);
    }
    head.add(" HTTP/1.1\r\nhost: ").add(&rules.host).add("\r\n");
    for (name, value) in headers(recorded, rules) {
        if cookies.is_none() || name != header::COOKIE.as_str() {
            head.add(name).add(": ");
            rules.write(&mut head, value, Place::Plain, number);
            head.add("\r\n");
        }
    }
    if let Some(cookies) = cookies.filter(|_| !rules.replaces(header::COOKIE.as_str())) {
        head.hole(Hole::Cookies(cookies), Place::Plain);
    }
    for extra in &rules.headers {
        line(&mut head, extra.name.as_str(), &extra.value);
    }
    if !has_agent(recorded, rules) {
        line(&mut head, "user-agent", USER_AGENT);
    }
    if rules.addresses {
        head.hole(Hole::Address, Place::Plain);
    }
    if gated {
        head.hole(Hole::Gate, Place::Plain);
    }
    match length {
        Length::None => {
            head.add("\r\n");
        }
        Length::Known(bytes) => {
            line(&mut head, "content-length", bytes.to_string());
            head.add("\r\n");
        }
        Length::WhenFilled => {}
    }
    Ok(Request {
        head: head.end(),
        body,
        method: Method {
            head: method == http::Method::HEAD,
            idempotent: method.is_idempotent(),
        },
    })
}

fn line(head: &mut Writing<'_>, name: &str, value: impl AsRef<[u8]>) {
    head.add(name).add(": ").add(value).add("\r\n");
}

/// The path as it is sent, and whether that is the load-test path.
pub(crate) fn loadtest_path(path: &str, via_loadtest: bool) -> (String, bool) {
    match path.strip_prefix("/api/v1/") {
        Some(rest) if via_loadtest => (format!("/api/loadtest/{rest}"), true),
        _ => (path.to_owned(), false),
    }
}

/// Whether it fits between the spaces of a request line.
pub(super) fn is_target(text: &str) -> bool {
    text.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}

/// The recorded headers that are sent too. Those that HTTP would not let pass are left out.
fn headers<'a>(
    recorded: &'a Recorded,
    rules: &'a Rules,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    recorded.headers.iter().filter_map(move |(name, value)| {
        let valid = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok();
        let sent = valid && !is_replays_own(name) && !rules.replaces(name);
        sent.then_some((name.as_str(), value.as_str()))
    })
}

fn has_agent(recorded: &Recorded, rules: &Rules) -> bool {
    let extra = rules.headers.iter().map(|extra| extra.name.as_str());
    let mut names = headers(recorded, rules).map(|(name, _)| name).chain(extra);
    names.any(|name| name.eq_ignore_ascii_case("user-agent"))
}

/// How long the body is, as the head says it.
enum Length {
    None,
    Known(u64),
    WhenFilled,
}

fn length(method: &http::Method, body: Body, window: &Window) -> Length {
    let expects_one = [http::Method::POST, http::Method::PUT, http::Method::PATCH];
    match body {
        Body::None if expects_one.contains(method) => Length::Known(0),
        Body::None => Length::None,
        Body::Filler(bytes) => Length::Known(bytes),
        Body::Text(text) => match window.literal(text) {
            Some(bytes) => Length::Known(bytes.len() as u64),
            None => Length::WhenFilled,
        },
    }
}

fn body(
    window: &mut Window,
    recorded: &Recorded,
    rules: &Rules,
    number: &mut dyn FnMut(Kind, &str) -> u32,
) -> Body {
    match &recorded.body.content {
        Content::None if recorded.body.bytes == 0 => Body::None,
        Content::None | Content::Shape(_) => Body::Filler(recorded.body.bytes),
        Content::Base64(bytes) => Body::Text(window.write().add(bytes).end()),
        Content::Utf8(text) => {
            let place = slot::place_in_body(content_type(recorded));
            let mut body = window.write();
            rules.write(&mut body, text, place, number);
            Body::Text(body.end())
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

/// Headers that describe the recorded connection or the recorded client, not the request.
fn is_replays_own(name: &str) -> bool {
    OWN.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("x-load-test")
}

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
