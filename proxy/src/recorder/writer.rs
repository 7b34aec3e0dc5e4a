//! The recorder's thread: takes exchanges off the shelves, records them, writes checkpoints.
//!
//! After a write error it only counts: serving goes on, and the file stays as the last checkpoint
//! left it. At the end it waits for what is under way, as long as there is time, and closes the
//! capture with what it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use trace::raw::RawExchange;
use trace::recording::{Closed, RecordError, Recorded, Recording};

use super::batch::Packed;
use super::capture::End;
use super::pile::{self, Pile};
use super::rotation::Rotation;
use super::selection::Choice;
use super::tally::{Loss, Tally};
use crate::clock::{Clock, Moment};
use crate::complaints::Complaints;
use crate::shelf::Shelves;

pub(super) struct Writer {
    recording: Recording,
    /// The exchange that is recorded.
    raw: RawExchange,
    clock: Clock,
    tally: Arc<Tally>,
    /// Failures of recording, of all captures.
    errors: Arc<AtomicU64>,
    next_checkpoint: Moment,
    rotation: Rotation,
    /// Why nothing is written any more; none while all is well.
    failed: Option<Failed>,
}

/// A capture that cannot be written any more.
struct Failed {
    error: RecordError,
    /// What the disk did not take since.
    lost: Complaints,
}

/// Says that nothing is recorded any more should the thread panic.
struct Alarm {
    tally: Arc<Tally>,
    errors: Arc<AtomicU64>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.tally.fail();
            self.tally.end();
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How long the thread rests before it looks at the shelves again. Waking it would cost each
/// request a system call.
const REST: Duration = Duration::from_millis(10);

/// After so many exchanges it looks at the clock.
const LOOK: usize = 64;

const CHECKPOINT: Duration = Duration::from_secs(1);

impl Writer {
    pub(super) fn new(
        recording: Recording,
        clock: Clock,
        tally: Arc<Tally>,
        errors: Arc<AtomicU64>,
        rotation: Rotation,
    ) -> Self {
        Self {
            recording,
            raw: RawExchange::blank(),
            next_checkpoint: clock.now() + CHECKPOINT,
            rotation,
            failed: None,
            clock,
            tally,
            errors,
        }
    }

    /// Writes until `end` has a moment, and from then on until all is settled or that moment has
    /// come.
    pub(super) fn run(mut self, shelves: &Shelves<Pile>, end: &End) -> Result<Closed, RecordError> {
        let _alarm = Alarm {
            tally: Arc::clone(&self.tally),
            errors: Arc::clone(&self.errors),
        };
        let mut piles = shelves.spare();
        loop {
            shelves.take(&mut piles);
            self.record(&piles, end);
            let taken = piles.iter().map(Pile::len).sum();
            self.tally.taken(taken);
            piles.iter_mut().for_each(Pile::empty);
            if self.is_over(end) || (end.is_set() && self.tally.all_settled()) {
                return self.close();
            }
            self.look(end);
            thread::park_timeout(REST);
        }
    }

    fn record(&mut self, piles: &[Pile], end: &End) {
        for (index, exchange) in pile::in_order(piles).enumerate() {
            if index % LOOK == 0 {
                if self.is_over(end) {
                    return;
                }
                self.look(end);
            }
            self.write(&exchange);
        }
    }

    /// Does what it is time for.
    fn look(&mut self, end: &End) {
        let now = self.clock.now();
        self.checkpoint(now);
        if self.failed.is_none() && !end.is_set() {
            self.rotation.look(now, &self.recording, &self.tally);
        }
    }

    fn is_over(&self, end: &End) -> bool {
        end.is_set() && end.has_come(self.clock.now())
    }

