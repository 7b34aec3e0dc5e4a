//! Bodies as they stream past: counted against the limit, noted for the recorder.
//!
//! After an upgrade there are no bodies any more, only bytes of another protocol.

use bytes::Bytes;
use pingora_core::{Error, ErrorType, Result};
use pingora_proxy::Session;

use crate::context::RequestContext;
use crate::refusal::Reason;
use crate::server::connection::Connection;
use crate::shared::Shared;

pub(super) fn request(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    piece: Option<&Bytes>,
    end: bool,
) -> Result<()> {
    if (end || session.was_upgraded())
        && let Some(connection) = Connection::of(session)
    {
        connection.line.body_read();
    }
    let (Some(piece), Some(id)) = (piece, ctx.route) else {
        return Ok(());
    };
    if session.was_upgraded() {
        return Ok(());
    }
    ctx.body_bytes += piece.len() as u64;
    if ctx.body_bytes > shared.routes.get(id).body_limit {
        shared
            .metrics
            .refusal(Some(id.index()), Reason::BodyTooLarge);
        // Refused, so not recorded.
        if let Some(pending) = ctx.pending.take() {
            pending.discard();
        }
        return Err(
            Error::explain(ErrorType::HTTPStatus(413), "request body too large").into_down(),
        );
    }
    if let Some(tap) = ctx.tap() {
        tap.request_piece(piece);
    }
    Ok(())
}

pub(super) fn response(session: &Session, ctx: &mut RequestContext, piece: Option<&Bytes>) {
    if session.was_upgraded() {
        return;
    }
    if let (Some(tap), Some(piece)) = (ctx.tap(), piece) {
        tap.response_piece(piece);
    }
}
