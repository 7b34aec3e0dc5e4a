//! A raw exchange: what the proxy saw, before anonymization.
//!
//! It lives in memory only. No type here can be serialized, and `Debug` shows no content.

use std::borrow::Cow;
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
    /// About how many bytes of memory it holds beyond its own size.
    pub fn weight(&self) -> usize {
        let heads = self.request_headers.weight() + self.response_headers.weight();
        let bodies = self.request_body.weight() + self.response_body.weight();
        self.path.capacity() + self.query.capacity() + heads + bodies
    }
}

/// A method that HTTP knows. Any other may be anything that somebody typed, and is `UNKNOWN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(&'static str);

impl Method {
    /// The method of this name, in capitals.
    pub fn of(name: &[u8]) -> Self {
        let known = METHODS.iter().find(|known| known.as_bytes() == name);
        Self(known.copied().unwrap_or("UNKNOWN"))
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
    /// None yet, with room for `headers` of them and `bytes` of their names and values.
    pub fn with_capacity(headers: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(headers),
        }
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

    const fn weight(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<(usize, usize)>()
    }
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

    const fn weight(&self) -> usize {
        self.kept + self.slices.capacity() * size_of::<Bytes>()
    }

    /// What was kept, in one piece.
    pub(crate) fn joined(&self) -> Cow<'_, [u8]> {
        match self.slices.as_slice() {
            [] => Cow::Borrowed(&[]),
            [one] => Cow::Borrowed(one),
            many => Cow::Owned(many.concat()),
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
