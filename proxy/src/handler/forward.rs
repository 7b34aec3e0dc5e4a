//! Forwarding: servers are tried until one answers, as far as that is safe.

use std::time::Duration;

use bytes::BytesMut;

use super::Handler;
use super::client::Client;
use super::failure::{self, Failure};
use crate::exchange::Exchange;
use crate::http1::head::Request;
use crate::metrics::UpstreamError;
use crate::route::Route;
use crate::upstream::retry::{self, Trouble};

/// Bytes of a request's body that are kept in case it has to be sent again.
const REPLAY: usize = 64 * 1024;

/// What has been sent of a request's body, for as long as it can be sent again.
pub(super) struct Replay {
    sent: BytesMut,
    /// Bytes that are kept.
    most: usize,
    /// Whether more than that was sent.
    lost: bool,
}

impl Replay {
    fn of(request: &Request) -> Self {
        Self {
            sent: BytesMut::new(),
            most: if request.is_idempotent() { REPLAY } else { 0 },
            lost: false,
        }
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        if self.lost {
            return;
        }
        if self.sent.len() + data.len() > self.most {
            self.lost = true;
            self.sent = BytesMut::new();
        } else {
            self.sent.extend_from_slice(data);
        }
    }

    pub(super) fn sent(&self) -> &[u8] {
        &self.sent
    }
}

/// A failed attempt.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) trouble: Trouble,
}

impl Handler {
    /// Brings a request to a server, and the answer to the client.
    pub(super) async fn forward(
        &self,
        client: &mut Client,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), Failure> {
        let mut replay = Replay::of(&exchange.request);
        loop {
            let failed = match self.attempt(client, exchange, &mut replay).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let Failure::Upstream(kind) = failed.failure else {
                return failure::answer(&self.shared, client, exchange, failed.failure).await;
            };
            // An answer was given up only because it may.
            let again = matches!(failed.trouble, Trouble::Status(_))
                || may_go_again(exchange, client, &replay, failed.trouble);
            note(exchange, kind, failed.trouble);
            if !again {
                return failure::answer(&self.shared, client, exchange, failed.failure).await;
            }
        }
    }
}

/// Whether a request that met with trouble may go to a server once more.
pub(super) fn may_go_again(
    exchange: &Exchange<'_>,
    client: &Client,
    replay: &Replay,
    trouble: Trouble,
) -> bool {
    let (Some(upstream), Some(lease)) = (exchange.upstream(), &exchange.lease) else {
        return false;
    };
    let now = exchange.clock().now();
    let mut tried = exchange.tried;
    tried.add(lease.index);
    upstream.retry.again(&retry::Failed {
        idempotent: exchange.request.is_idempotent(),
        trouble,
        replayable: !replay.lost,
        answering: client.has_answer,
        tries: exchange.tries,
        elapsed: Duration::from_nanos(now.nanos_since(exchange.started)),
        others: upstream.has_untried(&tried, now),
    })
}

/// Holds a failure against the server.
fn note(exchange: &mut Exchange<'_>, kind: UpstreamError, trouble: Trouble) {
    if trouble == Trouble::Stale {
        // Most likely it was closed while idle: that is no failure of the server's.
        exchange.anew = true;
        return;
    }
    let upstream = exchange.route().and_then(Route::upstream);
    let (Some(upstream), Some(lease)) = (upstream, &exchange.lease) else {
        return;
    };
    exchange.edge.meters.upstream_error(upstream, kind);
    lease.failed(exchange.clock().now());
    let index = lease.index;
    exchange.tried.add(index);
}
