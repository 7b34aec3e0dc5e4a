//! A request that could not be brought to its end: 502, 504, 408, or a body that grew too long.
//!
//! Where the answer had begun, nothing more can be said: the connection is closed.

use http::StatusCode;
use serde_json::json;

use super::answer;
use super::client::{Client, ClientGone};
use crate::exchange::Exchange;
use crate::metrics::UpstreamError;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Why a request did not come to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is nobody left to tell.
    ClientGone,
    /// What came of the body is not to be forwarded.
    Refused(Refusal),
    /// The server did not answer, or broke off.
    Upstream(UpstreamError),
}

impl From<ClientGone> for Failure {
    fn from(_gone: ClientGone) -> Self {
        Self::ClientGone
    }
}

/// Tells the client, if it can be told.
pub(super) async fn answer(
    shared: &Shared,
    client: &mut Client,
    exchange: &mut Exchange<'_>,
    failure: Failure,
) -> Result<(), Failure> {
    if let Failure::Upstream(kind) = failure {
        log(exchange, kind);
    }
    if client.has_answer {
        return Err(failure);
    }
    let (status, words) = match failure {
        Failure::ClientGone => return Err(failure),
        Failure::Refused(refusal) => {
            // Refused, so not recorded.
            if let Some(pending) = exchange.pending.take() {
                pending.discard();
            }
            return answer::refuse(shared, client, exchange, &refusal).await;
        }
        Failure::Upstream(UpstreamError::Timeout) => {
            (StatusCode::GATEWAY_TIMEOUT, "upstream timed out")
        }
        Failure::Upstream(_) => (StatusCode::BAD_GATEWAY, "upstream unavailable"),
    };
    if !client.body.is_done() {
        client.keep_alive(false);
    }
    let body = json!({"error": words, "request_id": exchange.id});
    let fields = answer::mode(exchange);
    answer::send(client, exchange, status, &fields, &body).await?;
    Ok(())
}

/// Only names from the configuration and fixed words: what was sent is nobody's business.
fn log(exchange: &Exchange<'_>, kind: UpstreamError) {
    let route = exchange.route();
    let upstream = exchange.upstream();
    let server = exchange
        .lease
        .as_ref()
        .map(|lease| lease.server.label.as_str());
    tracing::warn!(
        route = route.map(|route| route.name.as_str()),
        upstream = upstream.map(|upstream| upstream.name.as_str()),
        server,
        kind = kind.label(),
        request_id = &*exchange.id,
        "upstream failed"
    );
}
