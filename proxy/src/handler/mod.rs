//! What happens to a connection: its requests, one after the other, each to its end.
//!
//! A request is admitted or refused, then forwarded until an answer is complete, then counted.

mod admit;
mod answer;
mod attempt;
pub(crate) mod client;
mod failure;
mod finish;
mod forward;
mod http2;
mod record_only;
mod relay;
mod request;
mod response;

use std::sync::Arc;

use async_trait::async_trait;
use pingora_core::apps::ServerApp;
use pingora_core::connectors::TransportConnector;
use pingora_core::listeners::ALPN;
use pingora_core::protocols::Stream;
use pingora_core::server::ShutdownWatch;

use crate::config::Action;
use crate::exchange::Exchange;
use crate::http1::head::Request;
use crate::server::connection::{Connection, Protocol};
use crate::shared::Shared;
use crate::upstream::trust;
use client::{Client, Next};
pub(crate) use request::is_load_test_header;
pub(crate) use response::goes_on as is_for_the_client;

/// The handler of connections; one for each worker.
pub(crate) struct Handler {
    shared: Arc<Shared>,
    /// The number of its worker.
    worker: usize,
    connector: TransportConnector,
}

impl Handler {
    pub(crate) fn new(shared: Arc<Shared>, worker: usize) -> Self {
        Self {
            shared,
            worker,
            connector: trust::connector(),
        }
    }

    /// Serves HTTP/1 until the connection ends.
    async fn serve(&self, stream: Stream, connection: &Connection, shutdown: &ShutdownWatch) {
        let mut client = Client::new(stream);
        let mut stopping = shutdown.clone();
        loop {
            let goes_on = match client.next(&mut stopping).await {
                Next::Request(request) => self.exchange(&mut client, connection, request).await,
                Next::Refused(refusal) => {
                    self.refuse(&mut client, connection, &refusal).await;
                    false
                }
                Next::End => return,
            };
            if !goes_on {
                return client.close().await;
            }
            if *stopping.borrow() {
                return;
            }
        }
    }

    /// Takes a request to its end; true when the connection can carry another.
    async fn exchange(&self, client: &mut Client, from: &Connection, request: Request) -> bool {
        let shared = &*self.shared;
        client.keep_alive(request.keeps_alive() && !shared.is_draining());
        let edge = shared.edge.load_full();
        let mut exchange = Exchange::new(edge, from, request, shared.clock);
        let outcome = match admit::admit(shared, &mut exchange) {
            Ok(framing) => {
                client.begin(&exchange.request, framing);
                match exchange.route().map(|route| route.action) {
                    Some(Action::Answer(status)) => {
                        record_only::answer(shared, client, &mut exchange, status).await
                    }
                    _ => self.forward(client, &mut exchange).await,
                }
            }
            Err(refusal) => answer::refuse(shared, client, &mut exchange, &refusal).await,
        };
        let whole = outcome.is_ok();
        finish::finish(shared, &mut exchange, whole);
        whole && client.is_reusable()
    }

    /// Refuses what is not even a request.
    async fn refuse(
        &self,
        client: &mut Client,
        from: &Connection,
        refusal: &crate::refusal::Refusal,
    ) {
        let shared = &*self.shared;
        let edge = shared.edge.load_full();
        let mut exchange = Exchange::new(edge, from, Request::default(), shared.clock);
        exchange.id = request::fresh_id();
        let outcome = answer::refuse(shared, client, &mut exchange, refusal).await;
        finish::finish(shared, &mut exchange, outcome.is_ok());
    }
}

#[async_trait]
impl ServerApp for Handler {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            let connection = Connection::next(&stream, Protocol::Http2);
            http2::serve(Arc::clone(self), stream, connection, shutdown).await;
        } else {
            let connection = Connection::next(&stream, Protocol::Http1);
            self.serve(stream, &connection, shutdown).await;
        }
        None
    }
}
