//! `[upstream.NAME]`: groups of servers that requests are forwarded to.
//!
//! Host names are resolved while reading: a server is an address from here on.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use super::section::Entry;
use super::values;

/// A group of equal servers.
#[derive(Debug)]
pub(crate) struct UpstreamSettings {
    pub(crate) name: String,
    pub(crate) servers: Vec<ServerSettings>,
    pub(crate) balance: Balance,
    /// Idle connections that are kept.
    pub(crate) keepalive: usize,
    /// How long an idle connection is kept.
    pub(crate) keepalive_timeout: Duration,
    /// Requests after which a connection is closed; no limit when absent.
    pub(crate) keepalive_requests: Option<u32>,
    /// Failures within `fail_timeout` after which a server is left alone for as long; 0 never.
    pub(crate) max_fails: u32,
    pub(crate) fail_timeout: Duration,
}

/// One server of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerSettings {
    pub(crate) address: SocketAddr,
    /// Its share of the requests, relative to the others.
    pub(crate) weight: u32,
}

/// How a server is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Balance {
    ClientHash,
    LeastConnections,
    RoundRobin,
}

pub(crate) fn read(entry: Option<Entry<'_>>) -> Vec<UpstreamSettings> {
    let Some(mut section) = entry.and_then(Entry::section) else {
        return Vec::new();
    };
    section
        .named()
        .into_iter()
        .filter_map(|(name, entry)| upstream(name, entry))
        .collect()
}

fn upstream(name: String, entry: Entry<'_>) -> Option<UpstreamSettings> {
    let mut section = entry.section()?;
    let servers = section.required("servers").and_then(Entry::list);
    if servers.as_ref().is_some_and(Vec::is_empty) {
        section.mistake("servers", "name at least one server");
    }
    let servers = servers
        .unwrap_or_default()
        .into_iter()
        .filter_map(server)
        .collect();
    let balance = section.parsed("balance", balance);
    let mut whole = |key, range| section.entry(key).and_then(|entry| entry.whole(range));
    let keepalive = whole("keepalive", 1..=65_535);
    let keepalive_requests = whole("keepalive_requests", 1..=u32::MAX);
    let max_fails = whole("max_fails", 0..=u32::MAX);
    let keepalive_timeout = section.parsed("keepalive_timeout", values::duration);
    let fail_timeout = section.parsed("fail_timeout", values::duration);
    section.finish();
    Some(UpstreamSettings {
        name,
        servers,
        balance: balance.unwrap_or(Balance::LeastConnections),
        keepalive: keepalive.map_or(32, |number| number as usize),
        keepalive_timeout: keepalive_timeout.unwrap_or(Duration::from_secs(60)),
        keepalive_requests,
        max_fails: max_fails.unwrap_or(1),
        fail_timeout: fail_timeout.unwrap_or(Duration::from_secs(10)),
    })
}

fn server(entry: Entry<'_>) -> Option<ServerSettings> {
    let mut section = entry.section()?;
    let address = section
        .required("address")
        .and_then(|entry| entry.parsed(address));
    // The order of turns has as many places as the weights together.
    let weight = section
        .entry("weight")
        .and_then(|entry| entry.whole(1..=1000));
    section.finish();
    Some(ServerSettings {
        address: address?,
        weight: weight.unwrap_or(1),
    })
}

/// Names are resolved once, at the start.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.to_socket_addrs()
        .map_err(|error| {
            format!("cannot use `{text}` as a server: {error}; write it as HOST:PORT")
        })?
        .next()
        .ok_or_else(|| format!("`{text}` has no address"))
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
