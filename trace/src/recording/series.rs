//! Files of one recording, one after the other: their times are on one clock.

use std::time::{SystemTime, UNIX_EPOCH};

use super::random_name;
use crate::anonymize::{Key, Mode};
use crate::format::writer::hex;

/// The clock that captures of one recording share. Its zero says nothing about the time of day.
///
/// Drawn replacements: a clock of this recording's own, which begins with it. Derived ones: the
/// clock of the key, so that captures of several proxies and days can be put in order. It is the
/// wall clock, moved by centuries that only the key can tell.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name: captures of the same name can be put in order.
    pub(super) clock: String,
    /// Nanoseconds on it when the series begins.
    begins_ns: u64,
}

impl Series {
    /// Begins one now.
    pub fn new(mode: &Mode) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only time of day in this crate, and it is written nowhere"
        )]
        let now = SystemTime::now();
        Self::at(mode, now)
    }

    /// Begins one at this time of day.
    fn at(mode: &Mode, now: SystemTime) -> Self {
        match mode {
            Mode::Tokens => Self {
                clock: random_name(),
                begins_ns: 0,
            },
            Mode::Keyed(key) => Self {
                clock: hex(&key.derive("clock", b"name")[..16]),
                begins_ns: moved(key, now),
            },
        }
    }

    /// Nanoseconds on the clock, so long after the series began.
    pub(super) const fn at_ns(&self, since: u64) -> u64 {
        self.begins_ns.saturating_add(since)
    }
}

/// The wall clock in nanoseconds, and up to 292 years that are the key's.
fn moved(key: &Key, now: SystemTime) -> u64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    let mut offset = [0; 8];
    offset.copy_from_slice(&key.derive("clock", b"offset")[..8]);
    nanos.saturating_add(u64::from_le_bytes(offset) >> 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn keyed(text: &str) -> Mode {
        Mode::Keyed(Key::new(text).unwrap())
    }

    #[test]
    fn drawn_clocks_are_of_one_series_only_and_begin_with_it() {
        let (a, b) = (Series::new(&Mode::Tokens), Series::new(&Mode::Tokens));
        assert_ne!(a.clock, b.clock);
        assert_eq!((a.at_ns(0), a.at_ns(7)), (0, 7));
    }

    #[test]
    fn a_key_has_one_clock_that_does_not_tell_the_time() {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let later = now + Duration::from_secs(60);
        let mode = keyed(&"k".repeat(32));
        let (a, b) = (Series::at(&mode, now), Series::at(&mode, later));
        assert_eq!(a.clock, b.clock);
        // An hour into the first is 59 minutes into the second.
        let minute = 60_000_000_000;
        assert_eq!(a.at_ns(60 * minute), b.at_ns(59 * minute));
        let other = Series::at(&keyed(&"l".repeat(32)), now);
        assert_ne!(a.clock, other.clock);
        let apart = a.at_ns(0).abs_diff(other.at_ns(0));
        assert!(
            apart > 24 * 60 * minute,
            "one of the keys does not move the clock"
        );
        assert!(a.at_ns(0) > 1_790_000_000_000_000_000);
    }
}
