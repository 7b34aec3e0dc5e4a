//! Finds requests that two parsers could read differently.
//!
//! Such a request is refused and its connection closed: what this proxy matches, limits and
//! records has to be what the backend acts on.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use pingora_http::RequestHeader;

/// Longest header section that is accepted: nginx's 4 buffers of 32 KiB.
///
/// Beyond 1 MiB, or 256 headers, pingora gives up reading before any of this is asked. It then
/// answers 400 without a body and closes the connection; nothing of ours can make that a 431.
pub(crate) const HEADER_LIMIT: usize = 128 * 1024;

/// Checks a request: its parsed header and, for HTTP/1, the bytes it was parsed from.
pub(crate) fn request(header: &RequestHeader, raw: &[u8]) -> Result<(), &'static str> {
    let target = header.raw_path();
    let end = target
        .iter()
        .position(|b| *b == b'?')
        .unwrap_or(target.len());
    path(&target[..end])?;
    target_as_sent(header, raw)?;
    line_ends(raw)?;
    framing(header, raw)?;
    host(header)
}

/// Checks a path without its query.
pub(crate) fn path(path: &[u8]) -> Result<(), &'static str> {
    if path.first() != Some(&b'/') {
        return Err("the target is not a path");
    }
    let mut segment = 1;
    for (index, &byte) in path.iter().enumerate().skip(1) {
        match byte {
            0..=0x20 | 0x7f => return Err("a control character or space in the path"),
            b'\\' => return Err("a backslash in the path"),
            b'#' => return Err("a fragment in the path"),
            b'%' => escape(&path[index..])?,
            b'/' => {
                if index == segment {
                    return Err("an empty path segment");
                }
                dots(&path[segment..index])?;
                segment = index + 1;
            }
            _ => {}
        }
    }
    dots(&path[segment..])
}

/// Some servers drop what follows a `;`, so `..;x` may be read as `..`.
fn dots(segment: &[u8]) -> Result<(), &'static str> {
    let end = segment
        .iter()
        .position(|b| *b == b';')
        .unwrap_or(segment.len());
    match &segment[..end] {
        b"." | b".." => Err("a dot segment in the path"),
        _ => Ok(()),
    }
}

fn escape(rest: &[u8]) -> Result<(), &'static str> {
    let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (Some(high), Some(low)) = (digit(1), digit(2)) else {
        return Err("a broken escape in the path");
    };
    match high * 16 + low {
        0x2e | 0x2f | 0x5c => Err("an escaped dot, slash or backslash in the path"),
        0..=0x1f | 0x7f => Err("an escaped control character in the path"),
        // `%6c` is `l` to the backend (RFC 3986 §2.3), but no prefix of ours would match it.
        0x30..=0x39 | 0x41..=0x5a | 0x61..=0x7a | 0x2d | 0x5f | 0x7e => {
            Err("an escape that stands for a plain character in the path")
        }
        _ => Ok(()),
    }
}

/// The parser cuts a fragment off; others may not. Of what it repairs, `server::line` knows.
fn target_as_sent(header: &RequestHeader, raw: &[u8]) -> Result<(), &'static str> {
    let line = raw.trim_ascii_start().split(|byte| *byte == b'\r').next();
    let mut words = line.unwrap_or_default().split(|byte| *byte == b' ');
    match words.nth(1) {
        None => Ok(()),
        Some(target) if target.contains(&b'#') => Err("a fragment in the target"),
        Some(target) if target != header.raw_path() => {
            Err("a target that is not what it was parsed as")
        }
        Some(_) => Ok(()),
    }
}

/// pingora's parser takes a lone line feed for a line end; others do not.
fn line_ends(raw: &[u8]) -> Result<(), &'static str> {
    let mut before = 0;
    for &byte in raw {
        if byte == b'\n' && before != b'\r' {
            return Err("a line feed without a carriage return");
        }
        before = byte;
    }
    Ok(())
}

fn framing(header: &RequestHeader, raw: &[u8]) -> Result<(), &'static str> {
    let mut encodings = header.headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next() {
        if encodings.next().is_some() || !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err("a transfer encoding other than chunked");
        }
        // pingora drops Content-Length beside Transfer-Encoding, so only the raw bytes show it.
        if header.headers.contains_key(CONTENT_LENGTH) || names_content_length(raw) {
            return Err("both Content-Length and Transfer-Encoding");
        }
    }
    let mut lengths = header.headers.get_all(CONTENT_LENGTH).iter();
    match (lengths.next(), lengths.next()) {
        (Some(_), Some(_)) => Err("two Content-Length headers"),
        (Some(length), None) if !length.as_bytes().iter().all(u8::is_ascii_digit) => {
            Err("a Content-Length that is not a number")
        }
        _ => Ok(()),
    }
}

