//! A raw exchange: what the proxy saw, before anonymization.
//!
//! It lives in memory only. No type here can be serialized, and `Debug` shows no content.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use crate::exchange::Timing;

/// One request and its answer as they passed, with everything personal still in it.
pub struct RawExchange {
    /// Nanoseconds from the capture's start to the request's first byte.
    pub at_ns: u64,
    /// The client connection's number.
    pub connection: u64,
    /// The client's address, after trusted proxies.
    pub client: IpAddr,
    /// HTTP version: `1.0`, `1.1` or `2`.
    pub version: &'static str,
    /// Method, such as `GET`.
    pub method: String,
    /// Path without the query, as sent.
    pub path: String,
    /// Query without the `?`; empty when there is none.
    pub query: String,
    /// The request's headers in order, names in lower case.
    pub request_headers: Vec<(String, Bytes)>,
    /// The request's body.
    pub request_body: RawBody,
    /// Status code; 0 when the client went away before there was one.
    pub status: u16,
    /// The answer's headers in order, names in lower case.
    pub response_headers: Vec<(String, Bytes)>,
    /// The answer's body.
    pub response_body: RawBody,
    /// How long the answer took.
    pub timing: Timing,
    /// Whether either side went away before the end.
    pub aborted: bool,
}

/// A body as reference-counted slices, up to a cap.
#[derive(Default, Clone)]
pub struct RawBody {
    /// What was kept, in order.
    slices: Vec<Bytes>,
    /// Bytes in `slices`.
    kept: usize,
    /// Length of the whole body in bytes.
    total: u64,
}

impl RawBody {
    /// Takes note of the next piece of the body, keeping at most `limit` bytes in all.
    ///
    /// Costs a reference count, not a copy.
    pub fn push(&mut self, piece: &Bytes, limit: usize) {
        self.total += piece.len() as u64;
        let room = limit.saturating_sub(self.kept).min(piece.len());
        if room > 0 {
            self.kept += room;
            self.slices.push(piece.slice(..room));
        }
    }

    /// Length of the whole body in bytes.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether the body was longer than what was kept.
    pub const fn truncated(&self) -> bool {
        (self.kept as u64) < self.total
    }

    /// What was kept, in one piece.
    pub(crate) fn joined(&self) -> Bytes {
        match self.slices.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => many.concat().into(),
        }
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawBody({} bytes)", self.total)
    }
}

impl fmt::Debug for RawExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawExchange")
            .field("at_ns", &self.at_ns)
            .field("connection", &self.connection)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
