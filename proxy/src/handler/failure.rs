//! A request that could not be brought to its end: 502, 504, or a body that grew too long.
//!
//! Where the answer had begun, nothing more can be said: the connection is closed.

use http::StatusCode;
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::{FailToProxy, Session};
use serde_json::json;

use super::{answer, response, upstream};
use crate::context::RequestContext;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::shared::Shared;

pub(super) async fn answer(
    shared: &Shared,
    session: &mut Session,
    ctx: &mut RequestContext,
    error: &Error,
) -> FailToProxy {
    log(shared, ctx, error);
    session.set_keepalive(None);
    let begun = session
        .response_written()
        .is_some_and(|header| response::is_final(header.status));
    if !begun && let Some(status) = status(error) {
        // A client that is gone needs no answer.
        drop(write(shared, session, ctx, status).await);
    }
    FailToProxy {
        error_code: ctx.answered.unwrap_or(0),
        can_reuse_downstream: false,
    }
}

/// None when there is nobody left to tell.
fn status(error: &Error) -> Option<StatusCode> {
    match (error.etype(), error.esource()) {
        (ErrorType::HTTPStatus(code), _) => StatusCode::from_u16(*code).ok(),
        (kind, ErrorSource::Upstream) if upstream::is_timeout(kind) => {
            Some(StatusCode::GATEWAY_TIMEOUT)
        }
        (_, ErrorSource::Upstream) => Some(StatusCode::BAD_GATEWAY),
        (
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed,
            ErrorSource::Downstream,
        ) => None,
        (ErrorType::ReadTimedout, ErrorSource::Downstream) => Some(StatusCode::REQUEST_TIMEOUT),
        (_, ErrorSource::Downstream) => Some(StatusCode::BAD_REQUEST),
        _ => Some(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn write(
    shared: &Shared,
    session: &mut Session,
    ctx: &mut RequestContext,
    status: StatusCode,
) -> Result<()> {
    if let (StatusCode::PAYLOAD_TOO_LARGE, Some(id)) = (status, ctx.route) {
        let refusal = Refusal::BodyTooLarge(shared.routes.get(id).body_limit);
        return answer::refuse(session, ctx, &refusal).await;
    }
    let mut header = answer::header(ctx, status)?;
    response::mode(shared, ctx, &mut header)?;
    let id = ctx.request_id.as_ref().and_then(|id| id.to_str().ok());
    let body = json!({"error": words(status), "request_id": id});
    answer::send(session, ctx, header, &body).await
}

const fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_GATEWAY => "upstream unavailable",
        StatusCode::BAD_REQUEST => "malformed request",
        StatusCode::GATEWAY_TIMEOUT => "upstream timed out",
        StatusCode::REQUEST_TIMEOUT => "request timed out",
        _ => "internal error",
    }
}

/// Only names from the configuration and pingora's words for the kind: its messages may quote
/// what was sent.
fn log(shared: &Shared, ctx: &RequestContext, error: &Error) {
    if *error.esource() != ErrorSource::Upstream {
        return;
    }
    let route = ctx.route.map(|id| shared.routes.get(id));
    tracing::warn!(
        route = route.map(|route| route.name.as_str()),
        upstream = route
            .and_then(Route::upstream)
            .map(|upstream| shared.upstreams[upstream].name.as_str()),
        server = ctx
            .lease
            .as_ref()
            .map(|lease| tracing::field::display(lease.server.address)),
        kind = error.etype().as_str(),
        request_id = ctx.request_id.as_ref().and_then(|id| id.to_str().ok()),
        "upstream failed"
    );
}
