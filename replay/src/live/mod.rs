//! The live page: a run as it goes, for a browser on this machine.
//!
//! A thread of its own serves it, and renders only what somebody looks at. Nothing that a browser
//! does or leaves undone holds up the run: the latest state replaces the one before, and who reads
//! slowly misses some. `guard.rs` decides whom it answers.

mod answer;
mod events;
mod guard;
mod pages;
mod phase;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc as threads};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::engine::{self, Command};
use crate::summary::Summary;

use self::pages::Pages;
use self::phase::Phase;

/// The live page. Dropping it tells browsers that the run is over.
pub(crate) struct Live {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    ended: threads::Receiver<()>,
}

impl Live {
    /// Listens at once, and serves the page. With somewhere to send commands to, its buttons steer the
    /// run.
    pub(crate) fn start(
        address: SocketAddr,
        commands: Option<mpsc::UnboundedSender<Command>>,
    ) -> Result<Self, LiveError> {
        if commands.is_some() && !address.ip().is_loopback() {
            return Err(LiveError::Exposed(address));
        }
        let failed = |source| LiveError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = server::runtime().map_err(failed)?;
        let state = Arc::new(watch::Sender::new(State::default()));
        let pages = Pages::new(Arc::clone(&state), commands);
        let (ending, ended) = threads::channel();
        thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || {
                server::run(&runtime, listener, pages);
                // Nobody waits for it where the run has failed.
                let _gone = ending.send(());
            })
            .map_err(failed)?;
        Ok(Self {
            address,
            state,
            ended,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows how the run is by now.
    pub(crate) fn publish(&self, summary: Arc<Summary>) {
        self.state
            .send_modify(|state| state.summary = Some(summary));
    }

    /// Shows whether the run runs.
    pub(crate) fn follow(&self, run: engine::State) {
        let phase = Phase::of(run);
        self.state.send_if_modified(|state| {
            let is_news = state.phase != phase;
            state.phase = phase;
            is_news
        });
    }

    /// Shows how it ended, and waits until browsers have that, for a second at most.
    pub(crate) fn end(self, summary: Arc<Summary>) {
        self.state.send_modify(|state| {
            state.summary = Some(summary);
            state.phase = Phase::Over;
        });
        // Whoever has not read it by then will not.
        let _late = self.ended.recv_timeout(LAST_WORD);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.state.send_modify(|state| state.phase = Phase::Over);
    }
}

/// The page cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    /// The address cannot be used.
    #[error("cannot listen on {address} for the live page; name another address with `--live`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Everybody on the network could steer the run.
    #[error(
        "{0} can be reached from other machines, and whoever sees the page could steer the run; \
         name a loopback address with `--live`, or leave `--live-control` out"
    )]
    Exposed(SocketAddr),
}

/// What the page shows.
#[derive(Clone, Default)]
struct State {
    phase: Phase,
    summary: Option<Arc<Summary>>,
}
const LAST_WORD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
