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
        if tries || now < self.not_before || !self.is_due(now, recording) {
            return;
        }
        self.not_before = now + RETRY;
        match self.attempt(tally) {
            Ok(attempt) => self.attempt = Some(attempt),
            Err(error) => tracing::error!(%error, "cannot rotate the capture; it goes on"),
        }
    }

    /// A capture without exchanges is as good as a new one.
    fn is_due(&self, now: Moment, recording: &Recording) -> bool {
        let Rotate { size, every } = self.rotate;
        let is_large = size.is_some_and(|size| recording.bytes() >= size);
        let is_old = every.is_some_and(|every| now >= self.began + every);
        (is_large || is_old) && recording.exchanges() > 0
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
