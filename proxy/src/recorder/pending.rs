//! A tap that cannot get lost: however its request ends, the recorder hears of it.
//!
//! A request that is cut off is simply dropped; dropping this offers what there is.

use std::sync::Arc;
use std::time::Duration;

use super::Intake;
use super::tap::Tap;
use crate::clock::Moment;

/// A tap on a request that has not ended yet.
pub(crate) struct Pending {
    /// There until it is settled.
    tap: Option<Box<Tap>>,
    intake: Arc<Intake>,
    began: Moment,
}

impl Pending {
    pub(crate) fn new(tap: Box<Tap>, intake: Arc<Intake>, began: Moment) -> Self {
        intake.tally.begins();
        Self {
            tap: Some(tap),
            intake,
            began,
        }
    }

    pub(crate) fn tap(&mut self) -> Option<&mut Tap> {
        self.tap.as_deref_mut()
    }

    /// The request has come to its end, or was broken off.
    pub(crate) fn settle(mut self, first_byte: Duration, total: Duration, aborted: bool) {
        self.offer(first_byte, total, aborted);
    }

    /// The request is not to be recorded after all.
    pub(crate) fn discard(mut self) {
        if self.tap.take().is_some() {
            self.intake.tally.called_off();
        }
    }

    fn offer(&mut self, first_byte: Duration, total: Duration, aborted: bool) {
        if let Some(mut tap) = self.tap.take() {
            tap.finish(first_byte, total, aborted);
            self.intake.take(&tap);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let total = Duration::from_nanos(self.intake.clock.now().nanos_since(self.began));
        self.offer(total, total, true);
    }
}
