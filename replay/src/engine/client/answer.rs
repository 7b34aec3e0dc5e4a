//! Reads an HTTP/1.1 answer as it comes in (RFC 9112): its status, where it ends, and as much of its
//! body as somebody wants.
//!
//! No I/O: bytes are fed, in pieces of any size. Nothing of a body is kept that nobody asked for.

#[cfg(any(test, fuzzing))]
#[cfg_attr(
    not(fuzzing),
    expect(unreachable_pub, reason = "only `fuzz/` reaches it")
)]
pub mod fuzzing;

use std::mem::MaybeUninit;

use httparse::{Error as HeadError, Header, ParserConfig, Status};

use super::super::outcome::{Answer, Keep, header_line};

/// An answer that is coming in.
#[derive(Debug)]
pub(crate) struct Answering {
    state: State,
    /// Whether the request was a HEAD: its answer has no body, whatever its headers say.
    to_head: bool,
    /// What of it is kept.
    keep: Keep,
    status: u16,
    /// Whether the connection can carry another request after it.
    reusable: bool,
    kept_head: Vec<u8>,
    kept_body: Vec<u8>,
    /// How many bytes were looked at for the head's end.
    searched: usize,
    /// Interim answers (1xx) so far.
    interim: u32,
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of body.
    Sized(u64),
    ChunkSize,
    /// So many bytes of a chunk.
    Chunk(u64),
    ChunkEnd,
    Trailers,
    /// Body until the connection ends.
    UntilEnd,
    Done,
}

/// Why what came in is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no HTTP/1.1")]
pub(crate) struct Broken;

/// What a body is delimited by.
enum Body {
    None,
    Sized(u64),
    Chunked,
    UntilEnd,
}

impl Answering {
    /// The answer to a request that is about to be sent, of which this is wanted.
    pub(crate) const fn new(to_head: bool, keep: Keep) -> Self {
        Self {
            state: State::Head,
            to_head,
            keep,
            status: 0,
            reusable: false,
            kept_head: Vec::new(),
            kept_body: Vec::new(),
            searched: 0,
            interim: 0,
        }
    }

