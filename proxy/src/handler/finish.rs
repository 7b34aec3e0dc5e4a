//! The end of every request: counted, logged, and handed to the recorder.
//!
//! Called once, whatever happened before, unless the request was cut off at shutdown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::access_log::{Attempt, Entry};
use crate::clock::Moment;
use crate::config::Gate;
use crate::exchange::Exchange;
use crate::http1::head::Version;
use crate::refusal::Reason;
use crate::server::connection::Protocol;
use crate::shared::Shared;

/// `whole` says whether the client got an answer to its end.
pub(super) fn finish(shared: &Shared, exchange: &mut Exchange<'_>, whole: bool) {
    let ended = shared.clock.now();
    let took = between(exchange.started, ended);
    let route = exchange.route.map(|id| id.index());
    shared.metrics.requests.inc();
    exchange.edge.meters.request(route, exchange.status, took);
    log(shared, exchange, ended);
    record(exchange, ended, whole);
}

/// Hands an exchange to the recorder, unless it was there already.
pub(super) fn record(exchange: &mut Exchange<'_>, ended: Moment, whole: bool) {
    if let Some(pending) = exchange.pending.take() {
        let first_byte = exchange.first_byte.unwrap_or(ended);
        let took = between(exchange.started, ended);
        pending.settle(between(exchange.started, first_byte), took, !whole);
    }
}

fn log(shared: &Shared, exchange: &Exchange<'_>, ended: Moment) {
    let (request, route) = (&exchange.request, exchange.route());
    let key = exchange.key;
    shared.access_log.note(&Entry {
        ended,
        took: between(exchange.started, ended),
        client: exchange.client,
        method: request.method(),
        target: request.target(),
        protocol: protocol(exchange),
        fields: &request.fields,
        request_id: &exchange.id,
        route: route.map(|route| (route.name.as_str(), &*route.prefix)),
        status: exchange.status,
        body_bytes: exchange.answer_bytes,
        refusal: exchange.refusal.map(Reason::label),
        load_test: route.is_some_and(|route| route.gate != Gate::None),
        key: key.and_then(|key| exchange.edge.gate.name_of(key)),
        upstream: attempt(exchange, ended),
        tries: exchange.tries,
        connection: exchange.connection.number,
        connection_requests: exchange.connection.requests.load(Ordering::Relaxed),
    });
}

fn attempt<'e>(exchange: &'e Exchange<'_>, ended: Moment) -> Option<Attempt<'e>> {
    let (lease, began) = (exchange.lease.as_ref()?, exchange.tried_at?);
    let answered = exchange.first_byte;
    Some(Attempt {
        address: &lease.server.label,
        status: answered.map(|_| exchange.status),
        connect: exchange.connected_at.map(|at| between(began, at)),
        header: answered.map(|at| between(began, at)),
        response: answered.map(|_| between(began, ended)),
    })
}

const fn protocol(exchange: &Exchange<'_>) -> &'static str {
    match (exchange.connection.protocol, exchange.request.version) {
        (Protocol::Http2, _) => "HTTP/2.0",
        (Protocol::Http1, Version::Http11) => "HTTP/1.1",
        (Protocol::Http1, Version::Http10) => "HTTP/1.0",
    }
}

fn between(earlier: Moment, later: Moment) -> Duration {
    Duration::from_nanos(later.nanos_since(earlier))
}
