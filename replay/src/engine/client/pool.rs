//! Connections that wait to be used again, and how many there may be.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::super::slots::{Slot, Slots};
use super::{EVERYBODY, Key};

/// The idle connections, by whom they are for, and room for more.
pub(super) struct Pool<T> {
    for_everybody: RefCell<Vec<Idle<T>>>,
    for_one: RefCell<HashMap<Key, Vec<Idle<T>>, RandomState>>,
    slots: Slots,
}

type Idle<T> = (T, Slot);

/// What there is for somebody who needs a connection.
pub(super) enum Got<T> {
    /// One that is idle. The last one that was used comes first.
    Idle(T, Slot),
    /// Room to open one.
    Room(Slot),
}

impl<T> Pool<T> {
    /// Nothing is open yet; `most` may be.
    pub(super) fn new(most: Option<usize>) -> Self {
        Self {
            for_everybody: RefCell::default(),
            for_one: RefCell::default(),
            slots: Slots::new(most),
        }
    }

    /// A connection or room for one, without waiting. Where there is neither, one that is idle for
    /// somebody else makes room.
    pub(super) fn try_get(&self, key: Key) -> Option<Got<T>> {
        if let Some((connection, slot)) = self.idle(key) {
            return Some(Got::Idle(connection, slot));
        }
        if let Some(slot) = self.slots.try_take() {
            return Some(Got::Room(slot));
        }
        let mut others = self.for_one.borrow_mut();
        others.retain(|_, connections| !connections.is_empty());
        let other = others.values_mut().find_map(Vec::pop);
        let other = other.or_else(|| self.for_everybody.borrow_mut().pop());
        other.map(|(_closed, slot)| Got::Room(slot))
    }

    /// The same, in the order of asking; tells whether it had to wait.
    pub(super) async fn get(&self, key: Key) -> (Got<T>, bool) {
        let mut waited = false;
        loop {
            if (waited || !self.slots.is_awaited())
                && let Some(got) = self.try_get(key)
            {
                return (got, waited);
            }
            waited = true;
            self.slots.changed().await;
        }
    }

    /// Keeps a connection for later.
    pub(super) fn put(&self, key: Key, connection: T, slot: Slot) {
        let idle = (connection, slot);
        if key == EVERYBODY {
            self.for_everybody.borrow_mut().push(idle);
        } else {
            self.for_one.borrow_mut().entry(key).or_default().push(idle);
        }
        self.slots.tell();
    }

    /// Whether one more could be opened.
    pub(super) fn has_room(&self) -> bool {
        self.slots.has_room()
    }

    /// Room for one more connection, if there is any.
    pub(super) fn slot(&self) -> Option<Slot> {
        self.slots.try_take()
    }

    /// Returns when there may be room, or something else that was told.
    pub(super) async fn changed(&self) {
        self.slots.changed().await;
    }

    /// Wakes one who waits.
    pub(super) fn tell(&self) {
        self.slots.tell();
    }

    /// Wakes all who wait.
    pub(super) fn tell_all(&self) {
        self.slots.tell_all();
    }

    fn idle(&self, key: Key) -> Option<Idle<T>> {
        if key == EVERYBODY {
            self.for_everybody.borrow_mut().pop()
        } else {
            self.for_one.borrow_mut().get_mut(&key)?.pop()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn opened<T>(got: Option<Got<T>>) -> Slot {
        match got {
            Some(Got::Room(place)) => place,
            Some(Got::Idle(..)) => panic!("an idle one"),
            None => panic!("no room"),
        }
    }

    #[test]
    fn the_last_one_used_comes_first_and_only_for_whom_it_is() {
        let pool = Pool::new(None);
        let (first, second) = (opened(pool.try_get(1)), opened(pool.try_get(1)));
        pool.put(1, "first", first);
        pool.put(1, "second", second);
        assert!(matches!(pool.try_get(2), Some(Got::Room(_))));
        let Some(Got::Idle("second", _place)) = pool.try_get(1) else {
            panic!("the last one");
        };
    }

    #[test]
    fn a_full_pool_closes_what_is_idle_for_others_and_then_makes_wait() {
        let pool = Pool::new(Some(1));
        let place = opened(pool.try_get(1));
        assert!(pool.try_get(2).is_none());
        pool.put(1, "idle", place);
        let place = opened(pool.try_get(2));
        let mut waiting = pin!(pool.get(3));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(place);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn what_is_idle_for_everybody_makes_room_too() {
        let pool = Pool::new(Some(1));
        let place = opened(pool.try_get(EVERYBODY));
        pool.put(EVERYBODY, "idle", place);
        let place = opened(pool.try_get(1));
        assert!(pool.try_get(EVERYBODY).is_none());
        pool.put(1, "idle", place);
        let _place = opened(pool.try_get(EVERYBODY));
    }

    #[test]
    fn who_comes_later_does_not_overtake_who_waits() {
        let pool = Pool::<()>::new(Some(1));
        let place = opened(pool.try_get(1));
        let (mut first, mut second) = (pin!(pool.get(1)), pin!(pool.get(2)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        drop(place);
        assert!(second.as_mut().poll(&mut context).is_pending());
        let Poll::Ready((Got::Room(place), true)) = first.as_mut().poll(&mut context) else {
            panic!("its turn");
        };
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(place);
        assert!(second.as_mut().poll(&mut context).is_ready());
    }
}
