//! What a request leaves for the access log.
//!
//! Borrowed from the request as it ends; whatever is kept of it is copied, so that no buffer of
//! the connection lives longer.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::http1::fields::Fields;

/// A request that has ended.
pub(crate) struct Entry<'r> {
    pub(crate) ended: Moment,
    /// From the request's first byte to the answer's last.
    pub(crate) took: Duration,
    /// Whose request it is, after trusted proxies.
    pub(crate) client: IpAddr,
    pub(crate) method: &'r [u8],
    /// Path and query as they came, before any rewriting.
    pub(crate) target: &'r [u8],
    /// Such as `HTTP/1.1`.
    pub(crate) protocol: &'static str,
    /// The request's header fields. Four of them are looked at, and never the key.
    pub(crate) fields: &'r Fields,
    /// The id that was forwarded.
    pub(crate) request_id: &'r str,
    /// Name and prefix of the route, if there is one.
    pub(crate) route: Option<(&'r str, &'r str)>,
    /// What the client was told; 0 when it was told nothing.
    pub(crate) status: u16,
    /// Bytes of the answer's body that were sent.
    pub(crate) body_bytes: u64,
    /// Why it was not forwarded: the label of the metric.
    pub(crate) refusal: Option<&'static str>,
    /// Whether it came by a route with a gate.
    pub(crate) load_test: bool,
    /// The name of the key that it had, where that opened the gate.
    pub(crate) key: Option<&'r str>,
    /// The last attempt to have it answered.
    pub(crate) upstream: Option<Attempt<'r>>,
    /// How many attempts there were.
    pub(crate) tries: u32,
    /// Number of the client's connection.
    pub(crate) connection: u64,
    /// How many requests that connection has carried, with this one.
    pub(crate) connection_requests: u64,
}

/// An attempt to have a request answered by a server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attempt<'r> {
    /// The server's address, as configured.
    pub(crate) address: &'r str,
    /// What it answered, if it did.
    pub(crate) status: Option<u16>,
    /// Until there was a connection; zero where one was kept.
    pub(crate) connect: Option<Duration>,
    /// From the attempt's start to the answer's head.
    pub(crate) header: Option<Duration>,
    /// From the attempt's start to the answer's last byte.
    pub(crate) response: Option<Duration>,
}
