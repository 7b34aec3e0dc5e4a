//! The answer's head on its way to the client: upstream identity hidden, id and mode added.
//!
//! What is recorded is what the application said, without our additions.

use http::header::SERVER;
use http::{HeaderName, StatusCode};
use pingora_core::Result;
use pingora_http::ResponseHeader;

use crate::config::Gate;
use crate::context::RequestContext;
use crate::shared::Shared;

const POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");

pub(super) fn header(
    shared: &Shared,
    ctx: &mut RequestContext,
    header: &mut ResponseHeader,
) -> Result<()> {
    let interim = header.status.is_informational();
    if interim && header.status != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(());
    }
    ctx.first_byte = Some(shared.clock.now());
    if let Some(lease) = &ctx.lease {
        lease.server.health.answered();
    }
    drop(header.remove_header(&SERVER));
    drop(header.remove_header(&POWERED_BY));
    if let Some(tap) = &mut ctx.tap {
        tap.response(header);
    }
    if let Some(id) = &ctx.request_id {
        header.insert_header("X-Request-ID", id)?;
    }
    mode(shared, ctx, header)
}

/// Tells the client that it came through the load-test gate.
pub(super) fn mode(
    shared: &Shared,
    ctx: &RequestContext,
    header: &mut ResponseHeader,
) -> Result<()> {
    match ctx.route {
        Some(id) if shared.routes.get(id).gate != Gate::None => {
            header.insert_header("X-Load-Test-Mode", "active")
        }
        _ => Ok(()),
    }
}
