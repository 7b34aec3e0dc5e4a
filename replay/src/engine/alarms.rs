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

    /// Moves all to later.
    pub(super) fn postpone(&self, by_ns: u64) {
        let mut waiting = self.waiting.borrow_mut();
        let mut later = Heap::default();
        while let Some((&at_ns, _)) = waiting.peek()
            && let Some(waker) = waiting.pop()
        {
            later.push(at_ns.saturating_add(by_ns), waker);
        }
        *waiting = later;
    }

    /// Wakes all whose time has come.
    pub(super) fn ring(&self, now_ns: u64) {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(waker) = waiting.pop_if(|&at_ns| at_ns <= now_ns) {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    /// Remembers whether it was woken.
    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    const HOUR_NS: u64 = 3_600_000_000_000;

    #[test]
    fn all_whose_time_has_come_are_woken_and_nobody_else() {
        let alarms = Alarms::default();
        let now_ns = clock::now_ns();
        let woken = [2, 3, 1].map(|hours| {
            let woken = Arc::<Woken>::default();
            let waker = Waker::from(Arc::clone(&woken));
            let sleep = pin!(alarms.sleep_until(now_ns + hours * HOUR_NS));
            let mut context = Context::from_waker(&waker);
            assert!(sleep.poll(&mut context).is_pending());
            woken
        });
        let ring = |hours: u64| {
            alarms.ring(now_ns + hours * HOUR_NS);
            woken.each_ref().map(|it| it.0.load(Ordering::Relaxed))
        };
        assert_eq!(alarms.next_ns(), Some(now_ns + HOUR_NS));
        assert_eq!(ring(0), [false, false, false]);
        assert_eq!(ring(2), [true, false, true]);
        assert_eq!(alarms.next_ns(), Some(now_ns + 3 * HOUR_NS));
        assert_eq!(ring(4), [true; 3]);
        assert_eq!(alarms.next_ns(), None);
    }

    #[test]
    fn the_pacer_is_told_of_each_and_at_the_end_nobody_sleeps() {
        let alarms = Alarms::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut sleep = pin!(alarms.sleep_until(u64::MAX));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert!(pin!(alarms.news.notified()).poll(&mut context).is_ready());
        alarms.close();
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        let late = pin!(alarms.sleep_until(u64::MAX));
        assert!(late.poll(&mut context).is_ready());
    }
}
