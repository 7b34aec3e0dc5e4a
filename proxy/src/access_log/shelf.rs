//! Where requests leave their entries until the log's thread comes by: one shelf for each thread.
//!
//! What is on a shelf is bounded in bytes. Its buffers are used again.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::entry::Entry;
use super::lock;
use super::pack::Pack;
use crate::server::worker;

/// All shelves.
pub(super) struct Shelves {
    shelves: Box<[Shelf]>,
    /// Bytes that a shelf holds at most.
    room: usize,
}

/// The log's thread holds the lock for one exchange of pointers, ten times a second.
#[repr(align(128))]
#[derive(Default)]
struct Shelf(Mutex<Pack>);

/// Bytes of entries that may wait, over all shelves.
const ROOM: usize = 32 * 1024 * 1024;

impl Shelves {
    pub(super) fn new() -> Self {
        let count = worker::count();
        Self::with_room(count, ROOM / count)
    }

    pub(super) fn with_room(count: usize, room: usize) -> Self {
        Self {
            shelves: (0..count).map(|_| Shelf::default()).collect(),
            room,
        }
    }

    /// Leaves an entry on the shelf of this thread; false when there is no room.
    pub(super) fn put(&self, entry: &Entry<'_>) -> bool {
        let shelf = &self.shelves[thread_number() % self.shelves.len()];
        let mut pack = lock(&shelf.0);
        let fits = pack.bytes() < self.room;
        if fits {
            pack.push(entry);
        }
        fits
    }

    /// Takes what is on each shelf, and leaves it to `read`.
    pub(super) fn clear(&self, mut read: impl FnMut(&Pack)) {
        let mut spare = Pack::default();
        for shelf in &self.shelves {
            std::mem::swap(&mut *lock(&shelf.0), &mut spare);
            read(&spare);
            spare.empty();
        }
    }
}

/// A number for each thread that asks, from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get()
}
