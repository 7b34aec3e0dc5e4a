//! The accept loop: takes connections and hands each to whoever has the fewest.
//!
//! Accepting where one serves would be simpler, but the first to wake takes a whole burst.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pingora_core::server::ShutdownWatch;
use tokio::sync::mpsc;

use crate::clock::{Clock, Moment};

/// A connection that was accepted.
pub(crate) struct Incoming {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
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

/// Accepts until the server stops.
pub(crate) async fn accept(
    listener: TcpListener,
    desks: Arc<[Desk]>,
    mut watch: ShutdownWatch,
    clock: Clock,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut failures = Failures::default();
    loop {
        tokio::select! {
            () = stopped(&mut watch) => return Ok(()),
            accepted = next(&listener) => match accepted {
                Ok((stream, peer)) => hand_over(&desks, Incoming { stream, peer }),
                Err(error) => {
                    if let Some(failures) = failures.note(clock.now()) {
                        tracing::error!(%error, failures, "cannot accept connections");
                    }
                    // Out of descriptors, most likely: trying again at once would only burn the
                    // processor.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

/// A connection that no runtime knows yet.
async fn next(listener: &tokio::net::TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    Ok((stream.into_std()?, peer))
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

/// Returns when the server stops, or whoever could tell is gone.
async fn stopped(watch: &mut ShutdownWatch) {
    drop(watch.wait_for(|stop| *stop).await);
}

/// Failures to accept, told once a minute at most.
#[derive(Default)]
struct Failures {
    untold: u64,
    quiet_until: Moment,
}

impl Failures {
    /// Counts one; returns how many to tell of, when it is time to.
    fn note(&mut self, now: Moment) -> Option<u64> {
        self.untold += 1;
        if now < self.quiet_until {
            return None;
        }
        self.quiet_until = now + Duration::from_secs(60);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_once_a_minute() {
        let at = |seconds| Moment::START + Duration::from_secs(seconds);
        let mut failures = Failures::default();
        assert_eq!(failures.note(at(1)), Some(1));
        for second in 2..61 {
            assert_eq!(failures.note(at(second)), None);
        }
        assert_eq!(failures.note(at(61)), Some(60));
        assert_eq!(failures.note(at(62)), None);
    }
}
