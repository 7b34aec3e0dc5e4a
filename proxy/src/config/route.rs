//! `[[route]]`: which requests go where, behind which gate and limits.
//!
//! Upstreams are looked up by name here, so that a route always has one.

use std::time::Duration;

use http::HeaderName;

use super::load_test::LoadTestSettings;
use super::section::{Entry, Section};
use super::upstream::UpstreamSettings;
use super::values::{self, Rate};
use crate::hygiene;
use crate::route::RESERVED;

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
    /// Index of the upstream.
    pub(crate) upstream: usize,
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

/// How much of a route one client, key, … may use.
#[derive(Debug, Clone)]
pub(crate) struct LimitSettings {
    pub(crate) rate: Option<Rate>,
    /// How many above the rate may come at once.
    pub(crate) burst: u32,
    /// How many may be in flight at once.
    pub(crate) concurrent: Option<u32>,
    pub(crate) per: Per,
}

impl LimitSettings {
    /// How long from all used up to all free again.
    fn recovery(&self) -> Duration {
        let period = self.rate.map_or(Duration::ZERO, |rate| rate.period());
        period.saturating_mul(self.burst.saturating_add(1))
    }
}

/// The limiter counts it in nanoseconds, of which 64 bits hold 584 years.
const LONGEST_RECOVERY: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a limit is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Per {
    Client,
    Header(HeaderName),
    Key,
    Route,
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
        .and_then(|entry| entry.parsed(values::name));
    let prefix = section
        .required("prefix")
        .and_then(|entry| entry.parsed(path));
    let rewrite = section.parsed("rewrite", path);
    let gate = section.parsed("gate", gate).unwrap_or(Gate::None);
    let limit = section.entry("limit").and_then(|entry| limit(entry, gate));
    let timeouts = timeouts(section.entry("timeouts"));
    let upstream = section
        .required("upstream")
        .and_then(|entry| entry.parsed(|text| find(text, upstreams)));
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
        upstream: upstream?,
        record: record.unwrap_or(gate == Gate::None),
        body_limit: body_limit.unwrap_or(50 * 1024 * 1024),
    })
}

fn check_gate(
    section: &Section<'_>,
    prefix: Option<&str>,
    gate: Gate,
    load_test: &LoadTestSettings,
) {
    if gate == Gate::None && prefix.is_some_and(|prefix| prefix.starts_with(RESERVED)) {
        let how = format!("a route under {RESERVED} needs gate = \"key\" or \"address\"");
        section.mistake("gate", how);
    }
    // A key that was refused has had its own mistake noted already.
    if gate == Gate::Key && load_test.enabled && !load_test.keys_named {
        section.mistake("gate", "no key could open it; name one in load_test.keys");
    }
}

fn limit(entry: Entry<'_>, gate: Gate) -> Option<LimitSettings> {
    let mut section = entry.section()?;
    let rate_given = section.entry("rate");
    let concurrent_given = section.entry("concurrent");
    if rate_given.is_none() && concurrent_given.is_none() {
        section.mistake("rate", "a limit needs rate, concurrent or both");
    }
    let burst = section.entry("burst");
    if burst.is_some() && rate_given.is_none() {
        section.mistake("burst", "a burst needs a rate");
    }
    let per = section.parsed("per", per).unwrap_or(Per::Client);
    if per == Per::Key && gate != Gate::Key {
        section.mistake("per", "only a route with gate = \"key\" knows keys");
    }
    let limit = LimitSettings {
        rate: rate_given.and_then(|entry| entry.parsed(Rate::parse)),
        burst: burst
            .and_then(|entry| entry.whole(0..=1_000_000))
            .unwrap_or(0),
        concurrent: concurrent_given.and_then(|entry| entry.whole(1..=1_000_000)),
        per,
    };
    if limit.recovery() > LONGEST_RECOVERY {
        section.mistake(
            "burst",
            "after a burst like this the rate takes over a year to recover; lower it",
        );
    }
    section.finish();
    Some(limit)
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

fn per(text: &str) -> Result<Per, String> {
    match text {
        "client" => Ok(Per::Client),
        "key" => Ok(Per::Key),
        "route" => Ok(Per::Route),
        other => other
            .strip_prefix("header:")
            .and_then(|name| name.parse().ok())
            .map(Per::Header)
            .ok_or_else(|| {
                format!("cannot count per `{other}`; use client, key, route or header:NAME")
            }),
    }
}

fn find(name: &str, upstreams: &[UpstreamSettings]) -> Result<usize, String> {
    upstreams
        .iter()
        .position(|upstream| upstream.name == name)
        .ok_or_else(|| {
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
