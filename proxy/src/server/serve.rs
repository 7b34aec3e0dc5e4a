//! Serves the connections of one desk, and lets them end when no more come.
//!
//! Idle connections are then closed at once; those with a request in flight get until the
//! deadline.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pingora_core::apps::ServerApp;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::{GetSocketDigest, SocketDigest};
use pingora_core::server::ShutdownWatch;
use pingora_core::{ErrorType, OrErr, Result};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::Incoming;

/// When and how to stop.
#[derive(Clone)]
pub(crate) struct Shutdown {
    /// Turns true when the server stops.
    pub(crate) watch: ShutdownWatch,
    /// How long connections then get to end.
    pub(crate) deadline: Duration,
    /// Turns true when they do not get even that.
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
                    let (app, watch) = (Arc::clone(&app), shutdown.watch.clone());
                    connections.spawn(connection(next, app, watch));
                }
                None => break,
            },
            Some(_) = connections.join_next() => {
                open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
    app.cleanup().await;
    let ended = async {
        while connections.join_next().await.is_some() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let mut now = shutdown.now;
    tokio::select! {
        biased;
        () = ended => {}
        () = tokio::time::sleep(shutdown.deadline) => {}
        _ = now.wait_for(|now| *now) => {}
    }
    connections.len()
}

async fn connection<A>(incoming: Incoming, app: Arc<A>, watch: ShutdownWatch)
where
    A: ServerApp + Send + Sync + 'static,
{
    match prepared(incoming) {
        Ok(stream) => {
            let mut next: Option<pingora_core::protocols::Stream> = Some(Box::new(stream));
            while let Some(stream) = next {
                next = app.process_new(stream, &watch).await;
            }
        }
        Err(error) => tracing::error!(%error, "cannot serve a connection"),
    }
}

/// The stream as pingora's own listener would hand it over.
fn prepared(incoming: Incoming) -> Result<Stream> {
    let stream = TcpStream::from_std(incoming.stream)
        .or_err(ErrorType::AcceptError, "registering a connection")?;
    let mut stream = Stream::from(stream);
    let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
    // The cell is new, so that nothing can be in it.
    drop(digest.peer_addr.set(Some(incoming.peer.into())));
    stream.set_socket_digest(digest);
    stream.set_nodelay()?;
    Ok(stream)
}
