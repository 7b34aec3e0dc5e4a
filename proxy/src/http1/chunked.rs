//! Chunks (RFC 9112 §7.1), taken apart strictly.
//!
//! Extensions and trailers are read over: nobody behind this proxy gets them. A length that does
//! not fit, a lone line feed or an endless extension ends it.

use bytes::{Buf as _, BytesMut};

use super::body::{BodyError, Step};

/// Longest line between chunks, and most bytes of trailers.
const LINE: usize = 8 * 1024;

/// A body in chunks, in the middle of being read.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of trailers so far.
    trailers: usize,
}

#[derive(Debug, Default)]
enum State {
    /// Before a line with a length.
    #[default]
    Length,
    /// In a chunk with so many bytes to come.
    Data(u64),
    /// Before the line end that closes a chunk.
    DataEnd,
    Trailers,
    Done,
}

impl Chunked {
    /// Goes on with what is in the buffer; data goes to `sink`.
    pub(super) fn step(
        &mut self,
        buffer: &mut BytesMut,
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<Step, BodyError> {
        loop {
            match self.state {
                State::Length => {
                    let Some(line) = line(buffer)? else {
                        return Ok(Step::More);
                    };
                    let length = length(&buffer[..line])?;
                    buffer.advance(line + 2);
                    self.state = if length == 0 {
                        State::Trailers
                    } else {
                        State::Data(length)
                    };
                }
                State::Data(left) => {
                    if buffer.is_empty() {
                        return Ok(Step::More);
                    }
                    let here = usize::try_from(left)
                        .unwrap_or(usize::MAX)
                        .min(buffer.len());
                    sink(&buffer[..here]);
                    buffer.advance(here);
                    self.state = match left - here as u64 {
                        0 => State::DataEnd,
                        left => State::Data(left),
                    };
                }
                State::DataEnd => match &buffer[..] {
                    [b'\r', b'\n', ..] => {
                        buffer.advance(2);
                        self.state = State::Length;
                    }
                    [] | [b'\r'] => return Ok(Step::More),
                    _ => return Err(BodyError("a chunk longer than it said")),
                },
                State::Trailers => {
                    let Some(line) = line(buffer)? else {
                        return Ok(Step::More);
                    };
                    self.trailers += line;
                    if line == 0 {
                        self.state = State::Done;
                    } else if self.trailers > LINE {
                        return Err(BodyError("too long trailers"));
                    } else if !is_field(&buffer[..line + 2]) {
                        return Err(BodyError("a trailer that is not a header field"));
                    }
                    buffer.advance(line + 2);
                }
                State::Done => return Ok(Step::Done),
            }
        }
    }
}

/// The length of the line that the buffer begins with, without its end.
fn line(buffer: &[u8]) -> Result<Option<usize>, BodyError> {
    match memchr::memchr(b'\n', buffer) {
        Some(feed) if feed > LINE => Err(BodyError("too long a line between chunks")),
        Some(feed) => match buffer[..feed].split_last() {
            Some((b'\r', line)) if !line.contains(&b'\r') => Ok(Some(line.len())),
            _ => Err(BodyError("a wrong line end between chunks")),
        },
        None if buffer.len() > LINE => Err(BodyError("too long a line between chunks")),
        None => Ok(None),
    }
}

/// Whether a line, with its end, is a header field.
fn is_field(line: &[u8]) -> bool {
    let mut space = [httparse::EMPTY_HEADER];
    // Partial, because no empty line follows.
    matches!(
        httparse::parse_headers(line, &mut space),
        Ok(httparse::Status::Partial)
    )
}

/// A chunk's length: hex digits, and behind a `;` what nobody needs.
fn length(line: &[u8]) -> Result<u64, BodyError> {
    const WRONG: BodyError = BodyError("a chunk without a length");
    let end = memchr::memchr(b';', line).unwrap_or(line.len());
    let digits = match line[end..] {
        // Some senders pad, but only before an extension is that allowed (RFC 9112 §7.1.1).
        [b';', ..] => line[..end].trim_ascii_end(),
        _ => line,
    };
    if digits.is_empty() || digits.len() > 15 || line[end..].iter().any(u8::is_ascii_control) {
        return Err(WRONG);
    }
    digits.iter().try_fold(0, |length, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(WRONG)?;
        Ok(length * 16 + u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a body that comes in pieces.
    fn read<'p>(
        pieces: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<(Vec<u8>, Step, BytesMut), BodyError> {
        let (mut chunked, mut buffer, mut data) = (Chunked::default(), BytesMut::new(), Vec::new());
        let mut step = Step::More;
        for piece in pieces {
            buffer.extend_from_slice(piece);
            step = chunked.step(&mut buffer, &mut |bytes| data.extend_from_slice(bytes))?;
        }
        Ok((data, step, buffer))
    }

    #[test]
    fn chunks_become_a_body() {
        let text = b"5\r\nhello\r\n6 ;a=\"b\"\r\n world\r\n0\r\nX-T: 1\r\n\r\nGET";
        let (data, step, rest) = read([&text[..]]).unwrap();
        assert_eq!(data, b"hello world");
        assert_eq!(step, Step::Done);
        assert_eq!(rest, "GET");
    }

    #[test]
    fn what_is_not_a_chunk_is_refused() {
        for text in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "1 \r\n",
            " 1\r\n",
            "1\n",
            "1\r\r\n",
            "1;a\rb\r\n",
            "1;\x01\r\n",
            "1_0\r\n",
            "fffffffffffffffff\r\n",
            "1\r\nab",
            "1\r\na\n",
            "1\r\na\rb",
            "0\r\nX\n",
            "0\r\nGET / HTTP/1.1\r\n",
            "0\r\n: 1\r\n",
            "0\r\nX : 1\r\n",
            "0\r\n X: 1\r\n",
            "0\r\nX: 1\r\n folded\r\n",
            "0\r\nX: \0 1\r\n",
            "0\r\n\n",
        ] {
            assert!(read([text.as_bytes()]).is_err(), "{text:?}");
        }
        let endless = format!("1;{}", "x".repeat(LINE));
        assert!(read([endless.as_bytes()]).is_err());
        let trailers = format!("0\r\n{}", "X: 1\r\n".repeat(LINE / 2));
        assert!(read([trailers.as_bytes()]).is_err());
    }

    proptest! {
        /// What is written in chunks is read again, however it is cut on the way.
        #[test]
        fn reads_what_is_written(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8),
            cut in 1usize..20,
        ) {
            let mut sent = BytesMut::new();
            for chunk in &chunks {
                super::super::write::chunk(&mut sent, chunk);
            }
            super::super::write::last_chunk(&mut sent);
            sent.extend_from_slice(b"next");
            let (data, step, rest) = read(sent.chunks(cut)).unwrap();
            prop_assert_eq!(data, chunks.concat());
            prop_assert_eq!(step, Step::Done);
            prop_assert_eq!(&rest[..], b"next");
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            drop(read([&bytes[..]]));
        }
    }
}
