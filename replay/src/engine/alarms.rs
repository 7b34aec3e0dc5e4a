//! Alarms: tasks that sleep until a moment of [`crate::clock`], all on one timer.
//!
//! The pacer owns the timer. It asks when the next alarm is, and wakes those whose time has come.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use tokio::sync::Notify;

use crate::clock;
use crate::heap::Heap;

/// The alarms of a worker.
#[derive(Default)]
pub(super) struct Alarms {
    /// By the time at which they are woken.
    waiting: RefCell<Heap<u64, Waker>>,
    /// Told when there is a new one.
    pub(super) news: Notify,
    /// Nobody sleeps any more.
    closed: Cell<bool>,
}

impl Alarms {
    /// Returns when the clock has reached this moment, or at the end of everything.
    pub(super) async fn sleep_until(&self, at_ns: u64) {
        poll_fn(|context| {
            if self.closed.get() || clock::now_ns() >= at_ns {
                return Poll::Ready(());
            }
            let waker = context.waker().clone();
            self.waiting.borrow_mut().push(at_ns, waker);
            self.news.notify_one();
            Poll::Pending
        })
        .await;
    }

    /// Wakes all, for good.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.ring(u64::MAX);
    }

    /// When the next one is.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let waiting = self.waiting.borrow();
        waiting.peek().map(|(&at_ns, _)| at_ns)
    }

    /// Wakes all whose time has come.
    pub(super) fn ring(&self, now_ns: u64) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(waker) = waiting.pop_if(|&at_ns| at_ns <= now_ns) {
            waker.wake();
        }
    }
}
