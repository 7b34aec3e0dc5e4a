//! The one clock of a run: nanoseconds of `CLOCK_MONOTONIC`.
//!
//! The same clock that the pacer's timer is armed with, so that deadlines and stamps compare.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since an arbitrary point that never changes while the machine is up.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(now.tv_nsec).unwrap_or_default();
    seconds * NANOS_PER_SECOND + nanos
}

/// Whole nanoseconds; what is none, or too many, becomes the nearest that there is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float that does not fit becomes the nearest number that does"
)]
pub(crate) const fn whole_ns(ns: f64) -> u64 {
    ns as u64
}

/// Nanoseconds in a second.
pub(crate) const NANOS_PER_SECOND: u64 = 1_000_000_000;
