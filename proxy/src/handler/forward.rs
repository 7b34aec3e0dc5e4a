//! The request as the upstream gets it: rewritten path, forwarded headers, load-test tag.
//!
//! Called once for each attempt, on a fresh copy of what the client sent.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderName, HeaderValue};
use pingora_core::Result;
use pingora_http::RequestHeader;
use pingora_proxy::Session;

use super::{is_load_test_header, request};
use crate::config::Gate;
use crate::context::RequestContext;
use crate::route::Route;
use crate::server::connection::Connection;
use crate::shared::Shared;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const RUN: HeaderName = HeaderName::from_static("x-load-test-run");

pub(super) fn request(
    shared: &Shared,
    session: &Session,
    ctx: &mut RequestContext,
    header: &mut RequestHeader,
) -> Result<()> {
    restart(ctx);
    if let Some(id) = ctx.route {
        let route = shared.routes.get(id);
        if let Some(target) = route.rewritten(header.raw_path()) {
            header.set_raw_path(&target)?;
        }
        tag(header, route)?;
    }
    forwarded(session, ctx, header)?;
    if let Some(id) = &ctx.request_id {
        header.insert_header("X-Request-ID", id)?;
    }
    if ctx.last_use && !header.headers.contains_key(UPGRADE) {
        header.insert_header(CONNECTION, "close")?;
    }
    Ok(())
}

/// The body is counted and noted anew with each attempt.
fn restart(ctx: &mut RequestContext) {
    ctx.body_bytes = 0;
    if let Some(tap) = ctx.tap() {
        tap.request_body = trace::raw::RawBody::default();
    }
}

/// Only the gate makes a request a test; what the client says about it counts for nothing.
fn tag(header: &mut RequestHeader, route: &Route) -> Result<()> {
    let gated = route.gate != Gate::None;
    let ours: Vec<_> = header
        .headers
        .keys()
        .filter(|name| is_load_test_header(name) && !(gated && **name == RUN))
        .cloned()
        .collect();
    for name in &ours {
        drop(header.remove_header(name));
    }
    if route.tag {
        header.insert_header("X-Load-Test", "true")?;
    }
    Ok(())
}

fn forwarded(session: &Session, ctx: &RequestContext, header: &mut RequestHeader) -> Result<()> {
    let peer = request::peer(session);
    header.insert_header("X-Real-IP", ctx.client.to_string())?;
    let chain = chain(header, &peer.to_string());
    header.insert_header("X-Forwarded-For", chain)?;
    // Who is in front of us knows how the client came; a stranger may say what it likes.
    if !(ctx.peer_trusted && header.headers.contains_key(&FORWARDED_PROTO)) {
        header.insert_header("X-Forwarded-Proto", "http")?;
    }
    if let Some(connection) = Connection::of(session) {
        header.insert_header("X-Forwarded-Port", &connection.port)?;
    }
    Ok(())
}

/// What the client sent, and the peer behind it.
fn chain(header: &RequestHeader, peer: &str) -> String {
    let mut chain = String::new();
    let sent = header.headers.get_all(&FORWARDED_FOR).iter();
    for part in sent.filter_map(|value: &HeaderValue| value.to_str().ok()) {
        chain.push_str(part);
        chain.push_str(", ");
    }
    chain.push_str(peer);
    chain
}
