//! Towards a server: which one, what if it cannot be reached, what if it breaks.
//!
//! Failures are counted by kind and held against the server.

use std::os::fd::RawFd;
use std::time::Duration;

use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::Session;

use crate::context::RequestContext;
use crate::metrics::UpstreamError;
use crate::route::Route;
use crate::shared::Shared;
use crate::upstream::retry::{Failed, Trouble};

pub(super) fn peer(shared: &Shared, ctx: &mut RequestContext) -> Result<Box<HttpPeer>> {
    let Some(id) = ctx.route else {
        return Err(Error::explain(
            ErrorType::InternalError,
            "a request without a route",
        ));
    };
    let upstream = &shared.upstreams[shared.routes.get(id).upstream];
    // The old lease goes first, so that it does not weigh on the choice.
    ctx.lease = None;
    let lease = upstream.take(ctx.client, shared.clock.now(), &ctx.tried);
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
    if let Some(route) = route(shared, ctx) {
        ctx.last_use = shared.is_last_use(route.upstream, descriptor, reused);
    }
}

/// Nothing was sent yet, so any request may go to another server.
pub(super) fn unreachable(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    mut error: Box<Error>,
) -> Box<Error> {
    let kind = if is_timeout(error.etype()) {
        UpstreamError::Timeout
    } else {
        UpstreamError::Connect
    };
    note_failure(shared, ctx, kind);
    error.set_retry(again(shared, session, ctx, Trouble::Unreached));
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
    if again(shared, session, ctx, Trouble::Stale) {
        error.retry.decide_reuse(reused);
    } else {
        error.set_retry(false);
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

fn again(shared: &Shared, session: &Session, ctx: &RequestContext, trouble: Trouble) -> bool {
    let Some(route) = route(shared, ctx) else {
        return false;
    };
    let upstream = &shared.upstreams[route.upstream];
    let now = shared.clock.now();
    upstream.retry.again(&Failed {
        method: &session.req_header().method,
        trouble,
        replayable: !session.as_ref().retry_buffer_truncated(),
        answering: false,
        tries: ctx.attempts,
        elapsed: Duration::from_nanos(now.nanos_since(ctx.started)),
        others: upstream.has_untried(&ctx.tried, now),
    })
}

pub(super) const fn is_timeout(error: &ErrorType) -> bool {
    matches!(
        error,
        ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout
    )
}

fn note_failure(shared: &Shared, ctx: &mut RequestContext, kind: UpstreamError) {
    if let Some(route) = route(shared, ctx) {
        shared.metrics.upstream_error(route.upstream, kind);
    }
    if let Some(lease) = &ctx.lease {
        lease.failed(shared.clock.now());
        ctx.tried.add(lease.index);
    }
}

fn route<'s>(shared: &'s Shared, ctx: &RequestContext) -> Option<&'s Route> {
    ctx.route.map(|id| shared.routes.get(id))
}
