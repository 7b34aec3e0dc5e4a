//! `[upstream.NAME]`: groups of servers that requests are forwarded to.
//!
//! Host names are resolved while reading: a server is an address from here on.

mod check;
mod server;
mod tls;

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Surroundings;
use super::section::{Entry, Section};
use super::values;
use crate::upstream::retry::{MOST_TRIES, Retry};

pub(crate) use check::CheckSettings;
pub(crate) use server::{Address, ServerSettings};
use tls::TlsSettings;

/// A group of equal servers.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamSettings {
    pub(crate) name: String,
    pub(crate) servers: Vec<ServerSettings>,
    pub(crate) balance: Balance,
    /// TLS to the servers; plain HTTP when absent.
    pub(crate) tls: Option<TlsSettings>,
    /// Idle connections that are kept.
    pub(crate) keepalive: usize,
    /// How long an idle connection is kept.
    pub(crate) keepalive_timeout: Duration,
    /// Requests after which a connection is closed; no limit when absent.
    pub(crate) keepalive_requests: Option<u32>,
    /// Failures within `fail_timeout` after which a server is left alone for as long; 0 never.
    pub(crate) max_fails: u32,
    pub(crate) fail_timeout: Duration,
    pub(crate) retry: Retry,
    /// Checks that are sent to find out what works; none when absent.
    pub(crate) health: Option<CheckSettings>,
}

/// How a server is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Balance {
    ClientHash,
    LeastConnections,
    RoundRobin,
}

pub(crate) fn read(entry: Option<Entry<'_>>, around: &impl Surroundings) -> Vec<UpstreamSettings> {
    let Some(mut section) = entry.and_then(Entry::section) else {
        return Vec::new();
    };
    section
        .named()
        .into_iter()
        .filter_map(|(name, entry)| upstream(name, entry, around))
        .collect()
}

fn upstream(
    name: String,
    entry: Entry<'_>,
    around: &impl Surroundings,
) -> Option<UpstreamSettings> {
    if let Err(mistake) = values::name(&name) {
        entry.mistake(mistake);
    }
    let mut section = entry.section()?;
    let servers = server::read(&mut section);
    let tls = section.entry("tls");
    let tls = tls.and_then(|entry| tls::read(entry, &servers, around));
    let balance = section.parsed("balance", balance);
    let keepalive = whole(&mut section, "keepalive", 1..=65_535);
    let keepalive_requests = whole(&mut section, "keepalive_requests", 1..=u32::MAX);
    let keepalive_timeout = section.parsed("keepalive_timeout", values::duration);
    let max_fails = whole(&mut section, "max_fails", 0..=u32::MAX);
    let fail_timeout = section.parsed("fail_timeout", values::duration);
    let retry = section.entry("retry").and_then(retry);
    let health = section.entry("health").and_then(check::read);
    section.finish();
    Some(UpstreamSettings {
        name,
        servers,
        balance: balance.unwrap_or(Balance::LeastConnections),
        tls,
        keepalive: keepalive.map_or(32, |number| number as usize),
        keepalive_timeout: keepalive_timeout.unwrap_or(Duration::from_secs(60)),
        keepalive_requests,
        max_fails: max_fails.unwrap_or(1),
        fail_timeout: fail_timeout.unwrap_or(Duration::from_secs(10)),
        retry: retry.unwrap_or_default(),
        health,
    })
}

fn retry(entry: Entry<'_>) -> Option<Retry> {
    let mut section = entry.section()?;
    let tries = whole(&mut section, "tries", 1..=MOST_TRIES);
    let within = section.parsed("within", values::duration);
    let statuses = section.entry("statuses").and_then(Entry::list);
    section.finish();
    let statuses = statuses.unwrap_or_default().into_iter();
    let default = Retry::default();
    Some(Retry {
        tries: tries.unwrap_or(default.tries),
        within: within.unwrap_or(default.within),
        statuses: statuses
            .filter_map(|entry| status(entry, 400..=599))
            .collect(),
    })
}

fn balance(text: &str) -> Result<Balance, String> {
    match text {
        "client-hash" => Ok(Balance::ClientHash),
        "least-connections" => Ok(Balance::LeastConnections),
        "round-robin" => Ok(Balance::RoundRobin),
        other => Err(format!(
            "there is no balance `{other}`; use least-connections, round-robin or client-hash"
        )),
    }
}

fn whole(section: &mut Section<'_>, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
    section.entry(key).and_then(|entry| entry.whole(range))
}

fn status(entry: Entry<'_>, range: RangeInclusive<u32>) -> Option<u16> {
    entry.whole(range).and_then(|status| status.try_into().ok())
}
