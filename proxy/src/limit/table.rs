//! The bounded table behind a rate limit: one cell for each key.
//!
//! When it is full, keys that are not in it share one cell until a sweep makes room: a flood of
//! addresses costs no memory, and those already known keep their own count.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::LimitKey;

pub(crate) struct Table {
    cells: DashMap<LimitKey, Cell>,
    /// Kept apart because the map's own length locks every shard.
    length: AtomicUsize,
    capacity: usize,
    shared: Cell,
}

impl Table {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            cells: DashMap::new(),
            length: AtomicUsize::new(0),
            capacity,
            shared: Cell::default(),
        }
    }
}

impl StateStore for Table {
    type Key = LimitKey;

    fn measure_and_replace<T, F, E>(&self, key: &LimitKey, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if let Some(cell) = self.cells.get(key) {
            return cell.replace(decide);
        }
        if self.length.load(Ordering::Relaxed) >= self.capacity {
            return self.shared.replace(decide);
        }
        let cell = self.cells.entry(*key).or_insert_with(|| {
            self.length.fetch_add(1, Ordering::Relaxed);
            Cell::default()
        });
        cell.replace(decide)
    }
}

impl ShrinkableKeyedStateStore<LimitKey> for Table {
    fn retain_recent(&self, drop_below: Nanos) {
        self.cells.retain(|_, cell| {
            let keep = cell.0.load(Ordering::Relaxed) > drop_below.as_u64();
            if !keep {
                self.length.fetch_sub(1, Ordering::Relaxed);
            }
            keep
        });
    }

    fn shrink_to_fit(&self) {
        self.cells.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// When the next request would be due if all came evenly, in nanoseconds; 0 before the first.
#[derive(Default)]
struct Cell(AtomicU64);

impl Cell {
    fn replace<T, E>(
        &self,
        decide: impl Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    ) -> Result<T, E> {
        let mut before = self.0.load(Ordering::Relaxed);
        loop {
            let known = (before != 0).then(|| Nanos::new(before));
            let (outcome, after) = decide(known)?;
            match self.0.compare_exchange_weak(
                before,
                after.as_u64(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(outcome),
                Err(current) => before = current,
            }
        }
    }
}
