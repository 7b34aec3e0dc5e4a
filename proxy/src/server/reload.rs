//! Reload: the configuration is read again and takes the place of the old one, or nothing does.
//!
//! What can fail is done first: reading, binding, opening. Requests in flight keep what they began
//! with, and connections go on, whatever became of the address that they came to.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::{JoinHandle, spawn_blocking};

use super::attend::{Attended, reopen_logs};
use super::listen::Bound;
use super::notify;
use super::signals::Told;
use crate::config::{self, LoadError, Settings};
use crate::edge::Edge;
use crate::limits;
use crate::recorder::control::OrderError;
use crate::run::announce_gate;
use crate::upstream::check::Checks;

impl Attended {
    /// Reads the configuration again. A bad one is refused, and the one in use stays. False when
    /// told to stop meanwhile.
    pub(super) async fn reload(&mut self) -> bool {
        notify::reloading();
        let file = self.file.clone();
        // Names are resolved and files are read: connections are accepted meanwhile.
        let loading = spawn_blocking(move || config::load(&file, &config::Process));
        let Some(loaded) = self.unless_stopped(loading).await else {
            return false;
        };
        match loaded {
            Ok(Ok(settings)) => {
                settings.warn(&self.file);
                match self.replace(settings).await {
                    Some(Ok(addresses)) => tracing::info!("reloaded; listening on {addresses}"),
                    Some(Err(error)) => tracing::error!("not reloaded: {error:#}; {STAYS}"),
                    None => return false,
                }
            }
            Ok(Err(error)) => self.refuse(error),
            Err(error) => tracing::error!("not reloaded: reading broke: {error}; {STAYS}"),
        }
        notify::ready();
        true
    }

    /// Puts other settings in the place of those in use, all or none of them. None when told to
    /// stop meanwhile.
    async fn replace(&mut self, settings: Settings) -> Option<anyhow::Result<String>> {
        let prepared = (|| {
            let held = self.served.bound.shared().context("cannot share sockets")?;
            let bound = Bound::new(&settings, held)?;
            let addresses = bound.addresses(&settings)?;
            let others = self.served.open_others(bound, &settings)?;
            let log = &self.shared.access_log;
            log.apply(settings.access_log.clone(), settings.policy())?;
            anyhow::Ok((addresses, others))
        })();
        let (addresses, others) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Some(Err(error)),
        };
        if let Err(error) = self.record(&settings).await? {
            let (file, policy) = (self.settings.access_log.clone(), self.settings.policy());
            if let Err(error) = self.shared.access_log.apply(file, policy) {
                tracing::error!("{error}");
            }
            return Some(Err(error));
        }
        let shared = &self.shared;
        let before = shared.edge.load();
        let edge = Edge::new(&settings, shared.clock, &shared.metrics, Some(&before));
        self.checks = Checks::start(&edge.upstreams);
        shared.edge.store(Arc::new(edge));
        self.served.replace(others);
        announce_gate(&settings.load_test);
        limits::allow_core_dumps(settings.core_dumps);
        self.settings = settings;
        Some(Ok(addresses))
    }

    /// Records as the settings say. Ending a capture takes its time, and cannot be taken back.
    async fn record(&mut self, settings: &Settings) -> Option<anyhow::Result<()>> {
        let (shared, record) = (Arc::clone(&self.shared), settings.record.clone());
        let applying = spawn_blocking(move || shared.recorder.apply(record));
        Some(match self.unless_stopped(applying).await? {
            Ok(Ok(())) => Ok(()),
            Ok(Err(OrderError::Close(error))) => {
                tracing::error!("{error}");
                Ok(())
            }
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error).context("the recorder broke"),
        })
    }

    /// What comes of some work; none when told to stop before it is done.
    async fn unless_stopped<T>(&mut self, work: JoinHandle<T>) -> Option<Worked<T>> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Some(done),
                told = self.signals.urgent() => match told {
                    Told::Stop => return None,
                    _ => reopen_logs(&self.shared),
                },
            }
        }
    }

    fn refuse(&self, error: LoadError) {
        match error {
            LoadError::Mistakes(mistakes) => {
                for mistake in mistakes {
                    tracing::error!("{}:{mistake}", self.file.display());
                }
            }
            LoadError::Read { .. } => tracing::error!("{error}"),
        }
        tracing::error!("not reloaded; {STAYS}");
    }
}

/// What became of work on a thread of its own.
type Worked<T> = Result<T, tokio::task::JoinError>;

const STAYS: &str = "the old configuration stays";
