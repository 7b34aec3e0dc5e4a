//! How long something is waited for; the one door through which this crate reads the time.

use std::time::{Duration, Instant};

/// When patience ends.
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub fn after(patience: Duration) -> Self {
        Self(now() + patience)
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        now() >= self.0
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn now() -> Instant {
    Instant::now()
}
