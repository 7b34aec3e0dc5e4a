//! What an operator tells the process by signals.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the process was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// End, with time for what is in flight.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Open the log files again: somebody has moved them.
    Reopen,
    /// Hand over to a new process.
    Upgrade,
}

/// The signals that are heard; any other has its usual effect.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
            _ = self.user1.recv() => Told::Reopen,
            _ = self.user2.recv() => Told::Upgrade,
        }
    }

    /// Waits for one that cannot wait; any other is told by [`Signals::next`] later.
    pub(crate) async fn urgent(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.user1.recv() => Told::Reopen,
        }
    }
}
