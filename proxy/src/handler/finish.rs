//! The end of every request: counted, and handed to the recorder.
//!
//! Called once, whatever happened before, unless the request was cut off at shutdown.

use std::time::Duration;

use crate::exchange::Exchange;
use crate::shared::Shared;

/// `whole` says whether the client got an answer to its end.
pub(super) fn finish(shared: &Shared, exchange: &mut Exchange<'_>, whole: bool) {
    let total = shared.clock.now().nanos_since(exchange.started);
    let route = exchange.route.map(|id| id.index());
    shared.metrics.requests.inc();
    exchange
        .edge
        .meters
        .request(route, exchange.status, Duration::from_nanos(total));
    let Some(pending) = exchange.pending.take() else {
        return;
    };
    let first_byte = exchange
        .first_byte
        .map_or(total, |at| at.nanos_since(exchange.started));
    pending.settle(
        Duration::from_nanos(first_byte),
        Duration::from_nanos(total),
        !whole,
    );
}
