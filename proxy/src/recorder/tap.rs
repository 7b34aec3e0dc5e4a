//! A tap on one exchange: notes what passes, without parsing and nearly without copying.
//!
//! Names, values and bodies are reference-counted slices of what pingora read. The recorder's
//! thread turns them into a [`RawExchange`].

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use pingora_http::{RequestHeader, ResponseHeader};
use trace::exchange::Timing;
use trace::raw::{RawBody, RawExchange};

/// What is noted of one exchange.
pub(crate) struct Tap {
    /// Bytes of each body that are kept.
    limit: usize,
    /// From the capture's start to the request's first byte.
    at: Duration,
    connection: u64,
    client: IpAddr,
    version: Version,
    method: Method,
    target: Box<[u8]>,
    request_headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) request_body: RawBody,
    /// 0 until there is an answer.
    status: u16,
    response_headers: Vec<(HeaderName, HeaderValue)>,
    response_body: RawBody,
    first_byte: Duration,
    total: Duration,
    aborted: bool,
}

/// Where and when an exchange began.
pub(crate) struct Origin {
    pub(crate) at: Duration,
    pub(crate) connection: u64,
    pub(crate) client: IpAddr,
}

impl Tap {
    pub(crate) fn new(request: &RequestHeader, origin: &Origin, limit: usize) -> Self {
        Self {
            limit,
            at: origin.at,
            connection: origin.connection,
            client: origin.client,
            version: request.version,
            method: request.method.clone(),
            target: request.raw_path().into(),
            request_headers: pairs(&request.headers),
            request_body: RawBody::default(),
            status: 0,
            response_headers: Vec::new(),
            response_body: RawBody::default(),
            first_byte: Duration::ZERO,
            total: Duration::ZERO,
            aborted: false,
        }
    }

    pub(crate) fn request_piece(&mut self, piece: &Bytes) {
        self.request_body.push(piece, self.limit);
    }

    /// Notes the head of an answer, and forgets any part of an earlier one.
    pub(crate) fn response(&mut self, header: &ResponseHeader) {
        self.status = header.status.as_u16();
        self.response_headers = pairs(&header.headers);
        self.response_body = RawBody::default();
    }

    pub(crate) fn response_piece(&mut self, piece: &Bytes) {
        self.response_body.push(piece, self.limit);
    }

    pub(crate) const fn finish(&mut self, first_byte: Duration, total: Duration, aborted: bool) {
        self.first_byte = first_byte;
        self.total = total;
        self.aborted = aborted;
    }

    /// About how many bytes of memory it holds. Walks all headers: ask once.
    pub(crate) fn weight(&self) -> usize {
        const BODIES: usize = 256;
        let kept = |body: &RawBody| {
            usize::try_from(body.total())
                .unwrap_or(usize::MAX)
                .min(self.limit)
        };
        let headers = self.request_headers.iter().chain(&self.response_headers);
        let headers: usize = headers
            .map(|pair| size_of_val(pair) + pair.0.as_str().len() + pair.1.len())
            .sum();
        let bodies = kept(&self.request_body) + kept(&self.response_body);
        size_of::<Self>() + self.target.len() + headers + BODIES + bodies
    }

    /// The exchange as the recording takes it.
    pub(crate) fn into_raw(self) -> RawExchange {
        let target = String::from_utf8_lossy(&self.target).into_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        RawExchange {
            at_ns: nanos(self.at),
            connection: self.connection,
            client: self.client,
            version: version(self.version),
            method: self.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            request_headers: named(self.request_headers),
            request_body: self.request_body,
            status: self.status,
            response_headers: named(self.response_headers),
            response_body: self.response_body,
            timing: Timing {
                first_byte_ns: nanos(self.first_byte),
                total_ns: nanos(self.total),
            },
            aborted: self.aborted,
        }
    }
}

/// The load-test headers are between client and proxy: they, and above all the key, are not
/// part of an exchange.
fn pairs(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    headers
        .iter()
        .filter(|(name, _)| !crate::handler::is_load_test_header(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn named(pairs: Vec<(HeaderName, HeaderValue)>) -> Vec<(String, Bytes)> {
    pairs
        .into_iter()
        .map(|(name, value)| {
            let value = Bytes::copy_from_slice(value.as_bytes());
            (name.as_str().to_owned(), value)
        })
        .collect()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_11 => "1.1",
        _ => "1.0",
    }
}
