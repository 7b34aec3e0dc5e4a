//! Towards a server: which one, what if it cannot be reached, what if it breaks.
//!
//! Failures are counted by kind and held against the server.

use std::os::fd::RawFd;

use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::Session;

use crate::context::RequestContext;
use crate::metrics::UpstreamError;
use crate::shared::Shared;

/// Servers that are tried for one request: nginx's `proxy_next_upstream_tries` of the facts.
const ATTEMPTS: u32 = 3;

pub(super) fn peer(shared: &Shared, ctx: &mut RequestContext) -> Result<Box<HttpPeer>> {
    let found = ctx.route.map(|id| (id, shared.routes.get(id).upstream()));
    let Some((id, Some(upstream))) = found else {
        return Err(Error::explain(
            ErrorType::InternalError,
            "a request without an upstream",
        ));
    };
    let upstream = &shared.upstreams[upstream];
    // The old lease goes first, so that it does not weigh on the choice.
    ctx.lease = None;
    let lease = upstream.take(ctx.client, shared.clock.now(), ctx.failed);
    let peer = shared.peers[id.index()][lease.index].clone();
    ctx.lease = Some(lease);
    ctx.attempts += 1;
    Ok(Box::new(peer))
}

pub(super) fn connected(
    shared: &Shared,
    ctx: &mut RequestContext,
    descriptor: RawFd,
    reused: bool,
) {
    if let Some(upstream) = upstream(shared, ctx) {
        ctx.last_use = shared.is_last_use(upstream, descriptor, reused);
    }
}

/// Nothing was sent yet, so any request may go to another server.
pub(super) fn unreachable(
    shared: &Shared,
    ctx: &mut RequestContext,
    mut error: Box<Error>,
) -> Box<Error> {
    let kind = if is_timeout(error.etype()) {
        UpstreamError::Timeout
    } else {
        UpstreamError::Connect
    };
    note_failure(shared, ctx, kind);
    let now = shared.clock.now();
    let other = match (upstream(shared, ctx), ctx.failed) {
        (Some(upstream), Some(failed)) => shared.upstreams[upstream].has_other(failed, now),
        _ => false,
    };
    error.set_retry(other && ctx.attempts < ATTEMPTS);
    error
}

/// The request may have had an effect, so pingora's rule holds: again only when it is idempotent,
/// was sent over a kept connection, and its body is still there.
pub(super) fn broken(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    mut error: Box<Error>,
    reused: bool,
) -> Box<Error> {
    let idempotent = session.req_header().method.is_idempotent();
    if !idempotent || session.as_ref().retry_buffer_truncated() || ctx.attempts >= ATTEMPTS {
        error.set_retry(false);
    } else {
        error.retry.decide_reuse(reused);
    }
    if *error.esource() == ErrorSource::Upstream && !error.retry() {
        let kind = if is_timeout(error.etype()) {
            UpstreamError::Timeout
        } else {
            UpstreamError::Protocol
        };
        note_failure(shared, ctx, kind);
    }
    error
}

pub(super) const fn is_timeout(error: &ErrorType) -> bool {
    matches!(
        error,
        ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout
    )
}

fn note_failure(shared: &Shared, ctx: &mut RequestContext, kind: UpstreamError) {
    if let Some(upstream) = upstream(shared, ctx) {
        shared.metrics.upstream_error(upstream, kind);
    }
    if let Some(lease) = &ctx.lease {
        lease.server.health.failed(shared.clock.now());
        ctx.failed = Some(lease.index);
    }
}

fn upstream(shared: &Shared, ctx: &RequestContext) -> Option<usize> {
    shared.routes.get(ctx.route?).upstream()
}
