//! The end of every request: counted, and handed to the recorder.
//!
//! Called once, whatever happened before.

use std::time::Duration;

use pingora_core::Error;
use pingora_proxy::Session;

use crate::context::RequestContext;
use crate::shared::Shared;

pub(super) fn finish(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    error: Option<&Error>,
) {
    let total = shared.clock.now().nanos_since(ctx.started);
    let status = session
        .response_written()
        .map_or(0, |header| header.status.as_u16());
    let route = ctx.route.map(|id| id.index());
    shared
        .metrics
        .request(route, status, Duration::from_nanos(total));
    let (Some(mut tap), Some(intake)) = (ctx.tap.take(), shared.intake.as_ref()) else {
        return;
    };
    let first_byte = ctx
        .first_byte
        .map_or(total, |at| at.nanos_since(ctx.started));
    let aborted = error.is_some() && ctx.answered.is_none();
    tap.finish(
        Duration::from_nanos(first_byte),
        Duration::from_nanos(total),
        aborted,
    );
    intake.offer(tap);
}
