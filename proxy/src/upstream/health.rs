//! Whether a server is left alone after failures, as nginx's `max_fails` does it.
//!
//! Counted in passing; nothing is sent to find out.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Moment;

pub(crate) struct Health {
    /// Failures that make a server unusable; 0 never does.
    max_fails: u32,
    /// The window that failures are counted in, and how long the server then rests.
    fail_timeout: Duration,
    fails: AtomicU32,
    window_ends: AtomicU64,
    rests_until: AtomicU64,
}

impl Health {
    pub(super) const fn new(max_fails: u32, fail_timeout: Duration) -> Self {
        Self {
            max_fails,
            fail_timeout,
            fails: AtomicU32::new(0),
            window_ends: AtomicU64::new(0),
            rests_until: AtomicU64::new(0),
        }
    }

    pub(super) fn usable(&self, now: Moment) -> bool {
        self.rests_until.load(Ordering::Relaxed) <= now.as_nanos()
    }

    /// Notes that the server did not answer. Two at the same instant may count as one.
    pub(crate) fn failed(&self, now: Moment) {
        let end = (now + self.fail_timeout).as_nanos();
        if self.window_ends.load(Ordering::Relaxed) <= now.as_nanos() {
            self.window_ends.store(end, Ordering::Relaxed);
            self.fails.store(0, Ordering::Relaxed);
        }
        let fails = self.fails.fetch_add(1, Ordering::Relaxed) + 1;
        if self.max_fails > 0 && fails >= self.max_fails {
            self.rests_until.store(end, Ordering::Relaxed);
        }
    }

    /// Notes that the server answered.
    pub(crate) fn answered(&self) {
        if self.fails.load(Ordering::Relaxed) != 0 {
            self.fails.store(0, Ordering::Relaxed);
            self.rests_until.store(0, Ordering::Relaxed);
        }
    }
}
