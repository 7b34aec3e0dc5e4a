//! The staging backend: a small Residency Scheduler with made-up data and realistic manners.
//!
//! [`Staging::start`] runs one on the caller's tokio runtime; everything is in memory and ends with it.

mod api;
mod app;
mod config;
mod data;
mod edge;
mod endpoint;
mod error;
mod fault;
mod forms;
mod input;
mod latency;
mod metrics;
mod pace;
mod replays;
mod reply;
mod router;
mod tokens;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::app::App;

pub use self::config::StagingConfig;
pub use self::data::accounts::{Credentials, Role, real_accounts, users_csv};
pub use self::data::calendar::TODAY;
pub use self::data::personal_values;
pub use self::fault::Fault;
pub use self::latency::{Class, Latencies};

/// A running staging backend. Dropping it stops it too, without waiting for open requests.
pub struct Staging {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

/// Why staging did not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}: {}", reason(.source))]
pub struct StartError {
    /// The address that was asked for.
    pub addr: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

impl Staging {
    /// Listens and serves. The backend answers as soon as this returns.
    pub async fn start(config: StagingConfig) -> Result<Self, StartError> {
        let failed = |source| StartError {
            addr: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        // Answers are small and latency is what is measured; a failure costs only some of it.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let routes = router::router(&Arc::new(App::new(&config)));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(async {
            stopped.await.ok();
        });
        let server = tokio::spawn(serving.into_future());
        Ok(Self { addr, stop, server })
    }

    /// Where it listens, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops taking connections and lets open requests finish, for a few seconds at most.
    pub async fn shutdown(self) {
        self.stop.send(()).ok();
        let abort = self.server.abort_handle();
        if timeout(GRACE, self.server).await.is_err() {
            abort.abort();
        }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        io::ErrorKind::PermissionDenied => "not permitted".to_owned(),
        _ => error.to_string(),
    }
}

/// How long open requests may take to finish at the end.
const GRACE: Duration = Duration::from_secs(3);
