//! Forwarding: servers are tried until one answers, as far as that is safe.

use bytes::BytesMut;

use super::Handler;
use super::client::Client;
use super::failure::{self, Failure};
use crate::exchange::Exchange;

/// Servers that are tried for one request: nginx's `proxy_next_upstream_tries` of the facts.
const ATTEMPTS: u32 = 3;

/// Bytes of a request's body that are kept in case it has to be sent again.
const REPLAY: usize = 64 * 1024;

/// What has been sent of a request's body, for as long as it can be sent again.
pub(super) struct Replay {
    kept: Option<BytesMut>,
}

impl Replay {
    pub(super) fn push(&mut self, data: &[u8]) {
        if let Some(kept) = &mut self.kept {
            if kept.len() + data.len() > REPLAY {
                self.kept = None;
            } else {
                kept.extend_from_slice(data);
            }
        }
    }

    pub(super) fn sent(&self) -> &[u8] {
        self.kept.as_deref().unwrap_or_default()
    }
}

/// A failed attempt.
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// How far the request had come.
    pub(super) reach: Reach,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There was no connection.
    Nowhere,
    /// It was sent by a connection that may have been closed before.
    OldConnection,
    /// It was sent.
    Server,
}

impl Handler {
    /// Brings a request to a server, and the answer to the client.
    pub(super) async fn forward(
        &self,
        client: &mut Client,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), Failure> {
        let mut replay = Replay {
            kept: Some(BytesMut::new()),
        };
        loop {
            let failed = match self.attempt(client, exchange, &mut replay).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let again =
                !client.has_answer && replay.kept.is_some() && self.may_go_again(exchange, &failed);
            if !again {
                return failure::answer(&self.shared, client, exchange, failed.failure).await;
            }
        }
    }

    /// Whether a request may be sent again; a server that failed is noted.
    fn may_go_again(&self, exchange: &mut Exchange<'_>, failed: &Failed) -> bool {
        let Failure::Upstream(kind) = failed.failure else {
            return false;
        };
        let idempotent = exchange.request.is_idempotent();
        let left = exchange.attempts < ATTEMPTS;
        if failed.reach == Reach::OldConnection && idempotent && left {
            // Most likely it was closed while idle: that is no failure of the server's.
            return true;
        }
        let (Some(route), Some(lease)) = (exchange.route(), &exchange.lease) else {
            return false;
        };
        let now = self.shared.clock.now();
        let upstream = &exchange.edge.upstreams[route.upstream];
        exchange.edge.meters.upstream_error(route.upstream, kind);
        lease.server.health.failed(now);
        let other = upstream.has_other(lease.index, now);
        exchange.failed = Some(lease.index);
        left && other && (idempotent || failed.reach == Reach::Nowhere)
    }
}
