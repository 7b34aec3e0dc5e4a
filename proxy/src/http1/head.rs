//! The head of a request or of an answer: found in a buffer, parsed, taken out.
//!
//! The parser is httparse at its strictest. It takes a lone line feed for a line end, which others
//! do not; such a head is refused here.

use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};

use super::body::Framing;
use super::fields::{Field, Fields, Span};

/// Longest head that is read: nginx's 4 buffers of 32 KiB.
pub(crate) const LIMIT: usize = 128 * 1024;

/// Most fields that a head may have.
pub(crate) const FIELDS: usize = 128;

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    method: Span,
    /// Where [`Request::target`] lies in the bytes of the head.
    pub(crate) target: Span,
    pub(crate) version: Version,
    pub(crate) fields: Fields,
}

/// The head of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    reason: Span,
    pub(crate) version: Version,
    pub(crate) fields: Fields,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Version {
    Http10,
    #[default]
    Http11,
}

/// Why a head cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Longer than [`LIMIT`], or more than [`FIELDS`] fields.
    TooLarge,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// Not HTTP, or not only to one reader.
    Malformed(&'static str),
}

/// How far a buffer has been searched for the end of a head.
#[derive(Debug, Default)]
pub(crate) struct Search {
    seen: usize,
}

impl Search {
    /// The length of the head that `buffer` begins with, once all of it is there.
    ///
    /// Goes on where it stopped, so that a head which trickles in costs no more than another.
    pub(crate) fn end(&mut self, buffer: &[u8]) -> Result<Option<usize>, HeadError> {
        while let Some(found) = memchr::memchr(b'\n', buffer.get(self.seen..).unwrap_or_default()) {
            let feed = self.seen + found;
            if feed == 0 || buffer[feed - 1] != b'\r' {
                return Err(HeadError::Malformed(
                    "a line feed without a carriage return",
                ));
            }
            self.seen = feed + 1;
            if buffer[..feed - 1].ends_with(b"\r\n") {
                *self = Self::default();
                return if feed < LIMIT {
                    Ok(Some(feed + 1))
                } else {
                    Err(HeadError::TooLarge)
                };
            }
        }
        self.seen = buffer.len();
        if buffer.len() > LIMIT {
            return Err(HeadError::TooLarge);
        }
        Ok(None)
    }
}

impl Request {
    /// Takes the head of a request from the front of a buffer, once it is complete.
    pub(crate) fn take(
        buffer: &mut BytesMut,
        search: &mut Search,
    ) -> Result<Option<Self>, HeadError> {
        // Empty lines may come before a request (RFC 9112 §2.2).
        while buffer.starts_with(b"\r\n") {
            buffer.advance(2);
            *search = Search::default();
        }
        let Some(length) = search.end(buffer)? else {
            return Ok(None);
        };
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        let mut space = [const { MaybeUninit::uninit() }; FIELDS];
        let mut parsed = httparse::Request::new(&mut []);
        match parsed.parse_with_uninit_headers(&bytes, &mut space) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HeadError::Malformed("a head cut short")),
            // Of a line with more words, the third is no version.
            Err(httparse::Error::Version) if !has_three_words(&bytes) => {
                return Err(httparse::Error::Token.into());
            }
            Err(error) => return Err(error.into()),
        }
        let span = |part: Option<&str>| {
            part.map_or_else(Span::default, |part| Span::of(part.as_bytes(), &bytes))
        };
        let (method, target) = (span(parsed.method), span(parsed.path));
        let version = version(parsed.version);
        let fields = spans(parsed.headers, &bytes);
        Ok(Some(Self {
            method,
            target,
            version,
            fields: Fields::new(bytes, fields),
        }))
    }

    pub(crate) fn method(&self) -> &[u8] {
        self.method.get(self.fields.bytes())
    }

    /// What stands between method and version: a path, with a query behind `?` if there is one.
    pub(crate) fn target(&self) -> &[u8] {
        self.target.get(self.fields.bytes())
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &[u8] {
        let target = self.target();
        let end = memchr::memchr(b'?', target).unwrap_or(target.len());
        &target[..end]
    }

    /// Whether sending it twice has the effect of sending it once (RFC 9110 §9.2.2).
    pub(crate) fn is_idempotent(&self) -> bool {
        matches!(
            self.method(),
            b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE" | b"TRACE"
        )
    }

    /// Whether it asks to speak WebSocket from here on (RFC 6455 §4.1). A body would leave it open
    /// where HTTP ends.
    pub(crate) fn asks_for_websocket(&self) -> bool {
        self.version == Version::Http11
            && self.method() == b"GET"
            && self.fields.has_member("connection", "upgrade")
            && Framing::of_request(self) == Ok(Framing::Length(0))
            && self
                .fields
                .only("upgrade")
                .is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
    }

    /// Whether the client may wait to be told that it shall send the body (RFC 9110 §10.1.1).
    pub(crate) fn waits_to_continue(&self) -> bool {
        let expected = self.fields.first("expect");
        self.version == Version::Http11
            && expected.is_some_and(|it| it.eq_ignore_ascii_case(b"100-continue"))
    }

    /// Whether the client means to send another request by the same connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        keeps_alive(self.version, &self.fields)
    }
}

