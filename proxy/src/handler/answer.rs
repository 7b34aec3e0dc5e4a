//! Answers that the proxy gives itself: JSON, with the request's id.
//!
//! Everything that is not forwarded ends here.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use pingora_core::Result;
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use serde_json::Value;

use crate::context::RequestContext;
use crate::refusal::{Refusal, Waiting};

/// Answers a request that is not forwarded.
pub(super) async fn refuse(
    session: &mut Session,
    ctx: &mut RequestContext,
    refusal: &Refusal,
) -> Result<()> {
    ctx.refusal = Some(refusal.reason().label());
    if refusal.closes() {
        session.set_keepalive(None);
    }
    let mut header = header(ctx, refusal.status())?;
    if let Some(waiting) = refusal.waiting() {
        insert_waiting(&mut header, &waiting)?;
    }
    send(session, ctx, header, &refusal.body()).await
}

/// The head of an answer, without its length.
pub(super) fn header(ctx: &RequestContext, status: StatusCode) -> Result<ResponseHeader> {
    let mut header = ResponseHeader::build(status, Some(8))?;
    header.insert_header(CONTENT_TYPE, "application/json")?;
    if let Some(id) = &ctx.request_id {
        header.insert_header("X-Request-ID", id)?;
    }
    Ok(header)
}

pub(super) async fn send(
    session: &mut Session,
    ctx: &mut RequestContext,
    mut header: ResponseHeader,
    body: &Value,
) -> Result<()> {
    let body = bytes::Bytes::from(body.to_string());
    header.insert_header(CONTENT_LENGTH, body.len())?;
    ctx.answered = Some(header.status.as_u16());
    if let Some(tap) = ctx.tap() {
        tap.response(&header);
        tap.response_piece(&body);
    }
    let no_body = session.req_header().method == http::Method::HEAD;
    session
        .write_response_header(Box::new(header), no_body)
        .await?;
    if no_body {
        return Ok(());
    }
    session.write_response_body(Some(body), true).await
}

fn insert_waiting(header: &mut ResponseHeader, waiting: &Waiting) -> Result<()> {
    header.insert_header("Retry-After", waiting.retry_after)?;
    header.insert_header("RateLimit-Policy", waiting.policy.as_str())?;
    header.insert_header("RateLimit", waiting.limit.as_str())
}
