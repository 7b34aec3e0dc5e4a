//! `[[route]]`: which requests go where, behind which gate and limits.
//!
//! Upstreams are looked up by name here, so that a route always has one.

use std::time::Duration;

use http::StatusCode;

use super::limit::{self, LimitSettings};
use super::load_test::LoadTestSettings;
use super::section::{Entry, Section};
use super::upstream::UpstreamSettings;
use super::values;
use crate::hygiene;
use crate::metrics::NO_ROUTE;
use crate::route::{RESERVED, is_reserved};

/// One route, as configured.
#[derive(Debug, Clone)]
pub(crate) struct RouteSettings {
    pub(crate) name: String,
    /// What the path begins with; the longest one that fits wins.
    pub(crate) prefix: String,
    /// What replaces the prefix on the way to the upstream.
    pub(crate) rewrite: Option<String>,
    pub(crate) gate: Gate,
    pub(crate) limit: Option<LimitSettings>,
    pub(crate) timeouts: Timeouts,
    pub(crate) action: Action,
    /// Whether the upstream is told that a request is a test.
    pub(crate) tag: bool,
    pub(crate) record: bool,
    /// Largest request body in bytes.
    pub(crate) body_limit: u64,
}

/// What a client needs to use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// An allowed address.
    Address,
    /// An allowed address and a valid key.
    Key,
    /// Nothing.
    None,
}

/// What a route does with a request that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Answers with a status and no body; nothing is forwarded.
    Answer(StatusCode),
    /// Forwards to the upstream of this index.
    Forward(usize),
}

/// How long the steps towards an upstream may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    /// Between two writes.
    pub(crate) write: Duration,
    /// Between two reads.
    pub(crate) read: Duration,
}

pub(crate) fn read(
    entry: Option<Entry<'_>>,
    upstreams: &[UpstreamSettings],
    load_test: &LoadTestSettings,
) -> Vec<RouteSettings> {
    if let Some(entry) = entry.as_ref().filter(|entry| entry.is_empty_list()) {
        entry.mistake("name at least one route");
    }
    let entries = entry.and_then(Entry::list).unwrap_or_default();
    let mut routes = Vec::new();
    for entry in entries {
        if let Some(route) = entry
            .section()
            .and_then(|s| route(s, upstreams, load_test, &routes))
        {
            routes.push(route);
        }
    }
    routes
}

fn route(
    mut section: Section<'_>,
    upstreams: &[UpstreamSettings],
    load_test: &LoadTestSettings,
    others: &[RouteSettings],
) -> Option<RouteSettings> {
    let name = section
        .required("name")
        .and_then(|entry| entry.parsed(name));
    let prefix = section
        .required("prefix")
        .and_then(|entry| entry.parsed(path));
    let gate = section.parsed("gate", gate).unwrap_or(Gate::None);
    let limit = section.entry("limit");
    let limit = limit.and_then(|entry| limit::read(entry, gate, others));
    let action = action(&mut section, upstreams);
    let [rewrite, timeouts_given, tag] =
        ["rewrite", "timeouts", "tag"].map(|key| section.entry(key));
    if let Some(Action::Answer(_)) = action {
        for entry in [&rewrite, &timeouts_given, &tag].into_iter().flatten() {
            entry.mistake("this route answers and forwards nothing; leave it out");
        }
    }
    let rewrite = rewrite.and_then(|entry| entry.parsed(path));
    let timeouts = timeouts(timeouts_given);
    let tag = tag.and_then(Entry::flag);
    let record = section.entry("record").and_then(Entry::flag);
    let body_limit = section.parsed("body_limit", values::size);
    for other in others {
        if Some(&other.name) == name.as_ref() {
            section.mistake("name", format!("there is already a route `{}`", other.name));
        }
        if Some(&other.prefix) == prefix.as_ref() {
            section.mistake(
                "prefix",
                format!("route `{}` already has `{}`", other.name, other.prefix),
            );
        }
    }
    check_gate(&section, prefix.as_deref(), gate, load_test);
    section.finish();
    Some(RouteSettings {
        name: name?,
        prefix: prefix?,
        rewrite,
        gate,
        limit,
        timeouts,
        action: action?,
        tag: tag.unwrap_or(gate != Gate::None),
        record: record.unwrap_or(gate == Gate::None),
        body_limit: body_limit.unwrap_or(50 * 1024 * 1024),
    })
}

fn action(section: &mut Section<'_>, upstreams: &[UpstreamSettings]) -> Option<Action> {
    match (section.entry("upstream"), section.entry("answer")) {
        (Some(upstream), None) => upstream
            .parsed(|text| find(text, upstreams))
            .map(Action::Forward),
        (None, Some(answer)) => {
            let status = u16::try_from(answer.whole(200..=599)?).ok()?;
            StatusCode::from_u16(status).ok().map(Action::Answer)
        }
        (None, None) => {
            section.mistake("upstream", "missing; a route without one has answer = 204");
            None
        }
        (Some(_), Some(answer)) => {
            answer.mistake("a route answers or forwards; leave out answer or upstream");
            None
        }
    }
}

fn check_gate(
    section: &Section<'_>,
    prefix: Option<&str>,
    gate: Gate,
    load_test: &LoadTestSettings,
) {
    if gate == Gate::None && prefix.is_some_and(|prefix| is_reserved(prefix.as_bytes())) {
        let how = format!("a route under {RESERVED} needs gate = \"key\" or \"address\"");
        section.mistake("gate", how);
    }
    // A key that was refused has had its own mistake noted already.
    if gate == Gate::Key && load_test.enabled && !load_test.keys_named {
        section.mistake("gate", "no key could open it; name one in load_test.keys");
    }
}

fn timeouts(entry: Option<Entry<'_>>) -> Timeouts {
    let minute = Duration::from_secs(60);
    let Some(mut section) = entry.and_then(Entry::section) else {
        return Timeouts {
            connect: minute,
            write: minute,
            read: minute,
        };
    };
    let mut duration = |key| section.parsed(key, values::duration).unwrap_or(minute);
    let timeouts = Timeouts {
        connect: duration("connect"),
        write: duration("write"),
        read: duration("read"),
    };
    section.finish();
    timeouts
}

fn name(text: &str) -> Result<String, String> {
    if text == NO_ROUTE {
        return Err(format!(
            "metrics say `{text}` of requests without a route; use another name"
        ));
    }
    values::name(text)
}

fn path(text: &str) -> Result<String, String> {
    match hygiene::path(text.as_bytes()) {
        Ok(()) if !text.contains(['?', '#']) => Ok(text.to_owned()),
        Ok(()) => Err(format!("`{text}` is more than a path")),
        Err(reason) => Err(format!("`{text}` can match no request: {reason}")),
    }
}

fn gate(text: &str) -> Result<Gate, String> {
    match text {
        "address" => Ok(Gate::Address),
        "key" => Ok(Gate::Key),
        "none" => Ok(Gate::None),
        other => Err(format!(
            "there is no gate `{other}`; use none, address or key"
        )),
    }
}

fn find(name: &str, upstreams: &[UpstreamSettings]) -> Result<usize, String> {
    upstreams
        .iter()
        .position(|upstream| upstream.name == name)
        .ok_or_else(|| {
            if upstreams.is_empty() {
                return format!("there is no upstream; name its servers in [upstream.{name}]");
            }
            let known: Vec<_> = upstreams
                .iter()
                .map(|upstream| upstream.name.as_str())
                .collect();
            format!(
                "there is no upstream `{name}`; there are: {}",
                known.join(", ")
            )
        })
}
