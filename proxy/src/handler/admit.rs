//! What happens before anything is forwarded: who, where, whether, how much.

use std::time::Duration;

use super::request;
use crate::access::client;
use crate::exchange::Exchange;
use crate::gate::Visitor;
use crate::http1::body::Framing;
use crate::hygiene;
use crate::recorder::pending::Pending;
use crate::recorder::tap::{Origin, Tap};
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Lets a request pass, and says how long its body is.
pub(super) fn admit(shared: &Shared, exchange: &mut Exchange<'_>) -> Result<Framing, Refusal> {
    exchange.id = request::id(&exchange.request, exchange.peer_trusted);
    hygiene::request(&exchange.request).map_err(Refusal::Ambiguous)?;
    if matches!(exchange.request.method(), b"CONNECT" | b"TRACE") {
        return Err(Refusal::Method);
    }
    let framing = Framing::of_request(&exchange.request).map_err(Refusal::Ambiguous)?;
    let fields = &exchange.request.fields;
    let client = client::find(exchange.connection.peer, fields, &exchange.edge.trusted);
    exchange.client = client.address;
    let edge = &exchange.edge;
    let id = edge
        .routes
        .find(exchange.request.path())
        .ok_or(Refusal::NotFound)?;
    exchange.route = Some(id);
    let route = edge.routes.get(id);
    let visitor = Visitor {
        client,
        fields,
        now: exchange.started,
    };
    let admitted = edge.gate.admit(id, route, &visitor)?;
    if matches!(framing, Framing::Length(length) if length > route.body_limit) {
        return Err(Refusal::BodyTooLarge(route.body_limit));
    }
    exchange.key = admitted.key;
    exchange.place = admitted.place;
    exchange.pending = pending(shared, exchange);
    Ok(framing)
}

fn pending(shared: &Shared, exchange: &Exchange<'_>) -> Option<Pending> {
    if !exchange.route()?.record {
        return None;
    }
    let intake = shared.recorder.intake()?;
    let request = &exchange.request;
    if !intake.wants(request.method(), request.path()) {
        return None;
    }
    let origin = Origin {
        at: Duration::from_nanos(exchange.started.nanos_since(intake.started)),
        connection: exchange.connection.number,
        protocol: exchange.connection.protocol,
        client: exchange.client,
    };
    let tap = Tap::new(exchange.request.clone(), origin, intake.body_limit);
    Some(Pending::new(Box::new(tap), intake, exchange.started))
}