    fn close(self) -> Result<Closed, RecordError> {
        self.tally.seal();
        if let Some(failed) = self.failed {
            return Err(failed.error);
        }
        let closed = self.recording.close(self.tally.missed());
        match &closed {
            Ok(_) => self.tally.saved(),
            Err(_) => {
                self.tally.fail();
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
        closed
    }

    fn write(&mut self, exchange: &Packed<'_>) {
        if self.failed.is_some() {
            return self.lose();
        }
        exchange.fill(&mut self.raw);
        match self.recording.record(&self.raw) {
            Ok(Recorded::Written) => self.tally.written(),
            Ok(Recorded::LeftOut) => self.tally.left_out(Choice::Sample),
            Err(error) => {
                self.give_up(error);
                self.lose();
            }
        }
    }

    fn checkpoint(&mut self, now: Moment) {
        if self.failed.is_some() || now < self.next_checkpoint {
            return;
        }
        self.next_checkpoint = now + CHECKPOINT;
        match self.recording.checkpoint(self.tally.missed()) {
            Ok(()) => self.tally.saved(),
            Err(error) => self.give_up(error),
        }
    }

    fn give_up(&mut self, error: RecordError) {
        self.tally.fail();
        self.errors.fetch_add(1, Ordering::Relaxed);
        let mut lost = Complaints::default();
        // This is the first of this minute.
        lost.note(self.clock.now());
        let shown = &error as &dyn std::error::Error;
        tracing::error!(
            error = shown,
            "recording stopped; requests are served as before"
        );
        self.failed = Some(Failed { error, lost });
    }

    fn lose(&mut self) {
        self.tally.dropped(Loss::Write);
        let now = self.clock.now();
        let failed = self.failed.as_mut();
        let told = failed.and_then(|failed| failed.lost.note(now));
        if told.is_some() {
            let dropped = self.tally.missed().write;
            tracing::error!(dropped, "recording has stopped; exchanges are not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use trace::anonymize::{Mode, Policy};
    use trace::recording::{Sample, Series, Start};

    use super::super::tally::State;
    use super::super::tests::tap;
    use super::*;
    use crate::config::Rotate;

    #[test]
    fn a_thread_that_breaks_says_so() {
        let tally = Arc::new(Tally::new(std::path::Path::new("capture.jsonl")));
        let errors = Arc::<AtomicU64>::default();
        tally.begins();
        tally.written();
        let alarm = Alarm {
            tally: Arc::clone(&tally),
            errors: Arc::clone(&errors),
        };
        let thread = thread::spawn(move || {
            let _alarm = alarm;
            panic!("as a bug would");
        });
        assert!(thread.join().is_err());
        assert!(tally.is_over() && tally.state() == State::Failed);
        assert_eq!(errors.load(Ordering::Relaxed), 1);
        assert_eq!(
            (tally.counts().recorded, tally.counts().dropped.write),
            (0, 1)
        );
    }

    #[test]
    fn what_there_is_no_time_for_is_counted() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("capture.jsonl");
        let recording = Recording::start(Start {
            file: &file,
            policy: Policy::parse("version = 1").unwrap(),
            mode: Mode::Tokens,
            tool: "test",
            body_limit: 0,
            sample: Sample::ALL,
            series: &Series::new(&Mode::Tokens),
            starts_ns: 0,
        });
        let tally = Arc::new(Tally::new(&file));
        let (clock, errors) = (Clock::start(), Arc::default());
        let rotation = Rotation::new(Rotate::default(), Moment::START, Weak::new());
        let recording = recording.unwrap();
        let writer = Writer::new(recording, clock, Arc::clone(&tally), errors, rotation);
        let shelves = Shelves::of(1);
        for _ in 0..3 {
            tally.begins();
            tally.waits();
            shelves.put(|pile: &mut Pile| pile.push(&tap(0), 1));
        }
        // One that never ends.
        tally.begins();
        let passed = End::default();
        passed.no_later_than(Moment::START);
        let footer = writer.run(&shelves, &passed).unwrap().footer;
        assert_eq!((footer.exchanges, footer.dropped.write), (0, 4));
        assert_eq!(tally.counts().waiting, 0);
    }
}
