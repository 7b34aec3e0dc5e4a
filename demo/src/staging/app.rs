//! What all requests share: data, tokens, pace, counters.
//!
//! Locks are held for one handler's synchronous work and never across an await.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::config::StagingConfig;
use super::data::Store;
use super::data::calendar::TODAY;
use super::forms::Forms;
use super::metrics::Metrics;
use super::pace::Pace;
use super::replays::Replays;
use super::tokens::Tokens;

/// The state of one server.
pub(crate) struct App {
    pub(crate) pace: Pace,
    pub(crate) metrics: Metrics,
    store: Mutex<Store>,
    tokens: Mutex<Tokens>,
    forms: Mutex<Forms>,
    replays: Mutex<Replays>,
    last_stamp: AtomicU64,
}

impl App {
    pub(crate) fn new(config: &StagingConfig) -> Self {
        Self {
            store: Mutex::new(Store::seeded(config.seed)),
            tokens: Mutex::new(Tokens::new(config.token_life)),
            forms: Mutex::new(Forms::default()),
            replays: Mutex::new(Replays::default()),
            metrics: Metrics::default(),
            last_stamp: AtomicU64::new(0),
            pace: Pace::new(config),
        }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }

    pub(crate) fn forms(&self) -> MutexGuard<'_, Forms> {
        lock(&self.forms)
    }

    pub(crate) fn replays(&self) -> MutexGuard<'_, Replays> {
        lock(&self.replays)
    }

    /// Now on the demo's calendar; no two calls give the same, so it can tell versions apart.
    pub(crate) fn stamp(&self) -> DateTime {
        let elapsed = u64::try_from(self.pace.elapsed().as_micros()).unwrap_or(u64::MAX / 2);
        let later = |last: u64| elapsed.max(last + 1);
        let last = self
            .last_stamp
            .update(Ordering::Relaxed, Ordering::Relaxed, later);
        let micros = i64::try_from(later(last)).unwrap_or(i64::MAX);
        let since = SignedDuration::from_micros(micros);
        TODAY.at(8, 0, 0, 0).saturating_add(since)
    }
}

/// A panicked request leaves its data as it was then; the others go on.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
