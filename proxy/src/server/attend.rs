//! What the main thread does while the workers serve: accept, admin, sweeping, signals.
//!
//! It also leads the way down: no more connections, then the workers' end, then the admin's.

use std::sync::Arc;
use std::time::Duration;

use pingora_core::server::ShutdownWatch;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::accept::{Desk, accept};
use super::listen::Bound;
use super::serve::{Shutdown, serve};
use super::worker::Workers;
use crate::admin::Admin;
use crate::clock::Clock;
use crate::shared::Shared;

/// How often counts that no longer matter are forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// The ends that stop the workers.
pub(crate) struct Stop {
    /// With time for what is in flight.
    gently: watch::Sender<bool>,
    now: watch::Sender<bool>,
}

impl Stop {
    /// The ends that stop, and the one that notices. What is in flight gets until `deadline`.
    pub(crate) fn new(deadline: Duration) -> (Self, Shutdown) {
        let (gently, watch) = watch::channel(false);
        let (now, at_once) = watch::channel(false);
        let shutdown = Shutdown {
            watch,
            deadline,
            now: at_once,
        };
        (Self { gently, now }, shutdown)
    }
}

/// A proxy that is ready to be used.
pub(crate) struct Attended {
    pub(crate) bound: Bound,
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Workers,
    pub(crate) signals: Signals,
    pub(crate) stop: Stop,
    pub(crate) shutdown: Shutdown,
}

impl Attended {
    /// Looks after the proxy until it is told to stop and everyone has ended.
    pub(crate) async fn attend(self, desks: Arc<[Desk]>) {
        let Self {
            bound,
            shared,
            mut workers,
            mut signals,
            stop,
            shutdown,
        } = self;
        let open = desks.iter().map(|desk| Arc::clone(&desk.open)).collect();
        let admin = Admin::new(Arc::clone(&shared), open, shutdown.watch.clone());
        let clock = shared.clock;
        let (stop_admin, admin_shutdown) = Stop::new(Duration::ZERO);
        let admin = tokio::spawn(serve_admin(bound.admin, admin, admin_shutdown, clock));
        for listener in bound.clients {
            let (desks, watch) = (Arc::clone(&desks), shutdown.watch.clone());
            tokio::spawn(accepting(listener, desks, watch, clock));
        }
        // The workers end when the last of those who could hand them a connection has.
        drop(desks);
        sweep_until(&mut signals, &shared).await;
        tracing::info!("stopping");
        stop.gently.send_replace(true);
        tokio::select! {
            () = workers.ended() => {}
            () = signals.next() => {
                tracing::warn!("told twice; not waiting for requests");
                stop.now.send_replace(true);
                // Nobody may hand over an exchange any more when the capture is closed.
                workers.ended().await;
            }
        }
        stop_admin.gently.send_replace(true);
        drop(admin.await);
    }
}

async fn sweep_until(signals: &mut Signals, shared: &Shared) {
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = signals.next() => return,
            _ = sweep.tick() => shared.edge.load().sweep(shared.clock.now()),
        }
    }
}

async fn accepting(
    listener: std::net::TcpListener,
    desks: Arc<[Desk]>,
    watch: ShutdownWatch,
    clock: Clock,
) {
    if let Err(error) = accept(listener, desks, watch, clock).await {
        tracing::error!(%error, "cannot accept connections");
    }
}

async fn serve_admin(
    listener: std::net::TcpListener,
    admin: Admin,
    shutdown: Shutdown,
    clock: Clock,
) {
    let (desk, incoming) = Desk::new();
    let open = Arc::clone(&desk.open);
    let watch = shutdown.watch.clone();
    let served = tokio::spawn(serve(Arc::new(admin), incoming, open, shutdown));
    accepting(listener, Arc::new([desk]), watch, clock).await;
    drop(served.await);
}

/// Signals that say stop, and the one that only seems to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one that says stop.
    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                // Unheard, it would end the process and leave the capture open.
                _ = self.hangup.recv() => tracing::warn!(
                    "reload is not available yet; still running with the configuration of the start"
                ),
            }
        }
    }
}
