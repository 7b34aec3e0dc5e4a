//! Where requests leave things until a thread of ours comes by: one shelf for each worker.
//!
//! Nobody is woken and nothing is allocated for a request: what a shelf holds is packed into
//! buffers that are used again.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::server::worker;

/// All shelves. `P` is what one holds.
pub(crate) struct Shelves<P> {
    shelves: Box<[Shelf<P>]>,
}

/// Locked for one exchange of pointers by who comes by, and otherwise used by one thread.
#[repr(align(128))]
#[derive(Default)]
struct Shelf<P>(Mutex<P>);

impl<P: Default> Shelves<P> {
    /// One for each worker, all empty.
    pub(crate) fn new() -> Self {
        Self::of(worker::count())
    }

    pub(crate) fn of(count: usize) -> Self {
        Self {
            shelves: (0..count).map(|_| Shelf::default()).collect(),
        }
    }

    /// The part of `all` that each shelf may have.
    pub(crate) fn share(&self, all: usize) -> usize {
        all / self.shelves.len()
    }

    /// Puts something on the shelf of this thread.
    pub(crate) fn put<T>(&self, put: impl FnOnce(&mut P) -> T) -> T {
        put(&mut lock(
            &self.shelves[thread_number() % self.shelves.len()],
        ))
    }

    /// As many, empty, as there are shelves.
    pub(crate) fn spare(&self) -> Box<[P]> {
        self.shelves.iter().map(|_| P::default()).collect()
    }

    /// Takes what is on the shelves, and leaves there what came in `full`. All at one moment:
    /// what is left behind was put there after all that is taken.
    pub(crate) fn take(&self, full: &mut [P]) {
        let mut shelves: Vec<_> = self.shelves.iter().map(lock).collect();
        for (shelf, full) in shelves.iter_mut().zip(full) {
            std::mem::swap(&mut **shelf, full);
        }
    }
}

/// What is behind the lock is whole at every moment.
fn lock<P>(shelf: &Shelf<P>) -> MutexGuard<'_, P> {
    shelf.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number for each thread that asks, from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Of two things that are put one after the other, by whatever threads, the second is never
    /// taken without the first.
    #[test]
    fn what_is_taken_was_there_before_what_is_left() {
        const COUNT: usize = 300_000;
        let shelves = Shelves::<Vec<usize>>::of(64);
        let next = AtomicUsize::new(0);
        let number = |shelf: &mut Vec<usize>| {
            let number = next.fetch_add(1, Ordering::SeqCst);
            shelf.push(number);
            number
        };
        let mut seen = 0;
        thread::scope(|scope| {
            let putting = || while shelves.put(number) < COUNT {};
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(putting)).collect();
            let mut full = shelves.spare();
            while seen < COUNT {
                shelves.take(&mut full);
                let mut taken: Vec<_> = full.iter_mut().flat_map(std::mem::take).collect();
                taken.sort_unstable();
                assert!(taken.iter().copied().eq(seen..seen + taken.len()));
                seen += taken.len();
            }
            drop(threads);
        });
    }
}
