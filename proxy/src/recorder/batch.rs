//! Exchanges on their way to the recorder's thread, packed: what is known of each, and the bytes.
//!
//! Copied into buffers that are used again, because memory that one thread gets and another gives
//! back is dear: it costs a request more than the copy.

use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use trace::exchange::Timing;
use trace::raw::{Method, RawBody, RawExchange, RawHeaders};

use super::tap::{Answer, Origin, Tap};
use crate::handler;
use crate::http1::fields::{Field, Fields, Span};
use crate::http1::head::Version;
use crate::server::connection::Protocol;

/// Exchanges of one worker, in the order in which they ended.
#[derive(Default)]
pub(super) struct Batch {
    facts: Vec<Facts>,
    fields: Vec<Field>,
    /// What people sent: overwritten when it is given back.
    bytes: Zeroizing<Vec<u8>>,
}

/// The part of an exchange that has a fixed size.
struct Facts {
    origin: Origin,
    version: Version,
    method: Method,
    target: Span,
    request: Head,
    request_body: Body,
    status: Status,
    response: Head,
    response_body: Body,
    first_byte: Duration,
    total: Duration,
    aborted: bool,
}

#[derive(Clone, Copy)]
enum Status {
    None,
    /// Given by the proxy, in JSON.
    Here(u16),
    Upstream(u16),
}

/// How much of a batch belongs to a head.
#[derive(Clone, Copy, Default)]
struct Head {
    fields: usize,
    bytes: usize,
}

#[derive(Clone, Copy)]
struct Body {
    kept: usize,
    total: u64,
}

/// A buffer that has grown beyond this is given back.
const LARGE: usize = 4 * 1024 * 1024;

impl Batch {
    /// An empty one with room for so many bytes of heads and bodies.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(bytes)),
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        let fields = self.fields.len() * size_of::<Field>();
        self.bytes.len() + fields + self.facts.len() * size_of::<Facts>()
    }

    /// What an exchange would add to that.
    pub(super) fn weight_of(tap: &Tap) -> usize {
        let head = |fields: &Fields| fields.bytes().len() + size_of_val(fields.places());
        let answer = match &tap.answer {
            Answer::Upstream(response) => head(&response.fields),
            Answer::None | Answer::Here(_) => 0,
        };
        let bodies = tap.request_body.kept().len() + tap.response_body.kept().len();
        size_of::<Facts>() + head(&tap.request.fields) + answer + bodies
    }

    pub(super) fn push(&mut self, tap: &Tap) {
        let request = self.head(&tap.request.fields);
        let (status, response) = match &tap.answer {
            Answer::None => (Status::None, Head::default()),
            Answer::Here(status) => (Status::Here(*status), Head::default()),
            Answer::Upstream(response) => (
                Status::Upstream(response.status),
                self.head(&response.fields),
            ),
        };
        let request_body = self.body(&tap.request_body);
        let response_body = self.body(&tap.response_body);
        self.facts.push(Facts {
            origin: tap.origin,
            version: tap.request.version,
            method: Method::of(tap.request.method()),
            target: tap.request.target,
            request,
            request_body,
            status,
            response,
            response_body,
            first_byte: tap.first_byte,
            total: tap.total,
            aborted: tap.aborted,
        });
    }

    fn head(&mut self, fields: &Fields) -> Head {
        self.fields.extend_from_slice(fields.places());
        self.bytes.extend_from_slice(fields.bytes());
        Head {
            fields: fields.places().len(),
            bytes: fields.bytes().len(),
        }
    }

    fn body(&mut self, body: &RawBody) -> Body {
        self.bytes.extend_from_slice(body.kept());
        Body {
            kept: body.kept().len(),
            total: body.total(),
        }
    }

    /// Ready to be filled again.
    pub(super) fn empty(&mut self) {
        if self.weight() > LARGE {
            *self = Self::default();
        }
        self.facts.clear();
        self.fields.clear();
        self.bytes.clear();
    }

    pub(super) fn exchanges(&self) -> impl Iterator<Item = Packed<'_>> {
        let mut rest = Rest {
            fields: &self.fields,
            bytes: &self.bytes,
        };
        self.facts.iter().map(move |facts| Packed {
            facts,
            request: rest.head(facts.request),
            response: rest.head(facts.response),
            request_body: rest.bytes(facts.request_body.kept),
            response_body: rest.bytes(facts.response_body.kept),
        })
    }
}

/// What of a batch was not looked at yet.
struct Rest<'b> {
    fields: &'b [Field],
    bytes: &'b [u8],
}

impl<'b> Rest<'b> {
    fn bytes(&mut self, length: usize) -> &'b [u8] {
        let (bytes, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        bytes
    }

    fn head(&mut self, head: Head) -> Self {
        let (fields, rest) = self.fields.split_at(head.fields);
        self.fields = rest;
        Self {
            fields,
            bytes: self.bytes(head.bytes),
        }
    }

    fn headers(&self, keep: impl Fn(&[u8]) -> bool, headers: &mut RawHeaders) {
        let fields = self.fields.iter().map(|field| field.get(self.bytes));
        for (name, value) in fields.filter(|(name, _)| keep(name)) {
            headers.push(name, value);
        }
    }
}

/// An exchange of a batch.
pub(super) struct Packed<'b> {
    facts: &'b Facts,
    request: Rest<'b>,
    response: Rest<'b>,
    request_body: &'b [u8],
    response_body: &'b [u8],
}

