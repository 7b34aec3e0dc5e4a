//! What happens before anything is forwarded: who, where, whether, how much.
//!
//! Ends with an answer of our own, or with a request that may pass.

use std::net::IpAddr;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue};
use pingora_core::Result;
use pingora_core::protocols::l4::socket::SocketAddr;
use pingora_proxy::Session;

use super::answer;
use crate::access::client;
use crate::context::RequestContext;
use crate::gate::Visitor;
use crate::hygiene;
use crate::recorder::pending::Pending;
use crate::recorder::tap::{Origin, Tap};
use crate::refusal::Refusal;
use crate::server::connection::Connection;
use crate::shared::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Seconds that a client connection may idle: nginx's 65.
const KEEPALIVE: u64 = 65;

/// True when the request has been answered.
pub(super) async fn filter(
    shared: &Shared,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<bool> {
    // pingora would keep an idle connection for ever once it carried a request.
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(KEEPALIVE));
    }
    ctx.client = peer(session);
    ctx.peer_trusted = shared.trusted.contains(ctx.client);
    ctx.request_id = Some(request_id(session, ctx.peer_trusted));
    match admit(shared, session, ctx) {
        Ok(()) => {
            ctx.pending = pending(shared, session, ctx);
            Ok(false)
        }
        Err(refusal) => {
            let route = ctx.route.map(|id| id.index());
            shared.metrics.refusal(route, refusal.reason());
            answer::refuse(session, ctx, &refusal).await?;
            Ok(true)
        }
    }
}

fn admit(shared: &Shared, session: &Session, ctx: &mut RequestContext) -> Result<(), Refusal> {
    let header = session.req_header();
    let http1 = session.as_http1();
    let raw = http1
        .map(|http1| http1.get_headers_raw_bytes())
        .unwrap_or_default();
    if raw.len() > hygiene::HEADER_LIMIT {
        return Err(Refusal::HeadersTooLarge);
    }
    hygiene::request(header, &raw).map_err(Refusal::Ambiguous)?;
    if Connection::of(session).is_some_and(|connection| connection.line.is_odd()) {
        return Err(Refusal::Ambiguous(
            "a space or control character in the target",
        ));
    }
    let client = client::find(peer(session), &header.headers, &shared.trusted);
    ctx.client = client.address;
    let id = shared
        .routes
        .find(header.raw_path())
        .ok_or(Refusal::NotFound)?;
    ctx.route = Some(id);
    let route = shared.routes.get(id);
    let visitor = Visitor {
        client,
        headers: &header.headers,
        now: ctx.started,
    };
    ctx.place = shared.gate.admit(id, route, &visitor)?;
    let length = header.headers.get(CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok()) {
        Some(length) if length > route.body_limit => Err(Refusal::BodyTooLarge(route.body_limit)),
        _ => Ok(()),
    }
}

pub(super) fn peer(session: &Session) -> IpAddr {
    match session.client_addr() {
        Some(SocketAddr::Inet(address)) => address.ip().to_canonical(),
        _ => IpAddr::from([0, 0, 0, 0]),
    }
}

/// A trusted proxy's id, else a fresh one. It is logged, so that it must not say anything: only
/// what looks random is kept, and never what a stranger sent.
fn request_id(session: &Session, peer_trusted: bool) -> HeaderValue {
    let mut ids = session.req_header().headers.get_all(&REQUEST_ID).iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) if peer_trusted && looks_random(id.as_bytes()) => id.clone(),
        _ => fresh_id(),
    }
}

/// A UUID, or the 32 hex digits of nginx's `$request_id`.
fn looks_random(id: &[u8]) -> bool {
    match id.len() {
        32 => id.iter().all(u8::is_ascii_hexdigit),
        36 => id.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

fn fresh_id() -> HeaderValue {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    let text = id.hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or_else(|_never| HeaderValue::from_static("none"))
}

fn pending(shared: &Shared, session: &Session, ctx: &RequestContext) -> Option<Pending> {
    if !shared.routes.get(ctx.route?).record {
        return None;
    }
    let intake = shared.recorder.intake()?;
    let origin = Origin {
        at: Duration::from_nanos(ctx.started.nanos_since(intake.started)),
        connection: Connection::of(session).map_or(0, |connection| connection.number),
        client: ctx.client,
    };
    let tap = Tap::new(session.req_header(), &origin, intake.body_limit);
    Some(Pending::new(Box::new(tap), intake, ctx.started))
}