    /// Takes bytes, and says how many of them it used. The rest belongs in front of what comes in
    /// next; what is left when it [is done](Self::is_done) belongs to no answer.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            let step = match self.state {
                State::Done => return Ok(used),
                _ if rest.is_empty() => return Ok(used),
                State::Head => self.head(rest)?,
                State::Sized(left) => self.body(rest, left, State::Sized, State::Done),
                State::Chunk(left) => self.body(rest, left, State::Chunk, State::ChunkEnd),
                State::UntilEnd => self.body(rest, u64::MAX, |_| State::UntilEnd, State::Done),
                State::ChunkSize => self.chunk_size(rest)?,
                State::ChunkEnd => self.chunk_end(rest)?,
                State::Trailers => self.trailers(rest)?,
            };
            if step == 0 {
                return Ok(used);
            }
            used += step;
        }
    }

    /// The connection ended: whether that completes the answer.
    pub(crate) fn end(&mut self) -> bool {
        if self.state == State::UntilEnd {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Whether all of it is in.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether its head is in.
    pub(crate) fn has_head(&self) -> bool {
        self.state != State::Head
    }

    /// Whether the connection can carry another request, as far as the answer has a say.
    pub(crate) const fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// All of it, as far as it was wanted.
    pub(crate) fn into_answer(self) -> Answer {
        Answer {
            status: self.status,
            head: self.kept_head,
            body: self.kept_body,
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let Some(end) = head_end(bytes, &mut self.searched) else {
            return if bytes.len() > LONGEST_HEAD {
                Err(Broken)
            } else {
                Ok(0)
            };
        };
        self.searched = 0;
        let mut few = [const { MaybeUninit::uninit() }; FEW_HEADERS];
        match self.parse_head(&bytes[..end], &mut few) {
            Err(HeadError::TooManyHeaders) => {
                let mut many = [const { MaybeUninit::uninit() }; MOST_HEADERS];
                let parsed = self.parse_head(&bytes[..end], &mut many);
                parsed.map_err(|_error| Broken)?
            }
            parsed => parsed.map_err(|_error| Broken)?,
        }?;
        Ok(end)
    }

    fn parse_head<'b>(
        &mut self,
        bytes: &'b [u8],
        headers: &mut [MaybeUninit<Header<'b>>],
    ) -> Result<Result<(), Broken>, HeadError> {
        let mut head = httparse::Response::new(&mut []);
        let parsed = ParserConfig::default()
            .parse_response_with_uninit_headers(&mut head, bytes, headers)?;
        // Its end was found, so it is all there; what is left over is no head.
        let complete = parsed == Status::Complete(bytes.len());
        Ok(if complete {
            self.take_head(&head)
        } else {
            Err(Broken)
        })
    }

    fn take_head(&mut self, head: &httparse::Response<'_, '_>) -> Result<(), Broken> {
        let status = head.code.unwrap_or_default();
        if !(100..=999).contains(&status) {
            return Err(Broken);
        }
        if is_interim(status) {
            self.interim += 1;
            // Some are rightly more than one: a server may say early what it will link to.
            return if self.interim > MOST_INTERIM {
                Err(Broken)
            } else {
                Ok(())
            };
        }
        self.status = status;
        if self.keep.head {
            for header in head.headers.iter() {
                header_line(&mut self.kept_head, header.name.as_bytes(), header.value);
            }
        }
        let framing = Framing::of(head)?;
        let body = if self.to_head || matches!(status, 101 | 204 | 304) {
            Body::None
        } else {
            framing.body
        };
        self.reusable = framing.keeps && status != 101 && !matches!(body, Body::UntilEnd);
        self.state = match body {
            Body::None | Body::Sized(0) => State::Done,
            Body::Sized(length) => State::Sized(length),
            Body::Chunked => State::ChunkSize,
            Body::UntilEnd => State::UntilEnd,
        };
        Ok(())
    }

    fn body(&mut self, bytes: &[u8], left: u64, more: fn(u64) -> State, then: State) -> usize {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let room = self.keep.body.saturating_sub(self.kept_body.len());
        self.kept_body.extend_from_slice(&bytes[..room.min(length)]);
        let left = left - length as u64;
        self.state = if left == 0 { then } else { more(left) };
        length
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        match httparse::parse_chunk_size(bytes) {
            Ok(Status::Complete((line, 0))) => {
                self.state = State::Trailers;
                Ok(line)
            }
            Ok(Status::Complete((line, size))) => {
                self.state = State::Chunk(size);
                Ok(line)
            }
            Ok(Status::Partial) if bytes.len() <= LONGEST_LINE => Ok(0),
            _ => Err(Broken),
        }
    }

    fn chunk_end(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let used = match bytes {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [b'\r'] => return Ok(0),
            _ => return Err(Broken),
        };
        self.state = State::ChunkSize;
        Ok(used)
    }

    /// Trailers are read over, a line at a time; an empty one ends the answer.
    fn trailers(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > LONGEST_LINE {
                Err(Broken)
            } else {
                Ok(0)
            };
        };
        if matches!(&bytes[..end], [] | [b'\r']) {
            self.state = State::Done;
        }
        Ok(end + 1)
    }
}

/// What the headers say of the body and of the connection.
struct Framing {
    body: Body,
    keeps: bool,
}

impl Framing {
    fn of(head: &httparse::Response<'_, '_>) -> Result<Self, Broken> {
        let mut keeps = head.version == Some(1);
        let (mut length, mut coding) = (None, None);
        for header in head.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                let said = number(header.value).ok_or(Broken)?;
                if length.replace(said).is_some_and(|before| before != said) {
                    return Err(Broken);
                }
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                coding = tokens(header.value).last().or(coding);
            } else if header.name.eq_ignore_ascii_case("connection") {
                for token in tokens(header.value) {
                    if token.eq_ignore_ascii_case(b"close") {
                        keeps = false;
                    } else if token.eq_ignore_ascii_case(b"keep-alive") {
                        keeps = true;
                    }
                }
            }
        }
        // RFC 9112, 6.3: the coding wins over a length, and the connection is not to be trusted.
        let body = match coding {
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => Body::Chunked,
            Some(_) => Body::UntilEnd,
            None => length.map_or(Body::UntilEnd, Body::Sized),
        };
        Ok(Self {
            body,
            keeps: keeps && (coding.is_none() || length.is_none()),
        })
    }
}

/// A switch of protocols is final: nothing that replay sends asks for one.
const fn is_interim(status: u16) -> bool {
    status < 200 && status != 101
}

/// Where the head ends, if it does; `searched` is where to go on.
fn head_end(bytes: &[u8], searched: &mut usize) -> Option<usize> {
    let mut from = *searched;
    while let Some(feed) = memchr::memchr(b'\n', &bytes[from..]).map(|at| from + at) {
        match bytes.get(feed + 1..).unwrap_or_default() {
            [b'\n', ..] => return Some(feed + 2),
            [b'\r', b'\n', ..] => return Some(feed + 3),
            // To be looked at again with more.
            [] | [b'\r'] => {
                *searched = feed;
                return None;
            }
            _ => from = feed + 1,
        }
    }
    *searched = bytes.len();
    None
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let tokens = value.split(|byte| *byte == b',');
    tokens
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

/// Bytes of a head, and of a line within a body.
const LONGEST_HEAD: usize = 256 * 1024;
const LONGEST_LINE: usize = 16 * 1024;
/// Headers of most answers, and of any: what is not used costs time to make ready.
const FEW_HEADERS: usize = 32;
const MOST_HEADERS: usize = 1024;
/// Interim answers to one request.
const MOST_INTERIM: u32 = 32;

#[cfg(test)]
mod tests;
