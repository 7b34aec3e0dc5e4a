//! A raw exchange: what the proxy saw, before anonymization.
//!
//! It lives in memory only. No type here can be serialized, and `Debug` shows no content.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

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
    pub method: Method,
    /// Path without the query, as sent.
    pub path: String,
    /// Query without the `?`; empty when there is none.
    pub query: String,
    /// The request's headers.
    pub request_headers: RawHeaders,
    /// The request's body.
    pub request_body: RawBody,
    /// Status code; 0 when the client went away before there was one.
    pub status: u16,
    /// The answer's headers.
    pub response_headers: RawHeaders,
    /// The answer's body.
    pub response_body: RawBody,
    /// How long the answer took.
    pub timing: Timing,
    /// Whether either side went away before the end.
    pub aborted: bool,
}

impl RawExchange {
    /// One that says nothing, to be filled again and again: what its parts take of memory stays.
    pub const fn blank() -> Self {
        Self {
            at_ns: 0,
            connection: 0,
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            version: "1.1",
            method: Method::UNKNOWN,
            path: String::new(),
            query: String::new(),
            request_headers: RawHeaders::new(),
            request_body: RawBody::new(),
            status: 0,
            response_headers: RawHeaders::new(),
            response_body: RawBody::new(),
            timing: Timing {
                first_byte_ns: 0,
                total_ns: 0,
            },
            aborted: false,
        }
    }
}

/// A method that HTTP knows. Any other may be anything that somebody typed, and is `UNKNOWN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(&'static str);

impl Method {
    const UNKNOWN: Self = Self("UNKNOWN");

    /// The method of this name, in capitals.
    pub fn of(name: &[u8]) -> Self {
        let known = METHODS.iter().find(|known| known.as_bytes() == name);
        known.map_or(Self::UNKNOWN, |known| Self(known))
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The usual ones first.
const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE",
];

/// Headers in order, duplicates kept, in one piece of memory: they are made on one thread and
/// dropped on another, which is dear for many small pieces.
#[derive(Default, Clone)]
pub struct RawHeaders {
    /// Names and values, one after the other.
    text: String,
    /// Where each name and each value ends in `text`.
    ends: Vec<(usize, usize)>,
}

impl RawHeaders {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
        }
    }

    /// Takes all out again.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a header. Its name becomes lower case, and what is not text in it U+FFFD.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.text.len();
        self.push_text(name);
        let middle = self.text.len();
        self.text[start..].make_ascii_lowercase();
        self.push_text(value);
        self.ends.push((middle, self.text.len()));
    }

    fn push_text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => self.text.push_str(text),
            Err(_) => self.text.push_str(&String::from_utf8_lossy(text)),
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |&(middle, end)| {
            let pair = (&self.text[start..middle], &self.text[middle..end]);
            start = end;
            pair
        })
    }
}

/// A body, up to a cap.
#[derive(Default, Clone)]
pub struct RawBody {
    /// What was kept, from its beginning.
    kept: Vec<u8>,
    /// Length of the whole body in bytes.
    total: u64,
}

impl RawBody {
    /// An empty one.
    pub const fn new() -> Self {
        Self {
            kept: Vec::new(),
            total: 0,
        }
    }

    /// Replaces it by the beginning of a body of `total` bytes.
    pub fn set(&mut self, kept: &[u8], total: u64) {
        self.kept.clear();
        self.kept.extend_from_slice(kept);
        self.total = total;
    }

    /// Takes note of the next piece of the body, keeping at most `limit` bytes in all.
    pub fn push(&mut self, piece: &[u8], limit: usize) {
        self.total += piece.len() as u64;
        let room = limit.saturating_sub(self.kept.len()).min(piece.len());
        self.kept.extend_from_slice(&piece[..room]);
    }

    /// What was kept.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Length of the whole body in bytes.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether the body was longer than what was kept.
    pub const fn truncated(&self) -> bool {
        (self.kept.len() as u64) < self.total
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
