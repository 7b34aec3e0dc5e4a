//! How many of something there may be at once, within a worker.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// Room for so many.
pub(super) struct Slots(Rc<Room>);

struct Room {
    free: Cell<usize>,
    /// How many wait.
    waiting: Cell<usize>,
    /// Told when there is something new for those who wait.
    news: Notify,
}

/// The right to be one of them.
pub(super) struct Slot(Rc<Room>);

impl Slots {
    /// Room for so many; without a number for any.
    pub(super) fn new(most: Option<usize>) -> Self {
        Self(Rc::new(Room {
            free: Cell::new(most.unwrap_or(usize::MAX)),
            waiting: Cell::default(),
            news: Notify::new(),
        }))
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.0.free.get() > 0
    }

    /// How many more there is room for.
    pub(super) fn free(&self) -> usize {
        self.0.free.get()
    }

    /// Room for one more, if there is any.
    pub(super) fn try_take(&self) -> Option<Slot> {
        let free = self.0.free.get().checked_sub(1)?;
        self.0.free.set(free);
        Some(Slot(Rc::clone(&self.0)))
    }

    /// Room for one more, in the order of asking.
    pub(super) async fn take(&self) -> Slot {
        let mut waited = false;
        loop {
            if (waited || !self.is_awaited())
                && let Some(slot) = self.try_take()
            {
                return slot;
            }
            waited = true;
            self.changed().await;
        }
    }

    /// Whether somebody waits, whom nobody who comes later may overtake.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.waiting.get() > 0
    }

    /// Returns when there may be room, or something else that was [told](Self::tell).
    pub(super) async fn changed(&self) {
        let _waiting = Waiting::new(&self.0.waiting);
        self.0.news.notified().await;
    }

    /// Wakes one who waits.
    pub(super) fn tell(&self) {
        self.0.news.notify_one();
    }

    /// Wakes all who wait.
    pub(super) fn tell_all(&self) {
        self.0.news.notify_waiters();
    }
}

/// One who waits, until it has its turn or gives up.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.news.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn who_comes_later_does_not_overtake_who_waits() {
        let slots = Slots::new(Some(1));
        let slot = slots.try_take().unwrap();
        let (mut first, mut second) = (pin!(slots.take()), pin!(slots.take()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(slots.is_awaited());
        drop(slot);
        // There is room, and it is for the one who asked before.
        assert!(slots.has_room());
        assert!(second.as_mut().poll(&mut context).is_pending());
        let Poll::Ready(slot) = first.as_mut().poll(&mut context) else {
            panic!("its turn");
        };
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(slot);
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(!slots.is_awaited());
    }

    #[test]
    fn news_wake_one_or_all() {
        let slots = Slots::new(None);
        let (mut first, mut second) = (pin!(slots.changed()), pin!(slots.changed()));
        let mut context = Context::from_waker(Waker::noop());
        let mut ready = || {
            let first = first.as_mut().poll(&mut context).is_ready();
            (first, second.as_mut().poll(&mut context).is_ready())
        };
        assert_eq!(ready(), (false, false));
        slots.tell_all();
        assert_eq!(ready(), (true, true));
        let (mut first, mut second) = (pin!(slots.changed()), pin!(slots.changed()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        slots.tell();
        assert!(first.as_mut().poll(&mut context).is_ready());
        assert!(second.as_mut().poll(&mut context).is_pending());
    }
}
