//! What the main thread does while the workers serve: sweeping, signals, upgrades.
//!
//! It also leads the way down: no more connections, then the workers' end, then the admin's.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::drain::{Drained, Stop, Time, drain};
use super::notify;
use super::served::Served;
use super::signals::{Signals, Told};
use super::upgrade::{Program, Successor};
use super::worker::Workers;
use crate::config::Settings;
use crate::shared::Shared;
use crate::upstream::check::Checks;

/// How often counts that no longer matter are forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// A proxy that serves.
pub(crate) struct Attended {
    pub(crate) file: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) program: Program,
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Workers,
    pub(crate) signals: Signals,
    pub(crate) stop: Stop,
    pub(crate) served: Served,
    /// Health checks of the servers that are in use.
    pub(crate) checks: Checks,
}

/// Why the process no longer serves.
enum End {
    /// It was told to stop.
    Stopped,
    /// A new process serves.
    Relieved(Successor),
}

impl Attended {
    /// Looks after the proxy until it is told to stop, or relieved, and everyone has ended.
    pub(crate) async fn attend(mut self) {
        match self.serve().await {
            End::Stopped => {
                self.shared.drain();
                tracing::info!("stopping");
                notify::stopping();
                self.leave(None).await;
            }
            End::Relieved(successor) => {
                self.shared.drain();
                tracing::info!("upgraded: the new process serves; finishing what is in flight");
                self.leave(Some(successor)).await;
            }
        }
    }

    /// Does what it is told until that is to end.
    async fn serve(&mut self) -> End {
        let mut successor = None;
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                told = self.signals.next() => match told {
                    Told::Stop => return End::Stopped,
                    Told::Reopen => reopen_logs(&self.shared),
                    Told::Reload | Told::Upgrade if successor.is_some() => {
                        tracing::warn!("an upgrade is under way; told in vain");
                    }
                    Told::Reload => {
                        if !self.reload().await {
                            return End::Stopped;
                        }
                    }
                    Told::Upgrade => successor = self.start_successor(),
                },
                served = serves(&mut successor) => {
                    if let Some(successor) = successor.take().filter(|_| served) {
                        return End::Relieved(successor);
                    }
                }
                _ = sweep.tick() => self.shared.edge.load().sweep(self.shared.clock.now()),
            }
        }
    }

    fn start_successor(&self) -> Option<Successor> {
        match Successor::start(&self.program, self.served.bound.sockets()) {
            Ok(successor) => {
                let process = successor.process();
                tracing::info!(process, "upgrading: started the new process");
                Some(successor)
            }
            Err(error) => {
                tracing::error!("not upgraded: {error}; this process goes on");
                None
            }
        }
    }

    /// Lets everyone end: at once where they are idle, or, when relieved, in their own time.
    async fn leave(self, mut relieved_by: Option<Successor>) {
        let Self {
            settings,
            shared,
            mut workers,
            mut signals,
            stop,
            served,
            ..
        } = self;
        // The workers end when the last of those who could hand them a connection has.
        drop((served.bound, served.doors, served.desks));
        let mut admin_entry = Some((served.admin_doors, served.admin_desk));
        let heed = |told| heed_leaving(told, &shared);
        let mut drained = Drained::Told;
        if let Some(successor) = &mut relieved_by {
            // Who asks there is answered by the new process.
            admin_entry = None;
            served.admin_stop.leave();
            served.admin_stop.close_idle();
            let time = Time {
                idle: settings.shutdown_timeout,
                all: settings.drain_timeout,
            };
            tokio::select! {
                ended = drain(&mut workers, &mut signals, &stop, &time, heed) => drained = ended,
                // Whoever looks after the two can start another only when both are gone.
                status = successor.ended() => told_of_end(status),
            }
        }
        if drained == Drained::Told {
            let time = Time {
                idle: Duration::ZERO,
                all: settings.shutdown_timeout,
            };
            drained = drain(&mut workers, &mut signals, &stop, &time, heed).await;
        }
        if drained == Drained::Told {
            tracing::warn!("told twice; not waiting for requests");
            stop.now();
            // Nobody may hand over an exchange any more when the capture is closed.
            workers.ended().await;
        }
        drop(admin_entry);
        served.admin_stop.now();
        drop(served.admin.await);
    }
}

/// Whether the new process serves; waits for ever while there is none.
async fn serves(successor: &mut Option<Successor>) -> bool {
    let Some(successor) = successor else {
        return std::future::pending().await;
    };
    match successor.serves().await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!("not upgraded: {error}; this process goes on");
            false
        }
    }
}

fn told_of_end(status: io::Result<ExitStatus>) {
    match status {
        Ok(status) if status.success() => tracing::info!("the new process has stopped; so do we"),
        Ok(status) => {
            tracing::error!(
                "the new process has broken down ({status}); stopping, to be restarted"
            );
        }
        Err(error) => tracing::error!("lost sight of the new process: {error}; stopping"),
    }
}

fn heed_leaving(told: Told, shared: &Shared) {
    match told {
        Told::Reopen => reopen_logs(shared),
        Told::Reload | Told::Upgrade => tracing::warn!("on the way down; told in vain"),
        Told::Stop => {}
    }
}

/// Log files that were moved away are opened anew.
pub(super) fn reopen_logs(shared: &Shared) {
    shared.access_log.reopen();
}