impl Packed<'_> {
    pub(super) fn ended(&self) -> Duration {
        self.facts.origin.at + self.facts.total
    }

    /// Fills in the exchange as the recording takes it.
    pub(super) fn fill(&self, raw: &mut RawExchange) {
        let facts = self.facts;
        raw.at_ns = nanos(facts.origin.at);
        raw.connection = facts.origin.connection;
        raw.client = facts.origin.client;
        raw.version = version(facts.origin.protocol, facts.version);
        raw.method = facts.method;
        let target = String::from_utf8_lossy(facts.target.get(self.request.bytes));
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        path.clone_into(&mut raw.path);
        query.clone_into(&mut raw.query);
        raw.request_headers.clear();
        self.request.headers(is_recorded, &mut raw.request_headers);
        let (sent, answered) = (facts.request_body, facts.response_body);
        raw.request_body.set(self.request_body, sent.total);
        self.fill_answer(raw);
        raw.response_body.set(self.response_body, answered.total);
        raw.timing = Timing {
            first_byte_ns: nanos(facts.first_byte),
            total_ns: nanos(facts.total),
        };
        raw.aborted = facts.aborted;
    }

    fn fill_answer(&self, raw: &mut RawExchange) {
        let headers = &mut raw.response_headers;
        headers.clear();
        raw.status = match self.facts.status {
            Status::None => 0,
            Status::Here(status) => {
                headers.push(b"content-type", b"application/json");
                status
            }
            Status::Upstream(status) => {
                self.response.headers(handler::is_for_the_client, headers);
                status
            }
        };
    }
}

/// The load-test headers are between client and proxy: they, and above all the key, are not
/// part of an exchange.
fn is_recorded(name: &[u8]) -> bool {
    !handler::is_load_test_header(name)
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

#[cfg(test)]
pub(super) mod tests {
    use std::net::IpAddr;

    use bytes::BytesMut;

    use super::*;
    use crate::http1::head::{Request, Response, Search};

    pub(in super::super) fn tap(head: &str, at: u64) -> Tap {
        let mut buffer = BytesMut::from(&*format!("{head}\r\n\r\n"));
        let request = Request::take(&mut buffer, &mut Search::default());
        let origin = Origin {
            at: Duration::from_millis(at),
            connection: 7,
            protocol: Protocol::Http1,
            client: IpAddr::from([192, 0, 2, 1]),
        };
        Tap::new(request.unwrap().unwrap(), origin, 8)
    }

    pub(in super::super) fn answered(mut tap: Tap, head: &str, total: u64) -> Tap {
        let mut buffer = BytesMut::from(&*format!("{head}\r\n\r\n"));
        let response = Response::take(&mut buffer, &mut Search::default());
        tap.response(response.unwrap().unwrap());
        tap.finish(
            Duration::from_millis(1),
            Duration::from_millis(total),
            false,
        );
        tap
    }

    /// Filled into what another one has left.
    pub(in super::super) fn raw(packed: &Packed<'_>) -> RawExchange {
        let mut raw = RawExchange::blank();
        raw.path = "/left".to_owned();
        raw.query = "left".to_owned();
        raw.request_headers.push(b"left", b"left");
        raw.request_body.push(b"left", 4);
        raw.response_headers.push(b"left", b"left");
        raw.response_body.push(b"left", 4);
        packed.fill(&mut raw);
        raw
    }

    fn pairs(headers: &RawHeaders) -> Vec<(&str, &str)> {
        headers.iter().collect()
    }

    #[test]
    fn exchanges_come_out_as_they_went_in() {
        let mut batch = Batch::default();
        let mut posted = tap(
            "POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Load-Test-Key: secret\r\nCookie: d",
            1,
        );
        posted.request_piece(b"first, ");
        posted.request_piece(b"second");
        posted.response_piece(b"{}");
        batch.push(&answered(
            posted,
            "HTTP/1.1 201 Created\r\nServer: y\r\nETag: z",
            2,
        ));
        let mut refused = tap("BREW /pot HTTP/1.0", 2);
        refused.answered_here(429, b"{}");
        batch.push(&refused);
        let mut gone = tap("GET /gone HTTP/1.1\r\nHost: x", 3);
        gone.finish(Duration::ZERO, Duration::ZERO, true);
        batch.push(&gone);

        let raw: Vec<_> = batch.exchanges().map(|packed| raw(&packed)).collect();
        let [first, second, third] = &raw[..] else {
            panic!("{} exchanges", raw.len());
        };
        assert_eq!((first.method.as_str(), first.version), ("POST", "1.1"));
        assert_eq!((&*first.path, &*first.query), ("/a", "b=c"));
        assert_eq!(
            pairs(&first.request_headers),
            [("host", "x"), ("cookie", "d")]
        );
        assert_eq!(first.request_body.kept(), b"first, s");
        assert_eq!(
            (first.request_body.total(), first.request_body.truncated()),
            (13, true)
        );
        assert_eq!(
            (first.status, first.response_body.kept()),
            (201, &b"{}"[..])
        );
        assert_eq!(pairs(&first.response_headers), [("etag", "z")]);
        assert_eq!((first.at_ns, first.timing.total_ns), (1_000_000, 2_000_000));
        assert_eq!((second.method.as_str(), second.version), ("UNKNOWN", "1.0"));
        assert_eq!((&*second.path, second.status), ("/pot", 429));
        assert_eq!(second.response_body.kept(), b"{}");
        assert_eq!(
            (&*third.path, third.status, third.aborted),
            ("/gone", 0, true)
        );

        batch.empty();
        assert_eq!((batch.len(), batch.exchanges().count()), (0, 0));
    }

    #[test]
    fn what_an_exchange_adds_is_known_before() {
        let mut batch = Batch::default();
        let mut tap = tap("POST / HTTP/1.1\r\nHost: x", 0);
        tap.request_piece(b"12345678");
        let tap = answered(tap, "HTTP/1.1 200 OK\r\nETag: z", 1);
        batch.push(&tap);
        assert_eq!(batch.weight(), Batch::weight_of(&tap));
    }
}
