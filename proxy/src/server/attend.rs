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
use crate::shared::Shared;

/// How often counts that no longer matter are forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// A proxy that is ready to be used.
pub(crate) struct Attended {
    pub(crate) bound: Bound,
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Workers,
    pub(crate) signals: Signals,
    pub(crate) stop: watch::Sender<bool>,
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
        let (stop_admin, admin_watch) = watch::channel(false);
        let admin = tokio::spawn(serve_admin(bound.admin, admin, admin_watch));
        for listener in bound.clients {
            let (desks, watch) = (Arc::clone(&desks), shutdown.watch.clone());
            tokio::spawn(accepting(listener, desks, watch));
        }
        // The workers end when the last of those who could hand them a connection has.
        drop(desks);
        sweep_until(&mut signals, &shared).await;
        tracing::info!("stopping");
        stop.send_replace(true);
        tokio::select! {
            () = workers.ended() => {}
            () = signals.next() => tracing::warn!("told twice; not waiting for requests"),
        }
        stop_admin.send_replace(true);
        drop(admin.await);
    }
}

async fn sweep_until(signals: &mut Signals, shared: &Shared) {
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = signals.next() => return,
            _ = sweep.tick() => shared.gate.sweep(shared.clock.now()),
        }
    }
}

async fn accepting(listener: std::net::TcpListener, desks: Arc<[Desk]>, watch: ShutdownWatch) {
    if let Err(error) = accept(listener, desks, watch).await {
        tracing::error!(%error, "cannot accept connections");
    }
}

async fn serve_admin(listener: std::net::TcpListener, admin: Admin, watch: ShutdownWatch) {
    let (desk, incoming) = Desk::new();
    let open = Arc::clone(&desk.open);
    let shutdown = Shutdown {
        watch: watch.clone(),
        deadline: Duration::ZERO,
    };
    let served = tokio::spawn(serve(Arc::new(admin), incoming, open, shutdown));
    accepting(listener, Arc::new([desk]), watch).await;
    drop(served.await);
}

/// Signals that say stop.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
