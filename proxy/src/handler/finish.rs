//! The end of every request: counted, and handed to the recorder.
//!
//! Called once, whatever happened before, unless the request was cut off at shutdown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pingora_core::Error;
use pingora_proxy::Session;

use super::response;
use crate::access_log::{Attempt, Entry};
use crate::config::Gate;
use crate::context::RequestContext;
use crate::server::connection::Connection;
use crate::shared::Shared;

pub(super) fn finish(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    error: Option<&Error>,
) {
    if let Some(connection) = Connection::of(session) {
        connection.line.begin();
    }
    let total = shared.clock.now().nanos_since(ctx.started);
    let status = session
        .response_written()
        .filter(|header| response::is_final(header.status))
        .map_or(0, |header| header.status.as_u16());
    let route = ctx.route.map(|id| id.index());
    shared
        .metrics
        .request(route, status, Duration::from_nanos(total));
    log(shared, session, ctx, status, Duration::from_nanos(total));
    let Some(pending) = ctx.pending.take() else {
        return;
    };
    let first_byte = ctx
        .first_byte
        .map_or(total, |at| at.nanos_since(ctx.started));
    let aborted = error.is_some() && ctx.answered.is_none();
    pending.settle(
        Duration::from_nanos(first_byte),
        Duration::from_nanos(total),
        aborted,
    );
}

fn log(shared: &Shared, session: &Session, ctx: &RequestContext, status: u16, took: Duration) {
    let header = session.req_header();
    let route = ctx.route.map(|id| shared.routes.get(id));
    let connection = Connection::of(session);
    let address = ctx.lease.as_ref().map(|it| it.server.address.to_string());
    let answered = ctx.first_byte;
    shared.access_log.note(&Entry {
        ended: ctx.started + took,
        took,
        client: ctx.client,
        method: header.method.as_str(),
        target: header.raw_path(),
        version: header.version,
        headers: &header.headers,
        request_id: ctx.request_id.as_ref(),
        route: route.map(|route| (route.name.as_str(), route.prefix())),
        status,
        body_bytes: session.body_bytes_sent() as u64,
        refusal: ctx.refusal,
        load_test: route.is_some_and(|route| route.gate != Gate::None),
        key: None,
        upstream: address.as_deref().map(|address| Attempt {
            address,
            status: answered.map(|_| status),
            connect: None,
            header: answered.map(|at| Duration::from_nanos(at.nanos_since(ctx.started))),
            response: answered.map(|_| took),
        }),
        tries: ctx.attempts,
        connection: connection.map_or(0, |it| it.number),
        connection_requests: connection
            .map_or(0, |it| it.requests.fetch_add(1, Ordering::Relaxed) + 1),
    });
}
