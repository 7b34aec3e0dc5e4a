//! Content encodings (RFC 9110, §8.4): a body as it was before it was compressed.
//!
//! Bounded: whatever the input claims, no step gives more than the limit. A decoder's own memory is
//! its window: at most 16 MiB (br), 8 MiB (zstd) or 32 KiB, of which only what is used is touched.

use std::borrow::Cow;
use std::io::{self, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

/// Why a body could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecoded {
    /// It ends too early, goes on after its end, or is no such encoding at all.
    #[error("not valid in its content encoding")]
    Corrupt,
    /// It is longer than the limit once it is decoded.
    #[error("too large once it is decoded")]
    TooLarge,
    /// An encoding that is not read here, or too many of them.
    #[error("in a content encoding that is not read")]
    Unknown,
}

/// What `bytes` were before the encodings of `header` were applied, if that is at most `limit`
/// bytes.
pub fn decode<'a>(header: &str, bytes: &'a [u8], limit: usize) -> Result<Cow<'a, [u8]>, Undecoded> {
    let mut decoded = Cow::Borrowed(bytes);
    // The one that was applied last comes off first.
    for coding in codings(header)?.into_iter().rev() {
        decoded = Cow::Owned(coding.decode(&decoded, limit)?);
    }
    if decoded.len() > limit {
        return Err(Undecoded::TooLarge);
    }
    Ok(decoded)
}

/// An encoding that is read here.
#[derive(Clone, Copy)]
enum Coding {
    Brotli,
    Deflate,
    Gzip,
    Zstd,
}

/// The encodings that a header names, in the order in which they were applied.
fn codings(header: &str) -> Result<Vec<Coding>, Undecoded> {
    let mut codings = Vec::new();
    // A list may have empty elements (RFC 9110, §5.6.1).
    for name in header.split(',').map(str::trim) {
        let coding = match name.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "br" => Coding::Brotli,
            "deflate" => Coding::Deflate,
            "gzip" | "x-gzip" => Coding::Gzip,
            "zstd" => Coding::Zstd,
            _ => return Err(Undecoded::Unknown),
        };
        if codings.len() == MAX_CODINGS {
            return Err(Undecoded::Unknown);
        }
        codings.push(coding);
    }
    Ok(codings)
}

impl Coding {
    fn decode(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
        match self {
            Self::Brotli => brotli(bytes, limit),
            Self::Deflate => deflate(bytes, limit),
            Self::Gzip => all_of(&mut MultiGzDecoder::new(bytes), limit),
            Self::Zstd => zstd(bytes, limit),
        }
    }
}

/// In the zlib format, as RFC 9110 has it, or bare, as some clients send it.
pub(crate) fn deflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    match inflate(Decompress::new(true), bytes, limit) {
        Err(Undecoded::Corrupt) => inflate(Decompress::new(false), bytes, limit),
        decoded => decoded,
    }
}

/// Flate2's readers take a stream that breaks off for one that ends: so not with them.
fn inflate(mut stream: Decompress, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoded = Vec::new();
    let mut rest = bytes;
    loop {
        decoded.reserve(room(decoded.len(), limit));
        let (before, length) = (stream.total_in(), decoded.len());
        let status = stream
            .decompress_vec(rest, &mut decoded, FlushDecompress::None)
            .map_err(|error| corrupt(error.into()))?;
        let read = usize::try_from(stream.total_in() - before).unwrap_or(rest.len());
        rest = &rest[read..];
        if decoded.len() > limit {
            return Err(Undecoded::TooLarge);
        }
        let moved = read > 0 || decoded.len() > length;
        match status {
            Status::StreamEnd if rest.is_empty() => return Ok(decoded),
            Status::Ok | Status::BufError if moved => {}
            _ => return Err(Undecoded::Corrupt),
        }
    }
}

