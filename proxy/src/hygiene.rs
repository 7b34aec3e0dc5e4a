//! Finds requests that two parsers could read differently, though each would take them.
//!
//! Such a request is refused and its connection closed: what this proxy matches, limits and
//! records has to be what the backend acts on. The parser itself refuses what is no HTTP, and
//! `http1::body` what has two lengths.

use crate::http1::head::{Request, Version};

/// Checks a request.
pub(crate) fn request(request: &Request) -> Result<(), &'static str> {
    method(request.method())?;
    path(request.path())?;
    if request.target().contains(&b'#') {
        return Err("a fragment in the target");
    }
    host(request)?;
    if request.fields.all("authorization").nth(1).is_some() {
        return Err("two Authorization headers");
    }
    Ok(())
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

/// Methods are compared as sent, but not by every server; what is in upper case cannot be mistaken.
/// A body that follows `get`, or none that follows `head`, would be.
fn method(method: &[u8]) -> Result<(), &'static str> {
    const LONGEST: usize = 32;
    let plain = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
    if method.len() <= LONGEST && method.iter().all(plain) {
        Ok(())
    } else {
        Err("a method that is too long or not in upper case")
    }
}

fn host(request: &Request) -> Result<(), &'static str> {
    let mut hosts = request.fields.all("host");
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err("two Host headers"),
        (Some(host), None) if !host.iter().all(|byte| is_host(*byte)) => {
            Err("a Host that is not a name and port")
        }
        (None, _) if request.version == Version::Http11 => Err("no Host header"),
        _ => Ok(()),
    }
}

/// What a name, an address and a port are made of (RFC 3986 §3.2): no user, no path, no list.
const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::http1::head::Search;

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
    fn ambiguous_headers_are_found() {
        let check = |text: &str, expected| {
            let mut buffer = BytesMut::from(&*format!("{text}\r\n\r\n"));
            let request = Request::take(&mut buffer, &mut Search::default());
            assert_eq!(
                super::request(&request.unwrap().unwrap()),
                expected,
                "{text}"
            );
        };
        check("GET / HTTP/1.1\r\nHost: a", Ok(()));
        check("GET / HTTP/1.0", Ok(()));
        for host in ["", "[::1]:8080", "a_b.staging.test:80", "127.0.0.1"] {
            check(&format!("GET / HTTP/1.1\r\nHost: {host}"), Ok(()));
        }
        for host in [
            "a b", "a/b", "user@a", "a,b", "a?b", "a\tb", "a\\b", "\u{e9}", "a#b", "%61",
        ] {
            check(
                &format!("GET / HTTP/1.1\r\nHost: {host}"),
                Err("a Host that is not a name and port"),
            );
        }
        check("GET / HTTP/1.1\r\nX: a", Err("no Host header"));
        check(
            "GET / HTTP/1.1\r\nHost: a\r\nhost: a",
            Err("two Host headers"),
        );
        check(
            "GET /a?b#c HTTP/1.1\r\nHost: a",
            Err("a fragment in the target"),
        );
        check(
            "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
            Err("two Authorization headers"),
        );
    }

    /// The path as a backend may come to see it: without `;x`, unescaped once, in lower case.
    fn seen_by_others(path: &str) -> Vec<u8> {
        let segments = path.split('/').map(|s| s.split(';').next().unwrap());
        let segments = segments.map(|segment| {
            let mut parts = segment.split('%');
            let mut seen = parts.next().unwrap().as_bytes().to_vec();
            for part in parts {
                seen.push(u8::from_str_radix(&part[..2], 16).unwrap());
                seen.extend_from_slice(&part.as_bytes()[2..]);
            }
            seen
        });
        segments
            .collect::<Vec<_>>()
            .join(&b'/')
            .to_ascii_lowercase()
    }

    proptest! {
        /// What passes has the same segments to everyone, and none that leads elsewhere.
        #[test]
        fn a_path_that_passes_leads_where_it_says(
            parts in prop::collection::vec(
                prop::sample::select(&[
                    "/", "/api", "api", "loadtest", "LoadTest", ".", "..", ";", ";x", "%2f", "%2F",
                    "%2e", "%252f", "%6c", "%3b", "%5c", "\\", "%", "%0", "%00", "%c3%a9", "?", "#",
                ][..]),
                0..8,
            ),
        ) {
            let path = ["/", &parts.concat()].concat();
            if super::path(path.as_bytes()).is_ok() {
                let seen = seen_by_others(&path);
                let mut segments = seen.split(|byte| *byte == b'/').skip(1);
                prop_assert!(segments.all(|segment| segment != b"." && segment != b".."), "{path}");
                let slashes = |path: &[u8]| path.iter().filter(|byte| **byte == b'/').count();
                prop_assert_eq!(slashes(&seen), slashes(path.as_bytes()), "{}", path);
                if seen.starts_with(b"/api/loadtest/") {
                    prop_assert!(crate::route::is_reserved(path.as_bytes()), "{path}");
                }
            }
        }

        #[test]
        fn no_path_breaks_it(path in prop::collection::vec(any::<u8>(), 0..40)) {
            let _verdict = super::path(&path);
        }
    }
}
