//! The recorder's thread: takes taps from the queue, records them, writes checkpoints.
//!
//! After a write error it only counts: serving goes on, and the capture is closed at the end
//! with what it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use trace::recording::{Closed, RecordError, Recording};

use super::tally::{Drop, Tally};
use super::tap::Tap;
use crate::clock::{Clock, Moment};

pub(super) struct Writer {
    recording: Recording,
    clock: Clock,
    tally: Arc<Tally>,
    /// Recorded since the last checkpoint, so perhaps not on the disk.
    unsaved: u64,
    next_checkpoint: Moment,
    /// When the next complaint may be logged; none while all is well.
    next_complaint: Option<Moment>,
}

/// Says that nothing is recorded any more should the thread panic.
struct Alarm(Arc<Tally>);

impl std::ops::Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(0);
        }
    }
}

/// How long the thread rests when the queue is empty. It looks again by itself: waking it would
/// cost each request a system call.
const REST: Duration = Duration::from_millis(10);

const CHECKPOINT: Duration = Duration::from_secs(1);

const COMPLAINT: Duration = Duration::from_secs(60);

impl Writer {
    pub(super) fn new(recording: Recording, clock: Clock, tally: Arc<Tally>) -> Self {
        Self {
            recording,
            next_checkpoint: clock.now() + CHECKPOINT,
            next_complaint: None,
            unsaved: 0,
            clock,
            tally,
        }
    }

    pub(super) fn run(
        mut self,
        taps: &Receiver<Box<Tap>>,
        stop: &AtomicBool,
    ) -> Result<Closed, RecordError> {
        let _alarm = Alarm(Arc::clone(&self.tally));
        loop {
            // Read before the queue, so that nothing handed over before the stop is left in it.
            let last = stop.load(Ordering::Acquire);
            while let Ok(tap) = taps.try_recv() {
                self.take(*tap);
                self.checkpoint();
            }
            if last {
                return self.recording.close(self.tally.missed());
            }
            self.checkpoint();
            thread::park_timeout(REST);
        }
    }

    fn take(&mut self, tap: Tap) {
        self.tally.taken(tap.weight());
        if self.next_complaint.is_some() {
            return self.lose();
        }
        match self.recording.record(&tap.into_raw()) {
            Ok(()) => {
                self.unsaved += 1;
                self.tally.recorded();
            }
            Err(error) => {
                self.give_up(&error);
                self.lose();
            }
        }
    }

    fn checkpoint(&mut self) {
        let now = self.clock.now();
        if self.next_complaint.is_some() || now < self.next_checkpoint {
            return;
        }
        self.next_checkpoint = now + CHECKPOINT;
        match self.recording.checkpoint(self.tally.missed()) {
            Ok(()) => self.unsaved = 0,
            Err(error) => self.give_up(&error),
        }
    }

    fn give_up(&mut self, error: &RecordError) {
        self.tally.fail(self.unsaved);
        self.next_complaint = Some(self.clock.now() + COMPLAINT);
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "recording stopped; requests are served as before");
    }

    fn lose(&mut self) {
        self.tally.dropped(Drop::Write);
        let now = self.clock.now();
        if self.next_complaint.is_some_and(|due| due <= now) {
            self.next_complaint = Some(now + COMPLAINT);
            let dropped = self.tally.missed().write;
            tracing::error!(dropped, "recording has stopped; exchanges are not written");
        }
    }
}
