//! A tap on one exchange: notes what passes, without parsing and nearly without copying.
//!
//! Heads are the bytes that were read, and counted references to them. The recorder's thread turns
//! them into a [`RawExchange`].

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use trace::exchange::Timing;
use trace::raw::{Method, RawBody, RawExchange, RawHeaders};

use crate::handler;
use crate::http1::fields::Fields;
use crate::http1::head::{Request, Response, Version};
use crate::server::connection::Protocol;

/// What is noted of one exchange.
pub(crate) struct Tap {
    /// Bytes of each body that are kept.
    limit: usize,
    origin: Origin,
    request: Request,
    pub(crate) request_body: RawBody,
    answer: Answer,
    response_body: RawBody,
    first_byte: Duration,
    total: Duration,
    aborted: bool,
}

/// The head of an answer.
enum Answer {
    None,
    /// Given by the proxy, in JSON.
    Here(u16),
    Upstream(Response),
}

/// Where and when an exchange began.
pub(crate) struct Origin {
    /// From the capture's start to the request's head.
    pub(crate) at: Duration,
    /// The client connection's number.
    pub(crate) connection: u64,
    pub(crate) protocol: Protocol,
    pub(crate) client: IpAddr,
}

impl Tap {
    pub(crate) fn new(request: Request, origin: Origin, limit: usize) -> Self {
        Self {
            limit,
            origin,
            request,
            request_body: RawBody::default(),
            answer: Answer::None,
            response_body: RawBody::default(),
            first_byte: Duration::ZERO,
            total: Duration::ZERO,
            aborted: false,
        }
    }

    pub(crate) fn request_piece(&mut self, piece: &[u8]) {
        self.request_body
            .push(&Bytes::copy_from_slice(piece), self.limit);
    }

    /// Notes the head of an answer.
    pub(crate) fn response(&mut self, response: Response) {
        self.answer = Answer::Upstream(response);
    }

    /// Notes an answer of the proxy's own.
    pub(crate) fn answered_here(&mut self, status: u16, body: &[u8]) {
        self.answer = Answer::Here(status);
        self.response_piece(body);
    }

    pub(crate) fn response_piece(&mut self, piece: &[u8]) {
        self.response_body
            .push(&Bytes::copy_from_slice(piece), self.limit);
    }

    pub(crate) const fn finish(&mut self, first_byte: Duration, total: Duration, aborted: bool) {
        self.first_byte = first_byte;
        self.total = total;
        self.aborted = aborted;
    }

    /// About how many bytes of memory it holds.
    pub(crate) fn weight(&self) -> usize {
        const REST: usize = 512;
        let kept = |body: &RawBody| {
            usize::try_from(body.total())
                .unwrap_or(usize::MAX)
                .min(self.limit)
        };
        let head = |fields: &Fields| fields.bytes().len() + 16 * fields.len();
        let answer = match &self.answer {
            Answer::Upstream(response) => head(&response.fields),
            Answer::None | Answer::Here(_) => 0,
        };
        let bodies = kept(&self.request_body) + kept(&self.response_body);
        size_of::<Self>() + REST + head(&self.request.fields) + answer + bodies
    }

    /// The exchange as the recording takes it.
    pub(crate) fn into_raw(self) -> RawExchange {
        let target = String::from_utf8_lossy(self.request.target());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (status, response_headers) = match &self.answer {
            Answer::None => (0, RawHeaders::default()),
            Answer::Here(status) => (*status, json()),
            Answer::Upstream(response) => (
                response.status,
                named(&response.fields, handler::is_for_the_client),
            ),
        };
        RawExchange {
            at_ns: nanos(self.origin.at),
            connection: self.origin.connection,
            client: self.origin.client,
            version: version(self.origin.protocol, self.request.version),
            method: Method::of(self.request.method()),
            path: path.to_owned(),
            query: query.to_owned(),
            request_headers: named(&self.request.fields, is_recorded),
            request_body: self.request_body,
            status,
            response_headers,
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
fn is_recorded(name: &[u8]) -> bool {
    !handler::is_load_test_header(name)
}

fn named(fields: &Fields, keep: impl Fn(&[u8]) -> bool) -> RawHeaders {
    let mut headers = RawHeaders::with_capacity(fields.len(), fields.bytes().len());
    for (name, value) in fields.iter().filter(|(name, _)| keep(name)) {
        headers.push(name, value);
    }
    headers
}

/// The headers of an answer of the proxy's own.
fn json() -> RawHeaders {
    let mut headers = RawHeaders::default();
    headers.push(b"content-type", b"application/json");
    headers
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

const fn version(protocol: Protocol, version: Version) -> &'static str {
    match (protocol, version) {
        (Protocol::Http2, _) => "2",
        (Protocol::Http1, Version::Http11) => "1.1",
        (Protocol::Http1, Version::Http10) => "1.0",
    }
}
