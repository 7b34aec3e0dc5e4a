//! The answer's head on its way to the client: upstream identity hidden, id and mode added.
//!
//! What is recorded is what the application said, without our additions.

use http::header::{CONNECTION, CONTENT_LENGTH, SERVER, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, StatusCode, Version};
use pingora_core::Result;
use pingora_http::ResponseHeader;
use pingora_proxy::Session;

use crate::config::Gate;
use crate::context::RequestContext;
use crate::shared::Shared;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");

pub(super) fn header(
    shared: &Shared,
    ctx: &mut RequestContext,
    header: &mut ResponseHeader,
) -> Result<()> {
    if header.status != StatusCode::SWITCHING_PROTOCOLS {
        strip_hop_by_hop(header);
    }
    if !is_final(header.status) {
        return Ok(());
    }
    ctx.first_byte = Some(shared.clock.now());
    if let Some(lease) = &ctx.lease {
        lease.answered();
    }
    drop(header.remove_header(&SERVER));
    drop(header.remove_header(&POWERED_BY));
    if let Some(tap) = ctx.tap() {
        tap.response(header);
    }
    if let Some(id) = &ctx.request_id {
        header.insert_header("X-Request-ID", id)?;
    }
    mode(shared, ctx, header)
}

/// The answer's head as it leaves, once pingora has decided how its end is told.
pub(super) fn leaving(session: &mut Session, header: &mut ResponseHeader) {
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
    let old = session.req_header().version < Version::HTTP_11;
    if old && header.remove_header(&TRANSFER_ENCODING).is_some() {
        session.set_keepalive(None);
    }
}

/// Whether a status is the answer, not one that says that it will come.
pub(super) fn is_final(status: StatusCode) -> bool {
    !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS
}

/// Removes what the server said to its next hop only (RFC 9110 §7.6.1).
fn strip_hop_by_hop(header: &mut ResponseHeader) {
    let named: Vec<_> = header
        .headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        // A server cannot take the framing away.
        .filter(|name| *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING)
        .collect();
    for name in named
        .iter()
        .chain(&[KEEP_ALIVE, PROXY_CONNECTION, TE, UPGRADE])
    {
        drop(header.remove_header(name));
    }
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
