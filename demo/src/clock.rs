//! The one door through which this crate reads the time.
//!
//! Only a monotonic clock: dates come from a fixed academic calendar, never from the wall.

use tokio::time::Instant;

/// The present moment, on tokio's clock so that tests may pause it.
pub(crate) fn now() -> Instant {
    Instant::now()
}
