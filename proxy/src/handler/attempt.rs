//! One attempt: a server is chosen, a connection taken or made, the request sent.

use std::sync::Arc;

use bytes::BytesMut;
use pingora_core::ErrorType;

use super::client::Client;
use super::failure::Failure;
use super::forward::{Failed, Replay};
use super::relay::Relay;
use super::{Handler, request};
use crate::exchange::Exchange;
use crate::http1::body::{Body, Framing};
use crate::http1::connection::Connection;
use crate::http1::write;
use crate::metrics::UpstreamError;
use crate::upstream::pool::Lent;
use crate::upstream::retry::Trouble;

impl Handler {
    pub(super) async fn attempt(
        &self,
        client: &mut Client,
        exchange: &mut Exchange<'_>,
        replay: &mut Replay,
    ) -> Result<(), Failed> {
        let edge = Arc::clone(&exchange.edge);
        let Some(route) = exchange.route.map(|id| edge.routes.get(id)) else {
            return Ok(());
        };
        let connection = self.connection(exchange).await;
        let mut lent = connection.map_err(|kind| Failed {
            failure: Failure::Upstream(kind),
            trouble: Trouble::Unreached,
        })?;
        let out = &mut lent.connection.output;
        request::write_head(out, exchange, route, &client.body, lent.is_last);
        write_again(out, replay, &client.body);
        let shared = &*self.shared;
        let relay = Relay::new(
            shared,
            client,
            &mut lent.connection,
            exchange,
            replay,
            route,
        );
        match relay.run().await {
            Ok(reusable) => {
                if let Some(lease) = exchange.lease.as_ref().filter(|_| reusable) {
                    let now = self.shared.clock.now();
                    lease.server.pool.put(self.worker, lent, now);
                }
                Ok(())
            }
            Err(failure) => Err(Failed {
                trouble: trouble(&failure, &lent, exchange),
                failure,
            }),
        }
    }

    /// A connection to the server that is next.
    async fn connection(&self, exchange: &mut Exchange<'_>) -> Result<Lent, UpstreamError> {
        // The old lease goes first, so that it does not weigh on the choice.
        exchange.lease = None;
        let edge = Arc::clone(&exchange.edge);
        let route = exchange.route.ok_or(UpstreamError::Connect)?;
        let now = self.shared.clock.now();
        (exchange.tried_at, exchange.connected_at) = (Some(now), None);
        let upstream = exchange.upstream().ok_or(UpstreamError::Connect)?;
        let lease = upstream.take(exchange.client, now, &exchange.tried);
        let lease = exchange.lease.insert(lease);
        let pool = &lease.server.pool;
        if !std::mem::take(&mut exchange.anew) {
            exchange.tries += 1;
            if let Some(lent) = pool.take(self.worker, now) {
                exchange.connected_at = Some(now);
                return Ok(lent);
            }
        }
        let peer = &edge.peers[route.index()][lease.index];
        match self.connector.new_stream(peer).await {
            Ok(stream) => {
                exchange.connected_at = Some(self.shared.clock.now());
                Ok(pool.lend_new(Connection::new(stream)))
            }
            Err(error) if matches!(error.etype(), ErrorType::ConnectTimedout) => {
                Err(UpstreamError::Timeout)
            }
            Err(_error) => Err(UpstreamError::Connect),
        }
    }
}

/// Writes what earlier attempts took of the body.
fn write_again(out: &mut BytesMut, replay: &Replay, body: &Body) {
    if body.framing() != Framing::Chunked {
        return out.extend_from_slice(replay.sent());
    }
    write::chunk(out, replay.sent());
    if body.is_done() {
        write::last_chunk(out);
    }
}

fn trouble(failure: &Failure, lent: &Lent, exchange: &Exchange<'_>) -> Trouble {
    match failure {
        Failure::Upstream(UpstreamError::Status) => Trouble::Status(exchange.status),
        Failure::Upstream(UpstreamError::Protocol)
            if lent.is_reused() && !lent.connection.heard =>
        {
            Trouble::Stale
        }
        _ => Trouble::Broken,
    }
}