impl Response {
    /// Takes the head of an answer from the front of a buffer, once it is complete.
    pub(crate) fn take(
        buffer: &mut BytesMut,
        search: &mut Search,
    ) -> Result<Option<Self>, HeadError> {
        let Some(length) = search.end(buffer)? else {
            return Ok(None);
        };
        let bytes = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        let mut space = [const { MaybeUninit::uninit() }; FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        match config.parse_response_with_uninit_headers(&mut parsed, &bytes, &mut space) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HeadError::Malformed("a head cut short")),
            Err(error) => return Err(error.into()),
        }
        let status = parsed.code.filter(|code| (100..=999).contains(code));
        let reason = parsed.reason.unwrap_or_default();
        let reason = Span::of(reason.as_bytes(), &bytes);
        let version = version(parsed.version);
        let fields = spans(parsed.headers, &bytes);
        Ok(Some(Self {
            status: status.ok_or(HeadError::Malformed("a status below 100"))?,
            reason,
            version,
            fields: Fields::new(bytes, fields),
        }))
    }

    pub(crate) fn reason(&self) -> &[u8] {
        self.reason.get(self.fields.bytes())
    }

    /// Whether the server means to take another request by the same connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        keeps_alive(self.version, &self.fields)
    }
}

fn has_three_words(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.split(|byte| *byte == b' ').count() == 3
}

fn keeps_alive(version: Version, fields: &Fields) -> bool {
    match version {
        Version::Http11 => !fields.has_member("connection", "close"),
        Version::Http10 => {
            fields.has_member("connection", "keep-alive")
                && !fields.has_member("connection", "close")
        }
    }
}

const fn version(minor: Option<u8>) -> Version {
    match minor {
        Some(0) => Version::Http10,
        _ => Version::Http11,
    }
}