fn names_content_length(raw: &[u8]) -> bool {
    const NAME: &[u8] = b"\ncontent-length";
    raw.windows(NAME.len())
        .any(|window| window.eq_ignore_ascii_case(NAME))
}

fn host(header: &RequestHeader) -> Result<(), &'static str> {
    let mut hosts = header.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err("two Host headers"),
        (None, _) if header.version == http::Version::HTTP_11 => Err("no Host header"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<(), &'static str>) {
        assert_eq!(super::path(path.as_bytes()), expected, "{path}");
    }

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "/",
            "/api/v1/people/5c1d",
            "/api/v1/people/",
            "/a.b/c..d/.hidden/...",
            "/caf%C3%A9/a%20b/%252f",
            "/a;v=1/b",
        ] {
            check(path, Ok(()));
        }
    }

    #[test]
    fn path_tricks_are_found() {
        check("", Err("the target is not a path"));
        check("*", Err("the target is not a path"));
        check("http://a/b", Err("the target is not a path"));
        check("//api", Err("an empty path segment"));
        check("/api//v1", Err("an empty path segment"));
        check("/api/./v1", Err("a dot segment in the path"));
        check("/api/../v1", Err("a dot segment in the path"));
        check("/api/..", Err("a dot segment in the path"));
        check("/api/..;x/v1", Err("a dot segment in the path"));
        check(
            "/api%2fv1",
            Err("an escaped dot, slash or backslash in the path"),
        );
        check(
            "/api/%2E%2e/v1",
            Err("an escaped dot, slash or backslash in the path"),
        );
        check(
            "/api%5Cv1",
            Err("an escaped dot, slash or backslash in the path"),
        );
        check("/api\\v1", Err("a backslash in the path"));
        check("/api%00", Err("an escaped control character in the path"));
        check(
            "/api%0d%0aX",
            Err("an escaped control character in the path"),
        );
        for plain in [
            "/%6cogin", "/%41", "/%7a", "/%30", "/a%2Db", "/a%5fb", "/%7Euser",
        ] {
            check(
                plain,
                Err("an escape that stands for a plain character in the path"),
            );
        }
        check("/api%4", Err("a broken escape in the path"));
        check("/api%zz", Err("a broken escape in the path"));
        check("/a b", Err("a control character or space in the path"));
    }

    #[test]
    fn a_fragment_is_found() {
        let check = |raw: &[u8], expected| {
            let header = RequestHeader::build("GET", b"/a?b=c", None).unwrap();
            assert_eq!(target_as_sent(&header, raw), expected);
        };
        check(b"", Ok(()));
        check(b"GET /a?b=c HTTP/1.1\r\n", Ok(()));
        check(b"\r\nGET /a?b=c HTTP/1.1\r\n", Ok(()));
        check(
            b"GET /a?b=c#d HTTP/1.1\r\n",
            Err("a fragment in the target"),
        );
        check(
            b"GET /a?b=d HTTP/1.1\r\n",
            Err("a target that is not what it was parsed as"),
        );
    }

    #[test]
    fn ambiguous_headers_are_found() {
        let header = |pairs: &[(&'static str, &str)]| {
            let mut header = RequestHeader::build("POST", b"/", None).unwrap();
            for (name, value) in pairs {
                header.append_header(*name, *value).unwrap();
            }
            header
        };
        let check = |pairs: &[(&'static str, &str)], raw: &[u8], expected| {
            assert_eq!(request(&header(pairs), raw), expected, "{pairs:?}");
        };
        let host = ("host", "a");
        check(&[host, ("content-length", "3")], b"", Ok(()));
        check(&[host, ("transfer-encoding", "Chunked")], b"", Ok(()));
        check(&[], b"", Err("no Host header"));
        check(&[host, host], b"", Err("two Host headers"));
        check(
            &[host, ("content-length", "3"), ("content-length", "3")],
            b"",
            Err("two Content-Length headers"),
        );
        check(
            &[host, ("content-length", "+3")],
            b"",
            Err("a Content-Length that is not a number"),
        );
        check(
            &[host, ("transfer-encoding", "gzip, chunked")],
            b"",
            Err("a transfer encoding other than chunked"),
        );
        check(
            &[host, ("transfer-encoding", "chunked")],
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\n",
            Err("both Content-Length and Transfer-Encoding"),
        );
        check(
            &[host],
            b"POST / HTTP/1.1\nhost: a\r\n",
            Err("a line feed without a carriage return"),
        );
    }
}
