//! When a capture gives way to the next one: at a size, or after a time.
//!
//! The next one is begun, and this one closed, on a thread of its own: the recorder's goes on
//! taking exchanges meanwhile.

use std::io;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trace::recording::Recording;

use super::control::Recorder;
use super::tally::Tally;
use crate::clock::Moment;
use crate::config::Rotate;

pub(super) struct Rotation {
    rotate: Rotate,
    /// When the capture began.
    began: Moment,
    /// After an attempt in vain.
    not_before: Moment,
    attempt: Option<JoinHandle<()>>,
    recorder: Weak<Recorder>,
}

/// How long after an attempt in vain there is another one.
const RETRY: Duration = Duration::from_secs(10);

impl Rotation {
    pub(super) const fn new(rotate: Rotate, began: Moment, recorder: Weak<Recorder>) -> Self {
        Self {
            rotate,
            began,
            not_before: began,
            attempt: None,
            recorder,
        }
    }

    /// Has the next capture begun once this one, which `tally` tells, is large or old enough.
    pub(super) fn look(&mut self, now: Moment, recording: &Recording, tally: &Arc<Tally>) {
        let tries = self.attempt.as_ref().is_some_and(|it| !it.is_finished());
        let is_due = || self.is_due(now, recording.bytes(), recording.exchanges());
        if tries || now < self.not_before || !is_due() {
            return;
        }
        self.not_before = now + RETRY;
        match self.attempt(tally) {
            Ok(attempt) => self.attempt = Some(attempt),
            Err(error) => tracing::error!(%error, "cannot rotate the capture; it goes on"),
        }
    }

    /// A capture without exchanges is as good as a new one.
    fn is_due(&self, now: Moment, bytes: u64, exchanges: u64) -> bool {
        let Rotate { size, every } = self.rotate;
        let is_large = size.is_some_and(|size| bytes >= size);
        let is_old = every.is_some_and(|every| now >= self.began + every);
        (is_large || is_old) && exchanges > 0
    }

    fn attempt(&self, tally: &Arc<Tally>) -> io::Result<JoinHandle<()>> {
        let (recorder, tally) = (Weak::clone(&self.recorder), Arc::clone(tally));
        let thread = thread::Builder::new().name("rotation".to_owned());
        thread.spawn(move || {
            if let Some(recorder) = recorder.upgrade() {
                recorder.give_way(&tally);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_due_when_it_is_large_or_old_and_holds_something() {
        let began = Moment::at(Duration::from_secs(100));
        let check = |size, every: Option<u64>, seconds, bytes, exchanges, expected| {
            let every = every.map(Duration::from_secs);
            let rotation = Rotation::new(Rotate { size, every }, began, Weak::new());
            let now = began + Duration::from_secs(seconds);
            assert_eq!(rotation.is_due(now, bytes, exchanges), expected);
        };
        check(None, None, 1_000_000, u64::MAX, 1, false);
        check(Some(500), None, 0, 499, 1, false);
        check(Some(500), None, 0, 500, 1, true);
        check(None, Some(60), 59, u64::MAX, 1, false);
        check(None, Some(60), 60, 0, 1, true);
        check(Some(500), Some(60), 60, 0, 1, true);
        check(Some(500), Some(60), 1, 500, 1, true);
        check(Some(500), Some(60), 60, 500, 0, false);
    }
}