fn spans(headers: &[httparse::Header<'_>], bytes: &[u8]) -> Vec<Field> {
    let field = |header: &httparse::Header<'_>| Field {
        name: Span::of(header.name.as_bytes(), bytes),
        value: Span::of(header.value, bytes),
    };
    headers.iter().map(field).collect()
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        Self::Malformed(match error {
            httparse::Error::TooManyHeaders => return Self::TooLarge,
            httparse::Error::Version => return Self::Version,
            httparse::Error::HeaderName => "a space, a fold or a wrong character in a header name",
            httparse::Error::HeaderValue => "a control character in a header value",
            httparse::Error::NewLine => "a carriage return without a line feed",
            httparse::Error::Status => "a status that is not a number",
            httparse::Error::Token => "a space or control character in the target",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take(text: &str) -> Result<Option<Request>, HeadError> {
        Request::take(&mut BytesMut::from(text), &mut Search::default())
    }

    #[test]
    fn a_request_is_taken_apart_where_it_lies() {
        let mut buffer =
            BytesMut::from("\r\nPOST /a?b=c HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: 2\r\n\r\nbody");
        let request = Request::take(&mut buffer, &mut Search::default())
            .unwrap()
            .unwrap();
        assert_eq!(request.method(), b"POST");
        assert_eq!(request.target(), b"/a?b=c");
        assert_eq!(request.path(), b"/a");
        assert_eq!(request.version, Version::Http11);
        let fields: Vec<_> = request.fields.iter().collect();
        assert_eq!(
            fields,
            [(&b"Host"[..], &b"x"[..]), (b"X-A", b"1"), (b"x-a", b"2")]
        );
        assert_eq!(request.fields.first("x-A"), Some(&b"1"[..]));
        assert_eq!(request.fields.only("x-a"), None);
        assert_eq!(request.fields.only("host"), Some(&b"x"[..]));
        assert_eq!(buffer, "body");
    }

    #[test]
    fn a_head_that_comes_in_pieces_is_read_no_less_strictly() {
        let (mut buffer, mut search) = (BytesMut::from("\r"), Search::default());
        let mut come = |bytes: &str| {
            buffer.extend_from_slice(bytes.as_bytes());
            Request::take(&mut buffer, &mut search)
        };
        assert!(come("").unwrap().is_none());
        assert!(come("\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").is_err());
    }

    #[test]
    fn only_a_get_without_a_body_asks_for_a_websocket() {
        let asks = |method: &str, version: &str, lines: &str| {
            let text = format!("{method} / HTTP/{version}\r\nHost: a\r\n{lines}\r\n\r\n");
            take(&text).unwrap().unwrap().asks_for_websocket()
        };
        let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket";
        assert!(asks("GET", "1.1", upgrade));
        assert!(asks(
            "GET",
            "1.1",
            &format!("{upgrade}\r\nContent-Length: 0")
        ));
        assert!(!asks("GET", "1.0", upgrade));
        assert!(!asks("POST", "1.1", upgrade));
        assert!(!asks("GET", "1.1", "Upgrade: websocket"));
        assert!(!asks("GET", "1.1", "Connection: upgrade\r\nUpgrade: h2c"));
        assert!(!asks(
            "GET",
            "1.1",
            "Connection: upgrade\r\nUpgrade: websocket, h2c"
        ));
        assert!(!asks(
            "GET",
            "1.1",
            &format!("{upgrade}\r\nContent-Length: 1")
        ));
        let chunked = format!("{upgrade}\r\nTransfer-Encoding: chunked");
        assert!(!asks("GET", "1.1", &chunked));
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let refused = |text: &str| match take(text) {
            Err(HeadError::Malformed(reason)) => reason,
            other => panic!("{text:?}: {other:?}"),
        };
        for target in ["/a b", "/a\tb", "/a\x7f", "/a\0", ""] {
            let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(
                refused(&text),
                "a space or control character in the target",
                "{target:?}"
            );
        }
        for line in ["GET  / HTTP/1.1", "GET /", " GET / HTTP/1.1"] {
            refused(&format!("{line}\r\nHost: a\r\n\r\n"));
        }
        let header = |line: &str| refused(&format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n"));
        let name = "a space, a fold or a wrong character in a header name";
        for line in [
            "X : 1",
            " X: 1",
            "X Y: 1",
            ": 1",
            "X\u{e9}: 1",
            "X",
            "A: b\r\n c: d",
        ] {
            assert_eq!(header(line), name, "{line:?}");
        }
        assert_eq!(header("X: a\rb"), "a control character in a header value");
        assert_eq!(header("X: a\0b"), "a control character in a header value");
        let feed = "a line feed without a carriage return";
        assert_eq!(refused("GET / HTTP/1.1\nHost: a\n\n"), feed);
        assert_eq!(refused("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), feed);
        assert_eq!(
            take("GET / HTTP/2.0\r\n\r\n").unwrap_err(),
            HeadError::Version
        );
        assert_eq!(
            take("GET / HTTP/0.9\r\n\r\n").unwrap_err(),
            HeadError::Version
        );
    }

    #[test]
    fn too_much_is_too_large() {
        let many = "X: 1\r\n".repeat(FIELDS + 1);
        let text = format!("GET / HTTP/1.1\r\n{many}\r\n");
        assert_eq!(take(&text).unwrap_err(), HeadError::TooLarge);
        let many = "X: 1\r\n".repeat(FIELDS);
        assert!(
            take(&format!("GET / HTTP/1.1\r\n{many}\r\n"))
                .unwrap()
                .is_some()
        );
        let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(LIMIT));
        assert_eq!(take(&long).unwrap_err(), HeadError::TooLarge);
        assert_eq!(
            take(&format!("{long}\r\n\r\n")).unwrap_err(),
            HeadError::TooLarge
        );
    }

    #[test]
    fn keep_alive_is_what_version_and_connection_say() {
        let keeps = |version: &str, connection: &str| {
            take(&format!("GET / HTTP/{version}\r\n{connection}\r\n\r\n"))
                .unwrap()
                .unwrap()
                .keeps_alive()
        };
        assert!(keeps("1.1", "A: b"));
        assert!(!keeps("1.1", "Connection: x, Close"));
        assert!(!keeps("1.0", "A: b"));
        assert!(keeps("1.0", "Connection: Keep-Alive"));
        assert!(!keeps("1.0", "Connection: Keep-Alive, close"));
    }

    proptest! {
        /// However a head arrives, it is the same head, and what follows it stays.
        #[test]
        fn pieces_make_no_difference(cuts in prop::collection::vec(0usize..80, 0..6)) {
            let text = b"GET /a HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\nGET /b HTTP/1.1\r\n";
            let mut cuts = cuts;
            cuts.push(text.len());
            cuts.sort_unstable();
            let (mut buffer, mut search, mut from, mut found) =
                (BytesMut::new(), Search::default(), 0, None);
            for to in cuts {
                let to = to.min(text.len());
                buffer.extend_from_slice(&text[from..to]);
                from = to;
                if found.is_none() {
                    found = Request::take(&mut buffer, &mut search).unwrap();
                }
            }
            let found = found.unwrap();
            prop_assert_eq!(found.target(), b"/a");
            prop_assert_eq!(found.fields.places().len(), 2);
            prop_assert_eq!(&buffer[..], b"GET /b HTTP/1.1\r\n");
        }

        /// Bytes from outside never break the parser.
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            drop(Request::take(&mut buffer, &mut Search::default()));
            let mut buffer = BytesMut::from(&bytes[..]);
            drop(Response::take(&mut buffer, &mut Search::default()));
        }
    }
}
