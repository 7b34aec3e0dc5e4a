//! Reload: the configuration is read again and takes the place of the old one, or nothing does.
//!
//! What can fail is done first: reading, binding, making. Requests in flight keep what they began
//! with, and connections go on, whatever became of the address that they came to.

use std::sync::Arc;

use anyhow::Context as _;

use super::attend::Attended;
use super::listen::Bound;
use super::notify;
use crate::config::{self, LoadError, Settings};
use crate::edge::Edge;
use crate::run::announce_gate;
use crate::upstream::check::Checks;

impl Attended {
    /// Reads the configuration again. A bad one is refused, and the one in use stays.
    pub(super) async fn reload(&mut self) {
        notify::reloading();
        let file = self.file.clone();
        // Names are resolved and files are read: connections are accepted meanwhile.
        let loaded = tokio::task::spawn_blocking(move || config::load(&file, &config::Process));
        match loaded.await {
            Ok(Ok(settings)) => self.use_settings(settings),
            Ok(Err(error)) => self.refuse(error),
            Err(error) => tracing::error!(%error, "not reloaded: reading broke"),
        }
        notify::ready();
    }

    fn use_settings(&mut self, settings: Settings) {
        settings.warn(&self.file);
        match self.replace(settings) {
            Ok(addresses) => tracing::info!("reloaded; listening on {addresses}"),
            Err(error) => tracing::error!("not reloaded: {error:#}; the old one stays"),
        }
    }

    fn replace(&mut self, settings: Settings) -> anyhow::Result<String> {
        let held = self.served.bound.shared().context("cannot share sockets")?;
        let bound = Bound::new(&settings, held)?;
        let addresses = bound.addresses(&settings)?;
        let shared = &self.shared;
        let before = shared.edge.load();
        let edge = Edge::new(&settings, shared.clock, &shared.metrics, Some(&before));
        let checks = Checks::start(&edge.upstreams);
        self.served.replace(bound, &settings)?;
        // From here on nothing can fail.
        shared.edge.store(Arc::new(edge));
        self.checks = checks;
        announce_gate(&settings.load_test);
        // HOOK for the recorder: what [record] says now.
        self.settings = settings;
        Ok(addresses)
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
        tracing::error!("not reloaded; the old configuration stays");
    }
}
