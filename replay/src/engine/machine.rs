//! How late this machine is by itself: a bare timer beside the workers.
//!
//! A run that is late on a machine whose every timer is late says something of the machine: it is
//! shared or too busy. A run that is late where a bare timer is not says something of this program.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use hdrhistogram::Histogram;
use rustix::thread::{ClockId, clock_nanosleep_absolute};

use crate::clock;
use crate::record::clocks;

use super::timer::{timespec, wake_exactly};

/// The thread that does nothing but to wake up.
pub(super) struct Machine {
    ended: Arc<AtomicBool>,
    lateness: Arc<Mutex<Histogram<u32>>>,
    thread: JoinHandle<()>,
}

impl Machine {
    /// Begins to wake up.
    pub(super) fn watch() -> io::Result<Self> {
        let ended = Arc::<AtomicBool>::default();
        let lateness = Arc::new(Mutex::new(clocks::fine()));
        let (until, into) = (Arc::clone(&ended), Arc::clone(&lateness));
        let thread = thread::Builder::new()
            .name("replay-machine".to_owned())
            .spawn(move || wake_until(&until, &into))?;
        Ok(Self {
            ended,
            lateness,
            thread,
        })
    }

    /// How late it woke up so far, in microseconds.
    pub(super) fn lateness(&self) -> Histogram<u32> {
        let lateness = self.lateness.lock();
        lateness.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How late it woke up, once that is over.
    pub(super) fn end(self) -> Histogram<u32> {
        self.ended.store(true, Ordering::Relaxed);
        let lateness = self.lateness();
        // What it found out holds, even if it panicked.
        let _panicked = self.thread.join();
        lateness
    }
}

fn wake_until(ended: &AtomicBool, lateness: &Mutex<Histogram<u32>>) {
    // What is woken less exactly counts as the machine's lateness, which it is.
    let _exact = wake_exactly();
    let mut due_ns = clock::now_ns();
    while !ended.load(Ordering::Relaxed) {
        due_ns += PERIOD_NS;
        if clock_nanosleep_absolute(ClockId::Monotonic, &timespec(due_ns)).is_ok() {
            let now_ns = clock::now_ns();
            let late_ns = now_ns.saturating_sub(due_ns);
            let mut lateness = lateness.lock().unwrap_or_else(PoisonError::into_inner);
            clocks::record(&mut lateness, late_ns);
            due_ns = due_ns.max(now_ns - now_ns % PERIOD_NS);
        }
    }
}

/// Often enough to meet what workers meet, and too seldom to take anything from them.
const PERIOD_NS: u64 = 2_000_000;
