//! Until when something has to happen, for many connections at once.
//!
//! A timer for each request would cost more than many a request. Here a sweep now and then looks at
//! all that wait; who is past its time is woken.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock;
use crate::settings::Timeouts;

use super::super::outcome::Failure;

/// What one connection waits for.
#[derive(Debug)]
pub(super) struct Deadline {
    /// When that is too late; `u64::MAX` is never.
    at_ns: Cell<u64>,
    /// When the answer as a whole is too late, once it has begun to come.
    whole_ns: Cell<u64>,
    failure: Cell<Failure>,
    waker: RefCell<Option<Waker>>,
    /// Nobody waits any more.
    abandoned: Cell<bool>,
}

impl Deadline {
    fn new(abandoned: bool) -> Self {
        Self {
            at_ns: Cell::new(u64::MAX),
            abandoned: Cell::new(abandoned),
            whole_ns: Cell::new(u64::MAX),
            failure: Cell::new(Failure::Timeout),
            waker: RefCell::new(None),
        }
    }

    /// Something has to be done within this time, or it is that failure.
    pub(super) fn within(&self, time: Duration, failure: Failure) {
        self.at_ns.set(after(clock::now_ns(), time));
        self.failure.set(failure);
    }

    /// A request was sent: its answer has to begin, and to be complete, in time.
    pub(super) fn sent(&self, timeouts: &Timeouts, now_ns: u64) {
        let whole_ns = after(now_ns, timeouts.request);
        self.whole_ns.set(whole_ns);
        match timeouts.answer.map(|answer| after(now_ns, answer)) {
            Some(first_ns) if first_ns < whole_ns => {
                self.at_ns.set(first_ns);
                self.failure.set(Failure::TimeoutAnswer);
            }
            _ => self.begun(),
        }
    }

    /// The answer has begun to come, which is news only once: more of it must not undo that it is
    /// too late.
    pub(super) fn has_answer(&self) {
        if self.failure.get() == Failure::TimeoutAnswer {
            self.begun();
        }
    }

    fn begun(&self) {
        self.at_ns.set(self.whole_ns.get());
        self.failure.set(Failure::Timeout);
    }

    /// Nothing is waited for any more.
    pub(super) fn clear(&self) {
        self.at_ns.set(u64::MAX);
    }

    /// What it means to be too late.
    pub(super) const fn failure(&self) -> Failure {
        if self.abandoned.get() {
            return Failure::Interrupted;
        }
        self.failure.get()
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Ready when it is too late.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.abandoned.get() || self.at_ns.get() == 0 {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|known| known.will_wake(context.waker()))
        {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

/// The deadlines of all connections of a worker.
#[derive(Debug)]
pub(super) struct Deadlines {
    all: RefCell<Vec<Weak<Deadline>>>,
    abandoned: Cell<bool>,
}

impl Deadlines {
    /// There are none yet.
    pub(super) fn new() -> Self {
        Self {
            all: RefCell::default(),
            abandoned: Cell::default(),
        }
    }

    /// One more, for as long as somebody holds it.
    pub(super) fn add(&self) -> Rc<Deadline> {
        let deadline = Rc::new(Deadline::new(self.abandoned.get()));
        self.all.borrow_mut().push(Rc::downgrade(&deadline));
        deadline
    }

    /// Wakes all who are past their time.
    pub(super) fn sweep(&self, now_ns: u64) {
        self.each(|deadline| {
            if deadline.at_ns.get() <= now_ns {
                deadline.at_ns.set(0);
                deadline.wake();
            }
        });
    }

    /// Lets nobody wait any more.
    pub(super) fn abandon(&self) {
        self.abandoned.set(true);
        self.each(|deadline| {
            deadline.abandoned.set(true);
            deadline.wake();
        });
    }

    fn each(&self, act: impl Fn(&Deadline)) {
        let mut all = self.all.borrow_mut();
        all.retain(|deadline| {
            deadline
                .upgrade()
                .inspect(|deadline| act(deadline))
                .is_some()
        });
    }
}

/// How often to sweep: nobody is given up before its time, nor later by more than a twentieth.
pub(super) fn period(timeouts: &Timeouts) -> Duration {
    let each = [
        Some(timeouts.connect),
        Some(timeouts.request),
        timeouts.answer,
    ];
    let shortest = each.into_iter().flatten().min().unwrap_or_default();
    (shortest / 20).clamp(Duration::from_millis(1), Duration::from_millis(100))
}

fn after(now_ns: u64, time: Duration) -> u64 {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    now_ns.saturating_add(ns).min(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        connect: Duration::from_nanos(100),
        request: Duration::from_nanos(100),
        answer: Some(Duration::from_nanos(10)),
    };

    fn is_late(deadline: &Deadline) -> bool {
        deadline
            .poll(&Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn an_answer_that_begins_in_time_may_take_all_of_it() {
        let deadlines = Deadlines::new();
        let deadline = deadlines.add();
        deadline.sent(&TIMEOUTS, 0);
        deadlines.sweep(9);
        assert!(!is_late(&deadline));
        deadline.has_answer();
        deadlines.sweep(99);
        assert!(!is_late(&deadline));
        deadlines.sweep(100);
        assert!(is_late(&deadline));
        assert_eq!(deadline.failure(), Failure::Timeout);
    }

    #[test]
    fn an_answer_that_never_stops_coming_is_too_late_all_the_same() {
        let deadlines = Deadlines::new();
        let deadline = deadlines.add();
        deadline.sent(&TIMEOUTS, 0);
        deadline.has_answer();
        deadlines.sweep(100);
        deadline.has_answer();
        assert!(is_late(&deadline));
    }

    #[test]
    fn silence_is_too_late_sooner() {
        let deadlines = Deadlines::new();
        let deadline = deadlines.add();
        deadline.sent(&TIMEOUTS, 0);
        deadlines.sweep(10);
        assert!(is_late(&deadline));
        assert_eq!(deadline.failure(), Failure::TimeoutAnswer);
    }
    #[test]
    fn an_answer_that_may_begin_after_all_its_time_is_a_timeout() {
        let deadlines = Deadlines::new();
        let deadline = deadlines.add();
        let timeouts = Timeouts {
            answer: Some(Duration::from_nanos(500)),
            ..TIMEOUTS
        };
        deadline.sent(&timeouts, 0);
        deadlines.sweep(100);
        assert!(is_late(&deadline));
        assert_eq!(deadline.failure(), Failure::Timeout);
    }

    #[test]
    fn who_comes_when_nobody_waits_any_more_does_not_wait() {
        let deadlines = Deadlines::new();
        let before = deadlines.add();
        assert!(!is_late(&before));
        deadlines.abandon();
        for deadline in [before, deadlines.add()] {
            assert!(is_late(&deadline));
            assert_eq!(deadline.failure(), Failure::Interrupted);
        }
    }

    #[test]
    fn sweeps_are_as_frequent_as_the_shortest_time_asks_for() {
        let ms = Duration::from_millis;
        let of = |connect, request, answer: Option<u64>| {
            period(&Timeouts {
                connect: ms(connect),
                request: ms(request),
                answer: answer.map(ms),
            })
        };
        assert_eq!(of(10_000, 60_000, None), ms(100));
        assert_eq!(of(10_000, 60_000, Some(400)), ms(20));
        assert_eq!(of(10_000, 200, Some(400)), ms(10));
        assert_eq!(of(5, 200, None), ms(1));
    }
}
