//! Whether a server can be given requests: from the failures that passed by, as nginx's `max_fails`
//! counts them, and from the checks that are sent to find out.
//!
//! Nothing is locked: what two at the same instant do may count as one.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Moment;

/// How many failures are too many.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Failures that make a server rest; 0 never does.
    pub(super) max_fails: u32,
    /// The time that failures are counted in, and how long the server then rests.
    pub(super) fail_timeout: Duration,
}

/// How good a choice a server is; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Usable,
    /// It failed requests, and is left alone for a while.
    Resting,
    /// Its checks fail.
    Down,
}

#[derive(Default)]
pub(super) struct Health {
    fails: AtomicU32,
    window_ends: AtomicU64,
    /// 0 for a server that is trusted. One that is not gets one request each time this has passed.
    rests_until: AtomicU64,
    down: AtomicBool,
}

impl Health {
    pub(super) fn standing(&self, now: Moment) -> Standing {
        if self.down.load(Ordering::Relaxed) {
            Standing::Down
        } else if self.rests_until.load(Ordering::Relaxed) > now.as_nanos() {
            Standing::Resting
        } else {
            Standing::Usable
        }
    }

    /// Notes that a request goes to the server. True for the one that finds out, after a rest,
    /// whether the server is back; others stay away for as long again.
    pub(super) fn begin(&self, now: Moment, limits: Limits) -> bool {
        let until = self.rests_until.load(Ordering::Relaxed);
        let again = (now + limits.fail_timeout).as_nanos();
        until != 0
            && until <= now.as_nanos()
            && self
                .rests_until
                .compare_exchange(until, again, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Notes that the server did not do its part.
    pub(super) fn failed(&self, now: Moment, limits: Limits, trial: bool) {
        let end = (now + limits.fail_timeout).as_nanos();
        if self.window_ends.load(Ordering::Relaxed) <= now.as_nanos() {
            self.window_ends.store(end, Ordering::Relaxed);
            self.fails.store(0, Ordering::Relaxed);
        }
        let fails = self.fails.fetch_add(1, Ordering::Relaxed) + 1;
        if limits.max_fails > 0 && (trial || fails >= limits.max_fails) {
            self.rests_until.store(end, Ordering::Relaxed);
        }
    }

    /// Ends the distrust that failures left.
    pub(super) fn trust(&self) {
        self.fails.store(0, Ordering::Relaxed);
        self.rests_until.store(0, Ordering::Relaxed);
    }

    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Says what the checks found.
    pub(super) fn set_down(&self, down: bool) {
        if !down {
            self.trust();
        }
        self.down.store(down, Ordering::Relaxed);
    }
}
