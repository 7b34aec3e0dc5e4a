//! Where a server is: an address, a name that stands for some, or a unix socket.
//!
//! A name stands for all its addresses, each a server of its own, as in nginx. It is looked up
//! when the file is read, at the start and with each reload, and not in between.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::net::SocketAddr as UnixAddress;

use super::whole;
use crate::config::section::{Entry, Section};

/// One server of a group.
#[derive(Debug, Clone)]
pub(crate) struct ServerSettings {
    pub(crate) address: Address,
    /// The name or the IP address in the file; a unix socket has none.
    pub(crate) host: Option<String>,
    /// Its share of the requests, relative to the others.
    pub(crate) weight: u32,
}

/// What to connect to.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    /// With a path.
    Unix(UnixAddress),
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(a), Self::Tcp(b)) => a == b,
            (Self::Unix(a), Self::Unix(b)) => a.as_pathname() == b.as_pathname(),
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(address) => match address.as_pathname() {
                Some(path) => write!(f, "unix:{}", path.display()),
                None => f.write_str("unix:"),
            },
        }
    }
}

/// Servers with the same address are one, with their weights together.
pub(super) fn read(section: &mut Section<'_>) -> Vec<ServerSettings> {
    let entries = section.required("servers").and_then(Entry::list);
    if entries.as_ref().is_some_and(Vec::is_empty) {
        section.mistake("servers", "name at least one server");
    }
    let mut servers: Vec<ServerSettings> = Vec::new();
    for server in entries.unwrap_or_default().into_iter().flat_map(server) {
        match servers.iter_mut().find(|s| s.address == server.address) {
            Some(same) => same.weight += server.weight,
            None => servers.push(server),
        }
    }
    servers
}

/// As many as its name has addresses.
fn server(entry: Entry<'_>) -> Vec<ServerSettings> {
    let Some(mut section) = entry.section() else {
        return Vec::new();
    };
    let place = section
        .required("address")
        .and_then(|entry| entry.parsed(place));
    // The order of turns has as many places as the weights together.
    let weight = whole(&mut section, "weight", 1..=1000).unwrap_or(1);
    section.finish();
    let (host, addresses) = place.unwrap_or_default();
    let server = |address| ServerSettings {
        address,
        host: host.clone(),
        weight,
    };
    addresses.into_iter().map(server).collect()
}

fn place(text: &str) -> Result<(Option<String>, Vec<Address>), String> {
    let wrong = |reason: String| {
        format!("cannot use `{text}` as a server: {reason}; write it as HOST:PORT or unix:/PATH")
    };
    if let Some(path) = text.strip_prefix("unix:") {
        if !path.starts_with('/') {
            return Err(wrong("the path is not absolute".to_owned()));
        }
        let address = UnixAddress::from_pathname(path).map_err(|error| wrong(error.to_string()))?;
        return Ok((None, vec![Address::Unix(address)]));
    }
    let found = text
        .to_socket_addrs()
        .map_err(|error| wrong(error.to_string()))?;
    // Name servers shuffle them; a reload should not.
    let mut addresses: Vec<_> = found.collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(format!("`{text}` has no address"));
    }
    Ok((
        host(text),
        addresses.into_iter().map(Address::Tcp).collect(),
    ))
}

/// Without the port, and an IPv6 address without its brackets.
fn host(text: &str) -> Option<String> {
    let (host, _port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    Some(bare.unwrap_or(host).to_owned())
}
