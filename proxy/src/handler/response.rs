//! The answer's head on its way to the client: upstream identity hidden, id and mode added.
//!
//! What is recorded is what the application said, without our additions.

use bytes::BytesMut;
use pingora_core::protocols::http::date::get_cached_date;

use super::client::Client;
use super::request::Nominated;
use crate::config::Gate;
use crate::exchange::Exchange;
use crate::http1::body::Framing;
use crate::http1::head::Response;
use crate::http1::write;

/// Writes the head of the upstream's final answer.
pub(super) fn write_head(
    client: &mut Client,
    exchange: &Exchange<'_>,
    response: &Response,
    framing: Framing,
) {
    let open = matches!(framing, Framing::Chunked | Framing::UntilClose);
    if open && client.is_old {
        // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
        client.keep_alive(false);
    }
    client.chunked = open && !client.is_old;
    let connection = client.connection();
    let chunked = client.chunked;
    let out = &mut client.wire.output;
    write::status_line(out, response.status, response.reason());
    write_fields(out, response);
    if chunked {
        write::field(out, (b"Transfer-Encoding", b"chunked"));
    }
    if !response.fields.has("date") {
        write::field(out, (b"Date", get_cached_date().as_bytes()));
    }
    write_ours(out, exchange);
    write::field(out, (b"Connection", connection));
    write::head_end(out);
}

/// Writes the head that turns the connection over to another protocol.
pub(super) fn write_upgrade(out: &mut BytesMut, exchange: &Exchange<'_>, response: &Response) {
    write::status_line(out, response.status, response.reason());
    write_fields(out, response);
    write_ours(out, exchange);
    write::field(out, (b"Connection", b"Upgrade"));
    write::field(out, (b"Upgrade", b"websocket"));
    write::head_end(out);
}

/// Writes a head that comes before the answer, such as 103.
pub(super) fn write_informational(out: &mut BytesMut, response: &Response) {
    write::status_line(out, response.status, response.reason());
    write_fields(out, response);
    write::head_end(out);
}

/// What every answer says: its id, and whether it came through the load-test gate.
pub(super) fn write_ours(out: &mut BytesMut, exchange: &Exchange<'_>) {
    write::field(out, (b"X-Request-ID", exchange.id.as_bytes()));
    write_mode(out, exchange);
}

/// Tells the client that it came through the load-test gate.
pub(super) fn write_mode(out: &mut BytesMut, exchange: &Exchange<'_>) {
    if exchange
        .route()
        .is_some_and(|route| route.gate != Gate::None)
    {
        write::field(out, (b"X-Load-Test-Mode", b"active"));
    }
}

fn write_fields(out: &mut BytesMut, response: &Response) {
    let nominated = Nominated::of(&response.fields);
    // These have no body to be told the length of (RFC 9110 §8.6).
    let empty = matches!(response.status, 100..=199 | 204);
    for (name, value) in response.fields.iter() {
        let is_length = || name.eq_ignore_ascii_case(b"content-length");
        if goes_on(name) && !nominated.has(name) && !(empty && is_length()) {
            write::field(out, (name, value));
        }
    }
}

/// Whether a field of the upstream's is for the client: not what is for this hop only, nor what
/// says who the upstream is, nor what we say ourselves.
pub(crate) fn goes_on(name: &[u8]) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    match name.first().map(u8::to_ascii_lowercase) {
        Some(b'c') => !is("connection"),
        Some(b'k') => !is("keep-alive"),
        Some(b'p') => !is("proxy-connection"),
        Some(b's') => !is("server"),
        Some(b't') => !is("te") && !is("trailer") && !is("transfer-encoding"),
        Some(b'u') => !is("upgrade"),
        Some(b'x') => !is("x-powered-by") && !is("x-request-id") && !is("x-load-test-mode"),
        _ => true,
    }
}
