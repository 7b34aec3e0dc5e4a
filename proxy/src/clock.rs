//! The one place that reads a clock.
//!
//! Everything else takes a [`Moment`]: nanoseconds from the start of the process, monotonic.

use std::ops::Add;
use std::time::{Duration, Instant, SystemTime};

use governor::nanos::Nanos;

/// A monotonic clock that counts from its own creation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub(crate) fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(nanoseconds(self.origin.elapsed()))
    }
}

/// Rate limits read the same clock as everything else.
impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.now().0)
    }
}

/// Nanoseconds since the clock's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    #[cfg(test)]
    pub(crate) const START: Self = Self(0);

    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Nanoseconds from `earlier` to here; 0 when it is not earlier.
    pub(crate) const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Time from here to `later`; zero when it is not later.
    pub(crate) const fn until(self, later: Self) -> Duration {
        Duration::from_nanos(later.0.saturating_sub(self.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(duration)))
    }
}

/// Seconds since 1970, for comparing with dates in the configuration only.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

/// Nanoseconds since 1970, for the time of day in the access log only.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub(crate) fn unix_nanos() -> i128 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(0))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
