//! Turns at generating a schedule: far apart, and never over the same dates twice in a row.
//!
//! The gap is long enough for a replay at five times the speed not to overlap two generations.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{Span, civil::Date};
use tokio::time::Instant;

use crate::clock;
use crate::staging::TODAY;

/// Shared by all users of a run.
#[derive(Default)]
pub(super) struct Turns(Mutex<(u32, Option<Instant>)>);

impl Turns {
    /// The four weeks to generate, if it is time for another generation.
    pub(super) fn take(&self) -> Option<(Date, Date)> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}
