//! The accept loop: takes connections and hands each to whoever has the fewest.
//!
//! Accepting where one serves would be simpler, but the first to wake takes a whole burst.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::entrance::Entrance;
use super::listen::Socket;
use crate::clock::Clock;
use crate::complaints::Complaints;

/// A connection that was accepted.
pub(crate) struct Incoming {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Where it came in.
    pub(super) entrance: Arc<Entrance>,
}

/// Where one server takes connections from.
pub(crate) struct Desk {
    incoming: mpsc::UnboundedSender<Incoming>,
    pub(crate) open: Arc<AtomicU64>,
}

impl Desk {
    /// A desk, and the end that serves it.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Incoming>) {
        // As many can wait as the process may have descriptors.
        let (incoming, waiting) = mpsc::unbounded_channel();
        let open = Arc::default();
        (Self { incoming, open }, waiting)
    }
}

/// The sockets that are accepted from now; closed when dropped.
pub(crate) struct Doors {
    open: Vec<JoinHandle<()>>,
}

impl Doors {
    /// Accepts what comes to the sockets, each with its entrance.
    pub(crate) fn open<'s>(
        sockets: impl Iterator<Item = (&'s Socket, Entrance)>,
        desks: &Arc<[Desk]>,
        clock: Clock,
    ) -> io::Result<Self> {
        let open = sockets.map(|(socket, entrance)| {
            let listener = TcpListener::from_std(socket.shared()?.listener)?;
            let (entrance, desks) = (Arc::new(entrance), Arc::clone(desks));
            Ok(tokio::spawn(accept(listener, entrance, desks, clock)))
        });
        Ok(Self {
            open: open.collect::<io::Result<_>>()?,
        })
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        // A connection is accepted and handed over without a pause in between, so that none is
        // lost here. What was not accepted waits in the socket.
        for door in &self.open {
            door.abort();
        }
    }
}

async fn accept(listener: TcpListener, entrance: Arc<Entrance>, desks: Arc<[Desk]>, clock: Clock) {
    let mut failures = Complaints::default();
    loop {
        let accepted = listener.accept().await;
        // A connection that no runtime knows yet.
        match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
            Ok((stream, peer)) => {
                let entrance = Arc::clone(&entrance);
                hand_over(
                    &desks,
                    Incoming {
                        stream,
                        peer,
                        entrance,
                    },
                );
            }
            Err(error) => {
                if let Some(failures) = failures.note(clock.now()) {
                    tracing::error!(%error, failures, "cannot accept connections");
                }
                // Out of descriptors, most likely: trying again at once would only burn the
                // processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn hand_over(desks: &[Desk], incoming: Incoming) {
    let idlest = desks
        .iter()
        .min_by_key(|desk| desk.open.load(Ordering::Relaxed));
    if let Some(desk) = idlest {
        desk.open.fetch_add(1, Ordering::Relaxed);
        // A desk that is gone is stopping, and so are we.
        drop(desk.incoming.send(incoming));
    }
}
