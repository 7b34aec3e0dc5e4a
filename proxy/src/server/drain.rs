//! The way down: told to stop, or relieved by a new process.
//!
//! Ends when every connection has, or their time is up.

use std::time::Duration;

use pingora_core::server::ShutdownWatch;
use tokio::sync::watch;
use tokio::time::sleep;

use super::serve::Shutdown;
use super::signals::{Signals, Told};
use super::worker::Workers;

/// The ends that stop who serves.
pub(crate) struct Stop {
    leave: watch::Sender<bool>,
    idle: watch::Sender<bool>,
    now: watch::Sender<bool>,
}

impl Stop {
    /// The ends that stop, and the one that notices.
    pub(crate) fn new() -> (Self, Shutdown) {
        let (leave, left) = watch::channel(false);
        let (idle, watch): (_, ShutdownWatch) = watch::channel(false);
        let (now, at_once) = watch::channel(false);
        let shutdown = Shutdown {
            leave: left,
            watch,
            now: at_once,
        };
        (Self { leave, idle, now }, shutdown)
    }

    /// Asks for no more requests.
    pub(super) fn leave(&self) {
        self.leave.send_replace(true);
    }

    /// Closes whoever is idle.
    pub(super) fn close_idle(&self) {
        self.idle.send_replace(true);
    }

    /// Cuts everyone off.
    pub(super) fn now(&self) {
        self.now.send_replace(true);
    }
}

/// How long connections get to end.
pub(super) struct Time {
    /// Those that are idle.
    pub(super) idle: Duration,
    /// All of them.
    pub(super) all: Duration,
}

/// Waits for the workers' end. Returns early when told to stop; `otherwise` hears the rest.
pub(super) async fn drain(
    workers: &mut Workers,
    signals: &mut Signals,
    stop: &Stop,
    time: &Time,
    otherwise: impl Fn(Told),
) -> Drained {
    stop.leave();
    let idle = sleep(time.idle);
    let all = sleep(time.all);
    tokio::pin!(idle, all);
    let mut idle_closed = false;
    loop {
        tokio::select! {
            () = workers.ended() => return Drained::Ended,
            () = &mut idle, if !idle_closed => {
                idle_closed = true;
                stop.close_idle();
            }
            () = &mut all => {
                stop.now();
                // Nobody may hand over an exchange any more when the capture is closed.
                workers.ended().await;
                return Drained::Ended;
            }
            told = signals.next() => match told {
                Told::Stop => return Drained::Told,
                other => otherwise(other),
            },
        }
    }
}

/// How a wait for the workers ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Drained {
    Ended,
    /// Told to stop meanwhile.
    Told,
}
