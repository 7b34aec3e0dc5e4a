//! What the whole process shares: made once, and never replaced but for the edge in it.
//!
//! Requests borrow it. What changes in it are atomics, and tables whose shards are locked for one
//! look-up at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::config::Settings;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::recorder::Intake;

/// Everything a request needs to know.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Where recorded exchanges go, if anything is recorded.
    pub(crate) intake: Option<Arc<Intake>>,
    /// Replaced by a reload.
    pub(crate) edge: ArcSwap<Edge>,
    /// Set when every connection is to end with the request that it carries.
    draining: AtomicBool,
}

impl Shared {
    /// Records nothing until it is given an intake.
    pub(crate) fn new(settings: &Settings, clock: Clock) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::new()?;
        let edge = Edge::new(settings, clock, &metrics, None);
        Ok(Self {
            clock,
            metrics,
            intake: None,
            edge: ArcSwap::from_pointee(edge),
            draining: AtomicBool::new(false),
        })
    }

    #[expect(dead_code, reason = "an upgrade will call it")]
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
