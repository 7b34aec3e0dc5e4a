//! The one place that reads a clock.
//!
//! Everything else takes a [`Moment`]: nanoseconds from the start of the process, monotonic.

use std::ops::Add;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

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

/// What a clock on the wall shows in a time zone, for limits with hours only.
pub(crate) fn time_of_day(zone: &TimeZone) -> Time {
    shown_at(unix_seconds(), zone)
}

fn shown_at(unix_second: i64, zone: &TimeZone) -> Time {
    let at = Timestamp::from_second(unix_second).unwrap_or(Timestamp::MAX);
    zone.to_datetime(at).time()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn the_time_of_day_follows_the_zone_and_its_summer_time() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let check = |at: &str, hour, minute| {
            let second = at.parse::<Timestamp>().unwrap().as_second();
            assert_eq!(shown_at(second, &berlin), time(hour, minute, 0, 0), "{at}");
        };
        check("2027-01-15T08:00:00Z", 9, 0);
        check("2027-07-15T08:00:00Z", 10, 0);
        // The hour from two to three is not there in March, and comes twice in October.
        check("2027-03-28T00:59:00Z", 1, 59);
        check("2027-03-28T01:00:00Z", 3, 0);
        check("2027-10-31T00:30:00Z", 2, 30);
        check("2027-10-31T01:30:00Z", 2, 30);
    }
}
