//! What governor keeps of each key: one cell in a bounded table.
//!
//! A request may be counted, or only looked at as if it were.

use std::sync::atomic::{AtomicU64, Ordering};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::LimitKey;
use crate::bounded::Bounded;

pub(crate) struct Table {
    cells: Bounded<LimitKey, Cell>,
}

/// A question to the limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// A request that counts if it passes.
    Counted(LimitKey),
    /// Whether one would pass now.
    Only(LimitKey),
}

impl Table {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            cells: Bounded::new(capacity),
        }
    }
}

impl StateStore for Table {
    type Key = Asked;

    fn measure_and_replace<T, F, E>(&self, asked: &Asked, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        match *asked {
            Asked::Counted(key) => self.cells.with(key, |cell| cell.replace(decide)),
            Asked::Only(key) => {
                let known = self.cells.look(key, Cell::known).flatten();
                decide(known).map(|(outcome, _unused)| outcome)
            }
        }
    }
}

impl ShrinkableKeyedStateStore<Asked> for Table {
    fn retain_recent(&self, drop_below: Nanos) {
        self.cells
            .retain(|cell| cell.0.load(Ordering::Relaxed) > drop_below.as_u64());
    }

    fn shrink_to_fit(&self) {
        self.cells.shrink();
    }

    fn len(&self) -> usize {
        self.cells.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// When the next request would be due if all came evenly, in nanoseconds; 0 before the first.
#[derive(Default)]
struct Cell(AtomicU64);

impl Cell {
    fn known(&self) -> Option<Nanos> {
        known(self.0.load(Ordering::Relaxed))
    }

    fn replace<T, E>(
        &self,
        decide: impl Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    ) -> Result<T, E> {
        let mut before = self.0.load(Ordering::Relaxed);
        loop {
            let (outcome, after) = decide(known(before))?;
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

fn known(value: u64) -> Option<Nanos> {
    (value != 0).then(|| Nanos::new(value))
}
