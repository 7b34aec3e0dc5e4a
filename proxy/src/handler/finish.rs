//! The end of every request: counted, and handed to the recorder.
//!
//! Called once, whatever happened before, unless the request was cut off at shutdown.

use std::time::Duration;

use pingora_core::Error;
use pingora_proxy::Session;

use super::response;
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
