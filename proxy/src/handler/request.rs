//! What of a request goes on to the upstream, and what is added to it.

use std::fmt::Write as _;

use bytes::BytesMut;

use crate::exchange::Exchange;
use crate::http1::body::{Body, Framing};
use crate::http1::fields::Fields;
use crate::http1::head::{Request, Version};
use crate::http1::write;
use crate::route::Route;

/// The id of a request: a trusted proxy's, else a fresh one. It is logged, so that it must not say
/// anything: only what looks random is kept, and never what a stranger sent.
pub(super) fn id(request: &Request, peer_trusted: bool) -> Box<str> {
    let sent = peer_trusted.then(|| request.fields.only("x-request-id"));
    sent.flatten()
        .filter(|id| looks_random(id))
        .and_then(|id| std::str::from_utf8(id).ok())
        .map_or_else(fresh_id, Box::from)
}

/// A UUID, or the 32 hex digits of nginx's `$request_id`.
fn looks_random(id: &[u8]) -> bool {
    match id.len() {
        32 => id.iter().all(u8::is_ascii_hexdigit),
        36 => id.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

pub(super) fn fresh_id() -> Box<str> {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    Box::from(&*id.hyphenated().encode_lower(&mut text))
}

/// Writes the head as the upstream gets it.
pub(super) fn write_head(
    out: &mut BytesMut,
    exchange: &Exchange<'_>,
    route: &Route,
    body: &Body,
    is_last: bool,
) {
    let request = &exchange.request;
    let target = request.target();
    let (rewritten, rest) = route.rewritten(target).unwrap_or((b"", target));
    write::request_line(out, request.method(), &[rewritten, rest]);
    let nominated = Nominated::of(&request.fields);
    for (name, value) in request.fields.iter() {
        if goes_on(name, route.tag) && !nominated.has(name) {
            write::field(out, (name, value));
        }
    }
    if let Some(host) = missing_host(exchange) {
        write::field(out, (b"Host", host));
    }
    if route.tag {
        write::field(out, (b"X-Load-Test", b"true"));
    }
    write_forwarded(out, exchange);
    if body.framing() == Framing::Chunked {
        write::field(out, (b"Transfer-Encoding", b"chunked"));
    }
    if request.asks_for_websocket() {
        write::field(out, (b"Connection", b"Upgrade"));
        write::field(out, (b"Upgrade", b"websocket"));
    } else if is_last {
        write::field(out, (b"Connection", b"close"));
    }
    write::head_end(out);
}

/// HTTP/1.0 needs no host, but 1.1, which the upstream is spoken to in, does (RFC 9112 §3.2). As
/// in nginx, it is the upstream's name then.
fn missing_host<'e>(exchange: &'e Exchange<'_>) -> Option<&'e [u8]> {
    let request = &exchange.request;
    if request.version == Version::Http11 || request.fields.has("host") {
        return None;
    }
    Some(exchange.upstream()?.name.as_bytes())
}

fn write_forwarded(out: &mut BytesMut, exchange: &Exchange<'_>) {
    let connection = exchange.connection;
    let fields = &exchange.request.fields;
    let peer = connection.peer_text.as_bytes();
    if exchange.client == connection.peer {
        write::field(out, (b"X-Real-IP", peer));
    } else {
        // Writing to a buffer cannot fail.
        let _written = write!(out, "X-Real-IP: {}\r\n", exchange.client);
    }
    out.extend_from_slice(b"X-Forwarded-For: ");
    for part in fields
        .all("x-forwarded-for")
        .filter(|part| !part.is_empty())
    {
        out.extend_from_slice(part);
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(peer);
    out.extend_from_slice(b"\r\n");
    // Who is in front of us knows how the client came; a stranger may say what it likes.
    let told = fields.only("x-forwarded-proto");
    let scheme = match told.filter(|_| exchange.peer_trusted) {
        Some(scheme) => scheme,
        None => connection.scheme.as_bytes(),
    };
    write::field(out, (b"X-Forwarded-Proto", scheme));
    write::field(out, (b"X-Forwarded-Port", connection.port.as_bytes()));
    write::field(out, (b"X-Request-ID", exchange.id.as_bytes()));
}

/// Whether a field of the client's goes on to the upstream.
fn goes_on(name: &[u8], tagged: bool) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    // Many backends read `_` as `-`, so that X_Real_IP would say the same as X-Real-IP: nginx
    // leaves such fields out as well.
    if name.contains(&b'_') {
        return false;
    }
    match name.first().map(u8::to_ascii_lowercase) {
        Some(b'c') => !is("connection"),
        Some(b'h') => !is("http2-settings"),
        Some(b'k') => !is("keep-alive"),
        Some(b'p') => !is("proxy-connection") && !is("proxy-authorization"),
        Some(b't') => !is("te") && !is("trailer") && !is("transfer-encoding"),
        Some(b'u') => !is("upgrade"),
        Some(b'x') if is_load_test_header(name) => tagged && is("x-load-test-run"),
        Some(b'x') => {
            !is("x-forwarded-for")
                && !is("x-forwarded-proto")
                && !is("x-forwarded-port")
                && !is("x-real-ip")
                && !is("x-request-id")
        }
        _ => true,
    }
}

/// Whether a header is one of ours. Only the gate makes a request a test; what the client says
/// about it counts for nothing. `_` counts as `-`, because many backends make both one.
pub(crate) fn is_load_test_header(name: &[u8]) -> bool {
    const PREFIX: &[u8] = b"x-load-test";
    name.len() >= PREFIX.len()
        && name
            .iter()
            .zip(PREFIX)
            .all(|(a, b)| a.eq_ignore_ascii_case(b) || (*a == b'_' && *b == b'-'))
}

/// The fields that `Connection` says are for the next hop only (RFC 9110 §7.6.1).
pub(super) struct Nominated<'f> {
    fields: Option<&'f Fields>,
}

impl<'f> Nominated<'f> {
    pub(super) fn of(fields: &'f Fields) -> Self {
        Self {
            fields: fields.has("connection").then_some(fields),
        }
    }

    /// Framing and what the request is for cannot be taken away.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        const NEVER: [&[u8]; 3] = [b"host", b"content-length", b"cookie"];
        self.fields.is_some_and(|fields| {
            fields
                .members("connection")
                .any(|member| member.eq_ignore_ascii_case(name))
                && !NEVER.iter().any(|kept| name.eq_ignore_ascii_case(kept))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_our_headers_is_ours() {
        for name in [
            "X-Load-Test",
            "x-load-test-key",
            "x_load_test_key",
            "X-Load_Test-Run",
        ] {
            assert!(is_load_test_header(name.as_bytes()), "{name}");
            assert!(!goes_on(name.as_bytes(), false), "{name}");
        }
        for name in ["x-load", "x-request-id", "load-test", "host"] {
            assert!(!is_load_test_header(name.as_bytes()), "{name}");
        }
        assert!(goes_on(b"X-Load-Test-Run", true));
        assert!(!goes_on(b"X-Load-Test-Key", true));
    }

    #[test]
    fn what_is_for_this_hop_stays_here() {
        for name in [
            "Connection",
            "TE",
            "Keep-Alive",
            "Transfer-Encoding",
            "X_Real_IP",
            "A_b",
        ] {
            assert!(!goes_on(name.as_bytes(), true), "{name}");
        }
        for name in [
            "Cookie",
            "Authorization",
            "Content-Length",
            "X-Team-ID",
            "Host",
            "Expect",
        ] {
            assert!(goes_on(name.as_bytes(), false), "{name}");
        }
    }
}
