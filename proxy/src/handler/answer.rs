//! Answers that the proxy gives itself: JSON, with the request's id.
//!
//! Everything that is not forwarded ends here.

use bytes::BytesMut;
use http::StatusCode;
use pingora_core::protocols::http::date::get_cached_date;
use serde_json::Value;

use super::client::{Client, ClientGone};
use super::{failure::Failure, response};
use crate::exchange::Exchange;
use crate::http1::write;
use crate::refusal::{Reason, Refusal};
use crate::shared::Shared;

/// What a refused method may be replaced by.
const METHODS: &[u8] = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Answers a request that is not forwarded.
pub(super) async fn refuse(
    shared: &Shared,
    client: &mut Client,
    exchange: &mut Exchange<'_>,
    refusal: &Refusal,
) -> Result<(), Failure> {
    let reason = refusal.reason();
    shared.metrics.refusal(reason);
    exchange.refusal = Some(reason);
    if matches!(reason, Reason::InFlight | Reason::Rate) {
        let route = exchange.route.map(|id| id.index());
        exchange.edge.meters.limited(route);
    }
    if refusal.closes() || !client.skip_body(&exchange.request) {
        client.keep_alive(false);
    }
    let mut fields = BytesMut::new();
    if *refusal == Refusal::Method {
        write::field(&mut fields, (b"Allow", METHODS));
    }
    if let Some(waiting) = refusal.waiting() {
        write::field(
            &mut fields,
            (b"Retry-After", waiting.retry_after.to_string().as_bytes()),
        );
        write::field(
            &mut fields,
            (b"RateLimit-Policy", waiting.policy.as_bytes()),
        );
        write::field(&mut fields, (b"RateLimit", waiting.limit.as_bytes()));
    }
    send(client, exchange, refusal.status(), &fields, &refusal.body())
        .await
        .map_err(|ClientGone| Failure::ClientGone)
}

/// Sends an answer with a JSON body; `fields` are whole lines.
pub(super) async fn send(
    client: &mut Client,
    exchange: &mut Exchange<'_>,
    status: StatusCode,
    fields: &[u8],
    body: &Value,
) -> Result<(), ClientGone> {
    let body = body.to_string();
    exchange.status = status.as_u16();
    exchange.answered_here = true;
    client.has_answer = true;
    let sent = match exchange.request.method() {
        b"HEAD" => &[],
        _ => body.as_bytes(),
    };
    if let Some(tap) = exchange.tap() {
        tap.answered_here(status.as_u16(), sent);
    }
    let connection = client.connection();
    let out = &mut client.wire.output;
    let reason = status.canonical_reason().unwrap_or_default();
    write::status_line(out, status.as_u16(), reason.as_bytes());
    write::field(out, (b"Content-Type", b"application/json"));
    out.extend_from_slice(b"Content-Length: ");
    write::number(out, body.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(fields);
    write::field(out, (b"Date", get_cached_date().as_bytes()));
    // A refused request has not come through the gate.
    write::field(out, (b"X-Request-ID", exchange.id.as_bytes()));
    write::field(out, (b"Connection", connection));
    write::head_end(out);
    out.extend_from_slice(sent);
    exchange.answer_bytes = sent.len() as u64;
    client.flush().await
}

/// Sends an answer without a body.
pub(super) async fn send_empty(
    client: &mut Client,
    exchange: &mut Exchange<'_>,
    status: StatusCode,
) -> Result<(), ClientGone> {
    exchange.status = status.as_u16();
    exchange.answered_here = true;
    client.has_answer = true;
    let connection = client.connection();
    let out = &mut client.wire.output;
    let reason = status.canonical_reason().unwrap_or_default();
    write::status_line(out, status.as_u16(), reason.as_bytes());
    if status != StatusCode::NO_CONTENT {
        write::field(out, (b"Content-Length", b"0"));
    }
    write::field(out, (b"Date", get_cached_date().as_bytes()));
    response::write_ours(out, exchange);
    write::field(out, (b"Connection", connection));
    write::head_end(out);
    client.flush().await
}

/// The mark of an answer to a request that did come through the gate.
pub(super) fn mode(exchange: &Exchange<'_>) -> BytesMut {
    let mut fields = BytesMut::new();
    response::write_mode(&mut fields, exchange);
    fields
}