fn brotli(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let memory = StandardAlloc::default;
    // Strict: without the windows of up to 1 GiB that are no content encoding (RFC 7932, §9.1).
    let mut stream = BrotliState::new_strict(memory(), memory(), memory());
    let mut decoded = Vec::new();
    let (mut unread, mut read) = (bytes.len(), 0);
    let (mut written, mut total) = (0, 0);
    loop {
        decoded.resize(written + room(written, limit), 0);
        let mut unwritten = decoded.len() - written;
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            bytes,
            &mut unwritten,
            &mut written,
            &mut decoded,
            &mut total,
            &mut stream,
        );
        if written > limit {
            return Err(Undecoded::TooLarge);
        }
        match result {
            BrotliResult::ResultSuccess if unread == 0 => break,
            BrotliResult::NeedsMoreOutput => {}
            _ => return Err(Undecoded::Corrupt),
        }
    }
    decoded.truncate(written);
    Ok(decoded)
}

fn zstd(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(corrupt)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(corrupt)?;
    all_of(&mut decoder, limit)
}

/// All that a decoder gives, up to the limit. It has to object to what breaks off.
fn all_of(decoder: &mut impl Read, limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoded = Vec::new();
    let most = (limit as u64).saturating_add(1);
    let read = decoder.take(most).read_to_end(&mut decoded);
    if decoded.len() > limit {
        return Err(Undecoded::TooLarge);
    }
    read.map_err(corrupt)?;
    Ok(decoded)
}

/// How much more room to make for what is decoded: twice what there was, and not much more than the
/// limit.
fn room(written: usize, limit: usize) -> usize {
    written.clamp(LEAST_ROOM, limit.max(LEAST_ROOM))
}

/// What is wrong says nothing that a person could use, and may quote the body.
fn corrupt(_: io::Error) -> Undecoded {
    Undecoded::Corrupt
}

/// How many encodings a body may have had applied, besides `identity`.
const MAX_CODINGS: usize = 3;

