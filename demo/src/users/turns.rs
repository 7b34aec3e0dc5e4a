//! Whose turn it is where users would get in each other's way: at deciding, at generating a schedule.
//!
//! Generations are far enough apart for a replay at five times the speed not to overlap two.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{Span, civil::Date};
use tokio::time::Instant;

use crate::clock;
use crate::staging::TODAY;

/// Shared by all users of a run.
#[derive(Default)]
pub(super) struct Turns {
    generations: Mutex<(u32, Option<Instant>)>,
    decided: Mutex<HashSet<String>>,
}

impl Turns {
    /// The four weeks to generate, never the same twice in a row, if it is time for another generation.
    pub(super) fn take(&self) -> Option<(Date, Date)> {
        let mut state = lock(&self.generations);
        let (count, last) = *state;
        let now = clock::now();
        if last.is_some_and(|last| now < last + GAP) {
            return None;
        }
        *state = (count + 1, Some(now));
        let period = i64::from(count % PERIODS);
        let start = TODAY.saturating_add(Span::new().days(28 * (period + 1)));
        Some((start, start.saturating_add(Span::new().days(27))))
    }

    /// Whether nobody else is about to decide on what has this id.
    pub(super) fn decides(&self, id: &str) -> bool {
        lock(&self.decided).insert(id.to_owned())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const GAP: Duration = Duration::from_secs(8);
const PERIODS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_turn_waits() {
        let turns = Turns::default();
        assert!(turns.take().is_some());
        assert_eq!(turns.take(), None);
    }

    #[test]
    fn one_user_decides() {
        let turns = Turns::default();
        assert!(turns.decides("a") && turns.decides("b"));
        assert!(!turns.decides("a"));
    }
}
