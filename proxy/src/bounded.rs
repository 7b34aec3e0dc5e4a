//! A table of counts by client, key, …, that a flood of newcomers cannot grow without end.
//!
//! When it is full, keys that are not in it share one cell until a sweep makes room; those already
//! known keep their own.

use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

pub(crate) struct Bounded<K, V> {
    cells: DashMap<K, V>,
    /// Kept apart because the map's own length locks every shard.
    length: AtomicUsize,
    capacity: usize,
    shared: V,
}

/// Room that is not worth giving back.
const SMALL: usize = 4096;

/// Parts of a table that are locked one at a time: enough that a sweep holds nobody up.
pub(crate) const SHARDS: usize = 64;

impl<K: Copy + Eq + Hash, V: Default> Bounded<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            cells: DashMap::with_shard_amount(SHARDS),
            length: AtomicUsize::new(0),
            capacity,
            shared: V::default(),
        }
    }

    /// The key's cell, which is made where there is none and room for one.
    pub(crate) fn with<T>(&self, key: K, change: impl FnOnce(&V) -> T) -> T {
        if let Some(cell) = self.cells.get(&key) {
            return change(&cell);
        }
        if self.is_full() {
            return change(&self.shared);
        }
        let cell = self.cells.entry(key).or_insert_with(|| {
            self.length.fetch_add(1, Ordering::Relaxed);
            V::default()
        });
        change(&cell)
    }

    /// The cell that counts for the key, if there is one already.
    pub(crate) fn look<T>(&self, key: K, look: impl FnOnce(&V) -> T) -> Option<T> {
        match self.cells.get(&key) {
            Some(cell) => Some(look(&cell)),
            None => self.is_full().then(|| look(&self.shared)),
        }
    }

    /// Forgets all but some, and gives back the room of a flood that has passed.
    pub(crate) fn retain(&self, keep: impl Fn(&V) -> bool) {
        self.cells.retain(|_, cell| {
            let keep = keep(cell);
            if !keep {
                self.length.fetch_sub(1, Ordering::Relaxed);
            }
            keep
        });
        let room = self.room();
        if room > SMALL && room / 8 > self.len() {
            self.cells.shrink_to_fit();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Entries that fit into the memory that it has.
    pub(crate) fn room(&self) -> usize {
        self.cells.capacity()
    }

    fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_share_when_it_is_full() {
        let table: Bounded<u8, AtomicUsize> = Bounded::new(2);
        let count = |key| table.with(key, |cell| cell.fetch_add(1, Ordering::Relaxed));
        let known = |key| table.look(key, |cell| cell.load(Ordering::Relaxed));
        assert_eq!(known(1), None);
        assert_eq!([1, 1, 2, 3, 4].map(count), [0, 1, 0, 0, 1]);
        assert_eq!([1, 2, 3].map(known), [Some(2), Some(1), Some(2)]);
        assert_eq!(table.len(), 2);
        table.retain(|cell| cell.load(Ordering::Relaxed) > 1);
        assert_eq!((table.len(), known(2), known(3)), (1, None, None));
    }

    #[test]
    fn the_room_of_a_flood_is_given_back() {
        let table: Bounded<u32, AtomicUsize> = Bounded::new(100_000);
        for key in 0..50_000 {
            table.with(key, |cell| cell.store(1, Ordering::Relaxed));
        }
        assert!(table.room() >= 50_000);
        table.retain(|_| true);
        assert!(table.room() >= 50_000);
        table.retain(|_| false);
        assert!(table.room() < SMALL);
    }
}