/// The largest window that a content encoding may need (RFC 9659), as a power of two.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The least room that is made for what is decoded, in bytes.
const LEAST_ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::collection;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use proptest::sample::{Index, select};

    use super::*;

    /// What the tests can apply: the names of encodings, and `bare` for bare deflate.
    const APPLIED: [&str; 5] = ["bare", "br", "deflate", "gzip", "zstd"];

    fn apply(coding: &str, bytes: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match coding {
            "bare" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            "br" => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
                encoder.write_all(bytes).unwrap();
                encoder.into_inner()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            "zstd" => zstd::encode_all(bytes, 3).unwrap(),
            other => panic!("no such encoding: {other}"),
        }
    }

    fn header(applied: &[&str]) -> String {
        applied.join(", ").replace("bare", "deflate")
    }

    const NOTES: &[u8] = br#"{"notes":"Back pain since 2024, Back pain since 2024"}"#;

    #[test]
    fn every_encoding_is_read() {
        for coding in APPLIED {
            let encoded = apply(coding, NOTES);
            let decoded = decode(&header(&[coding]), &encoded, 1024);
            assert_eq!(decoded.as_deref(), Ok(NOTES), "{coding}");
        }
        let gzipped = apply("gzip", NOTES);
        for header in ["X-GZIP", " gzip ,, identity", "identity,gzip,"] {
            assert_eq!(decode(header, &gzipped, 1024).as_deref(), Ok(NOTES));
        }
        for header in ["", "identity", "Identity, identity,identity,identity,"] {
            assert_eq!(decode(header, NOTES, 1024).as_deref(), Ok(NOTES));
        }
    }

    #[test]
    fn members_of_gzip_are_one_body() {
        let members = [apply("gzip", b"one"), apply("gzip", b"two")].concat();
        assert_eq!(decode("gzip", &members, 64).as_deref(), Ok(&b"onetwo"[..]));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for header in ["compress", "gzip, dcb", "gzip;q=1", "aes128gcm", "\u{130}"] {
            let refused = decode(header, NOTES, 1024);
            assert_eq!(refused, Err(Undecoded::Unknown), "{header}");
        }
        let four = ["gzip"; 4]
            .iter()
            .fold(NOTES.to_vec(), |body, coding| apply(coding, &body));
        let refused = decode("gzip,gzip,gzip,gzip", &four, 4096);
        assert_eq!(refused, Err(Undecoded::Unknown));
    }

    #[test]
    fn the_limit_is_exact() {
        for coding in APPLIED {
            let encoded = apply(coding, NOTES);
            let at = |limit| decode(&header(&[coding]), &encoded, limit).map(|body| body.len());
            assert_eq!(at(NOTES.len()), Ok(NOTES.len()), "{coding}");
            assert_eq!(at(NOTES.len() - 1), Err(Undecoded::TooLarge), "{coding}");
            assert_eq!(at(0), Err(Undecoded::TooLarge), "{coding}");
        }
        assert_eq!(decode("", NOTES, 4), Err(Undecoded::TooLarge));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let zeros = vec![0; 10 << 20];
        for coding in APPLIED {
            let bomb = apply(coding, &zeros);
            assert!(bomb.len() < 64 << 10, "{coding}");
            let refused = decode(&header(&[coding]), &bomb, 64 << 10);
            assert_eq!(refused, Err(Undecoded::TooLarge), "{coding}");
            let twice = apply(coding, &bomb);
            let refused = decode(&header(&[coding, coding]), &twice, 64 << 10);
            assert_eq!(refused, Err(Undecoded::TooLarge), "{coding}");
        }
    }

    #[test]
    fn what_breaks_off_or_goes_on_is_corrupt() {
        for coding in APPLIED {
            let whole = apply(coding, NOTES);
            let check = |bytes: &[u8], what: &str| {
                let refused = decode(&header(&[coding]), bytes, 1024);
                assert_eq!(refused, Err(Undecoded::Corrupt), "{coding} {what}");
            };
            for length in 0..whole.len() {
                check(&whole[..length], &format!("to {length}"));
            }
            check(&[&whole[..], b"Ana Miller"].concat(), "with more");
            check(NOTES, "instead of plain");
        }
    }

    #[test]
    fn windows_are_bounded() {
        let params = brotli::enc::BrotliEncoderParams {
            large_window: true,
            lgwin: 26,
            ..Default::default()
        };
        let mut encoded = Vec::new();
        brotli::BrotliCompress(&mut &*NOTES, &mut encoded, &params).unwrap();
        assert_eq!(encoded[0], 0x11);
        assert_eq!(decode("br", &encoded, 1024), Err(Undecoded::Corrupt));
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(24).unwrap();
        encoder.write_all(NOTES).unwrap();
        let encoded = encoder.finish().unwrap();
        assert_eq!(decode("zstd", &encoded, 1024), Err(Undecoded::Corrupt));
    }

    proptest! {
        #[test]
        fn a_stack_comes_off_in_order(
            body in collection::vec(any::<u8>(), 1..400),
            applied in collection::vec(select(&APPLIED[..]), 0..=3),
        ) {
            let encoded = applied.iter().fold(body.clone(), |body, coding| apply(coding, &body));
            let decoded = decode(&header(&applied), &encoded, 4096);
            prop_assert_eq!(decoded.as_deref(), Ok(&body[..]));
        }

        #[test]
        fn any_bytes_give_at_most_the_limit(
            body in collection::vec(select(&b"ab"[..]), 1..4000),
            coding in select(&APPLIED[..]),
            changes in collection::vec((any::<Index>(), any::<u8>()), 0..4),
            limit in 0_usize..3000,
        ) {
            let mut encoded = apply(coding, &body);
            for (at, byte) in changes {
                let at = at.index(encoded.len());
                encoded[at] = byte;
            }
            if let Ok(decoded) = decode(&header(&[coding]), &encoded, limit) {
                prop_assert!(decoded.len() <= limit);
            }
        }
    }
}
