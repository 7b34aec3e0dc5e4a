//! The time that benchmarks go by: the clock that replay goes by too.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Since a point that never changes while the machine is up.
pub(crate) fn now() -> Duration {
    // It is never negative.
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}
