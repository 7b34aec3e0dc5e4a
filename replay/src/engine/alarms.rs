//! Alarms: tasks that sleep until a moment of [`crate::clock`], all on one timer.
//!
//! The pacer owns the timer. It asks when the next alarm is, and wakes those whose time has come.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use tokio::sync::Notify;

use crate::clock;

/// The alarms of a worker.
#[derive(Default)]
pub(super) struct Alarms {
    waiting: RefCell<BinaryHeap<Reverse<Alarm>>>,
    /// Told when there is a new one.
    pub(super) news: Notify,
    /// Nobody sleeps any more.
    closed: Cell<bool>,
}

struct Alarm {
    at_ns: u64,
    waker: Waker,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at_ns == other.at_ns
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at_ns.cmp(&other.at_ns)
    }
}

impl Alarms {
    /// Returns when the clock has reached this moment, or at the end of everything.
    pub(super) async fn sleep_until(&self, at_ns: u64) {
        poll_fn(|context| {
            if self.closed.get() || clock::now_ns() >= at_ns {
                return Poll::Ready(());
            }
            let waker = context.waker().clone();
            self.waiting
                .borrow_mut()
                .push(Reverse(Alarm { at_ns, waker }));
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
        waiting.peek().map(|Reverse(alarm)| alarm.at_ns)
    }

    /// Wakes all whose time has come.
    pub(super) fn ring(&self, now_ns: u64) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(Reverse(alarm)) = waiting
            .peek()
            .filter(|Reverse(alarm)| alarm.at_ns <= now_ns)
        {
            alarm.waker.wake_by_ref();
            waiting.pop();
        }
    }
}
