//! Lanes: tasks that play one thing after the other.
//!
//! There are as many as were ever needed at once. To make a task for each request would cost more
//! than to send it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::task::{Poll, Waker};

use tokio::task::spawn_local;

/// Things to play, and the tasks that play them.
pub(super) struct Lanes<T> {
    waiting: RefCell<VecDeque<T>>,
    /// Lanes with nothing to do.
    idle: RefCell<Vec<Waker>>,
    /// Things that wait or are being played.
    active: Cell<usize>,
}

impl<T: 'static> Lanes<T> {
    /// Nothing to play yet.
    pub(super) fn new() -> Self {
        Self {
            waiting: RefCell::default(),
            idle: RefCell::default(),
            active: Cell::default(),
        }
    }

    /// Whether there is something that waits or is being played.
    pub(super) fn is_active(&self) -> bool {
        self.active.get() > 0
    }

    /// Plays a thing, in a lane that is idle or a new one; `lane` makes the task of a new one.
    pub(super) fn play<F: Future<Output = ()> + 'static>(
        &self,
        thing: T,
        lane: impl FnOnce() -> F,
    ) {
        self.active.set(self.active.get() + 1);
        self.waiting.borrow_mut().push_back(thing);
        let idle = self.idle.borrow_mut().pop();
        match idle {
            Some(idle) => idle.wake(),
            None => drop(spawn_local(lane())),
        }
    }

    /// The next thing to play; called by lanes.
    pub(super) async fn next(&self) -> T {
        poll_fn(|context| match self.waiting.borrow_mut().pop_front() {
            Some(thing) => Poll::Ready(thing),
            None => {
                self.idle.borrow_mut().push(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Takes note that a thing was played; tells whether it was the last.
    pub(super) fn played(&self) -> bool {
        self.active.set(self.active.get() - 1);
        !self.is_active()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use tokio::sync::Notify;
    use tokio::task::LocalSet;

    use super::*;

    struct Played {
        lanes: Lanes<u32>,
        order: RefCell<Vec<u32>>,
        tasks: Cell<u32>,
        go_on: Notify,
    }

    async fn lane(played: Rc<Played>) {
        loop {
            let thing = played.lanes.next().await;
            if thing == 0 {
                played.go_on.notified().await;
            }
            played.order.borrow_mut().push(thing);
            played.lanes.played();
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn there_are_as_many_as_are_needed_at_once() {
        let played = Rc::new(Played {
            lanes: Lanes::new(),
            order: RefCell::default(),
            tasks: Cell::default(),
            go_on: Notify::new(),
        });
        let local = LocalSet::new();
        local
            .run_until(async {
                let play = |thing| {
                    let played = Rc::clone(&played);
                    let count = Rc::clone(&played);
                    played.lanes.play(thing, move || {
                        count.tasks.set(count.tasks.get() + 1);
                        lane(Rc::clone(&count))
                    });
                };
                for thing in 0..5 {
                    play(thing);
                    tokio::task::yield_now().await;
                }
                assert_eq!(*played.order.borrow(), [1, 2, 3, 4]);
                assert_eq!(played.tasks.get(), 2);
                played.go_on.notify_one();
                tokio::task::yield_now().await;
                assert_eq!(*played.order.borrow(), [1, 2, 3, 4, 0]);
                assert!(!played.lanes.is_active());
            })
            .await;
    }
}
