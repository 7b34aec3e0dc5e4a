//! What the whole process shares: made once, and never replaced but for the edge in it.
//!
//! Requests borrow it. What changes in it are atomics, and tables whose shards are locked for one
//! look-up at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use crate::access_log::AccessLog;
use crate::clock::Clock;
use crate::config::Settings;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::recorder::control::Recorder;

/// Everything a request needs to know.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) access_log: AccessLog,
    /// Replaced by a reload.
    pub(crate) edge: ArcSwap<Edge>,
    /// Set when every connection is to end with the request that it carries.
    draining: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        settings: &Settings,
        clock: Clock,
        recorder: Arc<Recorder>,
        access_log: AccessLog,
    ) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::new()?;
        let edge = Edge::new(settings, clock, &metrics, None);
        Ok(Self {
            clock,
            metrics,
            recorder,
            access_log,
            edge: ArcSwap::from_pointee(edge),
            draining: AtomicBool::new(false),
        })
    }

    /// Stopping, or a new process serves: each client's next answer is its last one from here.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
