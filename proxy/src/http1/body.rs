//! How long a body is, and reading it to just there.
//!
//! The rules are RFC 9112 §6.3, less what can be read in two ways.

use bytes::{Buf as _, BytesMut};

use super::chunked::Chunked;
use super::fields::Fields;
use super::head::{Request, Response, Version};

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    /// So many bytes; 0 is no body.
    Length(u64),
    /// Answers only: everything until the connection ends.
    UntilClose,
}

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct Body {
    framing: Framing,
    state: State,
}

#[derive(Debug)]
enum State {
    Chunked(Chunked),
    Length(u64),
    UntilClose,
    Done,
}

/// How far reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// All that was there is read; there is more to come.
    More,
    /// The body is complete.
    Done,
}

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyError(pub(crate) &'static str);

impl Framing {
    /// The body of a request.
    pub(crate) fn of_request(request: &Request) -> Result<Self, &'static str> {
        let framing = framing(request.version, &request.fields)?;
        Ok(framing.unwrap_or(Self::Length(0)))
    }

    /// The body of an answer to a request with this method.
    pub(crate) fn of_response(response: &Response, method: &[u8]) -> Result<Self, &'static str> {
        let framing = framing(response.version, &response.fields)?;
        if method == b"HEAD" || matches!(response.status, 100..=199 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        Ok(framing.unwrap_or(Self::UntilClose))
    }
}

fn framing(version: Version, fields: &Fields) -> Result<Option<Framing>, &'static str> {
    let mut encodings = fields.all("transfer-encoding");
    let mut lengths = fields.all("content-length");
    let (encoding, length) = (encodings.next(), lengths.next());
    if lengths.next().is_some() {
        return Err("two Content-Length headers");
    }
    if encoding.is_some() && version == Version::Http10 {
        return Err("chunks in HTTP/1.0");
    }
    match (encoding, length) {
        (Some(_), Some(_)) => Err("both Content-Length and Transfer-Encoding"),
        (Some(encoding), None) if encodings.next().is_none() => {
            if encoding.eq_ignore_ascii_case(b"chunked") {
                Ok(Some(Framing::Chunked))
            } else {
                Err("a transfer encoding other than chunked")
            }
        }
        (Some(_), None) => Err("a transfer encoding other than chunked"),
        (None, Some(length)) => number(length)
            .map(|length| Some(Framing::Length(length)))
            .ok_or("a Content-Length that is not a number"),
        (None, None) => Ok(None),
    }
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        Self {
            framing,
            state: match framing {
                Framing::Chunked => State::Chunked(Chunked::default()),
                Framing::Length(0) => State::Done,
                Framing::Length(length) => State::Length(length),
                Framing::UntilClose => State::UntilClose,
            },
        }
    }

    pub(crate) const fn framing(&self) -> Framing {
        self.framing
    }

    /// Reads what the buffer has of it; data goes to `sink`.
    pub(crate) fn step(
        &mut self,
        buffer: &mut BytesMut,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<Step, BodyError> {
        let step = match &mut self.state {
            State::Chunked(chunked) => chunked.step(buffer, &mut sink)?,
            State::Length(left) => {
                let here = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                if here > 0 {
                    sink(&buffer[..here]);
                    buffer.advance(here);
                    *left -= here as u64;
                }
                if *left == 0 { Step::Done } else { Step::More }
            }
            State::UntilClose => {
                if !buffer.is_empty() {
                    sink(buffer);
                    buffer.clear();
                }
                Step::More
            }
            State::Done => Step::Done,
        };
        if step == Step::Done {
            self.state = State::Done;
        }
        Ok(step)
    }

    /// The connection has ended; whether that is the body's end too.
    pub(crate) fn end(&mut self) -> bool {
        if matches!(self.state, State::UntilClose) {
            self.state = State::Done;
        }
        self.is_done()
    }

    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::Search;
    use super::*;

    #[track_caller]
    fn check(head: &str, expected: Result<Framing, &'static str>) {
        let mut buffer = BytesMut::from(&*format!("{head}\r\n\r\n"));
        let search = &mut Search::default();
        let framing = if head.starts_with("HTTP") {
            let response = Response::take(&mut buffer, search).unwrap().unwrap();
            Framing::of_response(&response, b"GET")
        } else {
            let request = Request::take(&mut buffer, search).unwrap().unwrap();
            Framing::of_request(&request)
        };
        assert_eq!(framing, expected, "{head}");
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        check("GET / HTTP/1.1", Ok(Framing::Length(0)));
        check(
            "GET / HTTP/1.1\r\nContent-Length: 3",
            Ok(Framing::Length(3)),
        );
        check(
            "GET / HTTP/1.1\r\nTransfer-Encoding: Chunked",
            Ok(Framing::Chunked),
        );
        check("HTTP/1.1 200 OK", Ok(Framing::UntilClose));
        check(
            "HTTP/1.1 204 No\r\nContent-Length: 3",
            Ok(Framing::Length(0)),
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 3",
            Ok(Framing::Length(3)),
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
            Ok(Framing::Chunked),
        );
    }

    #[test]
    fn an_ambiguous_length_is_refused() {
        let both = Err("both Content-Length and Transfer-Encoding");
        let other = Err("a transfer encoding other than chunked");
        let number = Err("a Content-Length that is not a number");
        for head in ["POST / HTTP/1.1", "HTTP/1.1 200 OK"] {
            let check = |fields: &str, expected| check(&format!("{head}\r\n{fields}"), expected);
            check("Content-Length: 3\r\nTransfer-Encoding: chunked", both);
            check("Transfer-Encoding: chunked\r\nContent-Length: 3", both);
            check("Transfer-Encoding: gzip, chunked", other);
            check(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                other,
            );
            check("Transfer-Encoding: xchunked", other);
            check(
                "Content-Length: 3\r\nContent-Length: 3",
                Err("two Content-Length headers"),
            );
            for length in ["+3", "-3", "3, 3", "0x3", "", "3 3", "99999999999999999999"] {
                check(&format!("Content-Length: {length}"), number);
            }
        }
        for head in ["POST / HTTP/1.0", "HTTP/1.0 200 OK"] {
            check(
                &format!("{head}\r\nTransfer-Encoding: chunked"),
                Err("chunks in HTTP/1.0"),
            );
        }
    }

    #[test]
    fn a_body_ends_where_it_should() {
        let mut buffer = BytesMut::from("helloGET");
        let mut body = Body::new(Framing::Length(5));
        let mut data = Vec::new();
        let step = body.step(&mut buffer, |bytes| data.extend_from_slice(bytes));
        assert_eq!(
            (step, &data[..], &buffer[..]),
            (Ok(Step::Done), &b"hello"[..], &b"GET"[..])
        );
        assert!(body.is_done());
        let mut open = Body::new(Framing::UntilClose);
        assert_eq!(open.step(&mut buffer, |_| {}), Ok(Step::More));
        assert!(buffer.is_empty() && open.end());
        assert!(!Body::new(Framing::Length(1)).end());
        assert!(!Body::new(Framing::Chunked).end());
    }
}
