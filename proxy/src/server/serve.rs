//! Serves the connections of one desk, and lets them end when no more come.
//!
//! When the server stops, idle ones are closed at once and those with a request in flight get some
//! time. After a hand-over, idle ones are kept for a while: a request may be on its way already.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pingora_core::apps::HttpServerOptions;
use pingora_core::apps::ServerApp;
use pingora_core::protocols::http::v2::server::H2Options;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::{ALPN, GetSocketDigest, SocketDigest, Ssl};
use pingora_core::server::ShutdownWatch;
use pingora_core::{ErrorType, OrErr, Result};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::accept::Incoming;
use super::paced::Paced;
use crate::config::ClientSettings;

/// When and how to stop: each turns true once.
#[derive(Clone)]
pub(crate) struct Shutdown {
    /// No more requests are wanted. HTTP/2 has words for that; HTTP/1 says it with its next
    /// answer.
    pub(crate) leave: ShutdownWatch,
    /// Whoever is idle is closed.
    pub(crate) watch: ShutdownWatch,
    /// Everyone is cut off.
    pub(crate) now: watch::Receiver<bool>,
}

/// Serves until no connection can come any more and those there were have ended.
///
/// `open` is counted up by who accepts, and down here. Returns how many connections were cut off.
pub(crate) async fn serve<A>(
    app: Arc<A>,
    mut incoming: UnboundedReceiver<Incoming>,
    open: Arc<AtomicU64>,
    shutdown: Shutdown,
) -> usize
where
    A: ServerApp + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            next = incoming.recv() => match next {
                Some(next) => {
                    let (app, shutdown) = (Arc::clone(&app), shutdown.clone());
                    connections.spawn(connection(next, app, shutdown));
                }
                None => break,
            },
            Some(_) = connections.join_next() => {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
    let (mut stop, mut now) = (shutdown.watch, shutdown.now);
    let mut idle_closed = false;
    loop {
        tokio::select! {
            biased;
            () = told(&mut now) => break,
            () = told(&mut stop), if !idle_closed => {
                idle_closed = true;
                app.cleanup().await;
            }
            ended = connections.join_next() => match ended {
                Some(_) => {
                    open.fetch_sub(1, Ordering::Relaxed);
                }
                None => break,
            },
        }
    }
    connections.len()
}

/// Returns when a watch has turned true, or whoever could turn it is gone.
async fn told(watch: &mut watch::Receiver<bool>) {
    drop(watch.wait_for(|told| *told).await);
}

async fn connection<A>(incoming: Incoming, app: Arc<A>, shutdown: Shutdown)
where
    A: ServerApp + Send + Sync + 'static,
{
    let stream = match Box::pin(prepared(incoming)).await {
        Ok(Some(stream)) => stream,
        Ok(None) => return,
        Err(error) => {
            // Mostly the client's doing: a scan, or a certificate that it does not trust.
            tracing::debug!(%error, "cannot serve a connection");
            return;
        }
    };
    let watch = match stream.selected_alpn_proto() {
        Some(ALPN::H2) => shutdown.leave,
        _ => shutdown.watch,
    };
    let mut next = Some(stream);
    while let Some(stream) = next {
        next = app.process_new(stream, &watch).await;
    }
}

/// The stream as pingora's own listener would hand it over; none when the client did not shake
/// hands in time.
async fn prepared(incoming: Incoming) -> Result<Option<pingora_core::protocols::Stream>> {
    let entrance = incoming.entrance;
    let stream = TcpStream::from_std(incoming.stream)
        .or_err(ErrorType::AcceptError, "registering a connection")?;
    let mut stream = Stream::from(stream);
    let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
    // The cell is new, so that nothing can be in it.
    drop(digest.peer_addr.set(Some(incoming.peer.into())));
    stream.set_socket_digest(digest);
    stream.set_nodelay()?;
    let Some(tls) = &entrance.tls else {
        return Ok(Some(Box::new(stream)));
    };
    let shaken = timeout(entrance.client.header_timeout, tls.tls_handshake(stream));
    let Ok(stream) = shaken.await else {
        return Ok(None);
    };
    let stream = stream?;
    Ok(Some(match stream.selected_alpn_proto() {
        Some(ALPN::H2) => Box::new(Paced::new(stream, entrance.client, entrance.clock)),
        _ => Box::new(stream),
    }))
}

/// What HTTP/2 clients are allowed; the same header limits as for HTTP/1.
pub(crate) fn h2_options() -> H2Options {
    let mut options = H2Options::default();
    options
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIST)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER);
    options
}

/// How connections as a whole are treated; HTTP/2 counts its idle time on its own.
pub(crate) fn http_options(client: &ClientSettings) -> HttpServerOptions {
    let mut options = HttpServerOptions::default();
    options.h2_idle_timeout = Some(client.idle_timeout);
    options
}

/// Requests at a time on one connection: as many as nginx allows.
const STREAMS: u32 = 128;

/// Decoded bytes of a header; [`crate::http1::head::LIMIT`] for HTTP/1.
const HEADER_LIST: u32 = 128 * 1024;

/// Bytes of a body that a client may send ahead: on one stream, and on all together. What an
/// upstream does not take yet is held in memory up to this.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Bytes of an answer that are held for a client that does not take them yet.
const SEND_BUFFER: usize = 256 * 1024;
