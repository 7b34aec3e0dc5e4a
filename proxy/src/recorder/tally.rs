//! What became of every exchange that was offered to one capture.
//!
//! offered = recorded + dropped holds at every moment, because offered is their sum; what waits
//! on the shelves or for the disk is not settled yet and shown apart. No count but that ever falls.
//! What filters or a sample leave out is not offered, and counted apart.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use trace::recording::{LeftOut, Missed};

use super::counts::{Counts, Dropped};
use super::selection::Choice;

pub(crate) struct Tally {
    file: String,
    state: AtomicU8,
    requests: Requests,
    /// Whether nothing that is offered from now on is written.
    over: AtomicBool,
    /// Written, and flushed with a checkpoint.
    recorded: AtomicU64,
    /// Written since the last checkpoint: not known to be on the disk.
    unsaved: AtomicU64,
    /// What was unsaved when writing failed.
    lost: AtomicU64,
    queue: AtomicU64,
    size: AtomicU64,
    write: AtomicU64,
    /// What was never written, once nothing can change it any more.
    sealed: OnceLock<Missed>,
}

/// What each request counts. Apart from the rest, which the recorder's thread counts: in one line
/// of the cache they would slow each other down.
#[derive(Default)]
#[repr(align(128))]
struct Requests {
    /// Exchanges that began and were not called off.
    begun: AtomicU64,
    /// Exchanges that wait to be written.
    waiting: AtomicUsize,
    filtered: AtomicU64,
    not_drawn: AtomicU64,
}

/// Whether exchanges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Recording,
    /// The file could not be written; everything since is dropped.
    Failed,
}

/// Why an exchange was dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    Queue,
    Size,
    Write,
}

impl Tally {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            state: AtomicU8::new(State::Recording as u8),
            requests: Requests::default(),
            over: AtomicBool::new(false),
            recorded: AtomicU64::new(0),
            unsaved: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            queue: AtomicU64::new(0),
            size: AtomicU64::new(0),
            write: AtomicU64::new(0),
            sealed: OnceLock::new(),
        }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// An exchange begins: it is settled by being written, dropped, left out or called off.
    pub(crate) fn begins(&self) {
        self.requests.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// An exchange is not to be recorded after all.
    pub(crate) fn called_off(&self) {
        self.requests.begun.fetch_sub(1, Ordering::Relaxed);
    }

    /// An exchange that has begun is left out by choice.
    pub(crate) fn left_out(&self, why: Choice) {
        let count = match why {
            Choice::Filter => &self.requests.filtered,
            Choice::Sample => &self.requests.not_drawn,
        };
        count.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn dropped(&self, why: Loss) {
        let count = match why {
            Loss::Queue => &self.queue,
            Loss::Size => &self.size,
            Loss::Write => &self.write,
        };
        count.fetch_add(1, Ordering::Release);
    }

    /// An exchange was written.
    pub(crate) fn written(&self) {
        self.unsaved.fetch_add(1, Ordering::Relaxed);
    }

    /// What was written is on the disk.
    pub(crate) fn saved(&self) {
        let saved = self.unsaved.swap(0, Ordering::Relaxed);
        self.recorded.fetch_add(saved, Ordering::Relaxed);
    }

    /// Writing has failed.
    pub(crate) fn fail(&self) {
        let lost = self.unsaved.swap(0, Ordering::Relaxed);
        self.lost.fetch_add(lost, Ordering::Relaxed);
        self.state.store(State::Failed as u8, Ordering::Relaxed);
    }

    /// An exchange waits to be written.
    pub(crate) fn waits(&self) {
        self.requests.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Exchanges wait no more.
    pub(crate) fn taken(&self, count: usize) {
        self.requests.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> usize {
        self.requests.waiting.load(Ordering::Relaxed)
    }

    /// What was never written, as the file's checkpoints and footer say it.
    pub(crate) fn missed(&self) -> Missed {
        self.sealed
            .get()
            .copied()
            .unwrap_or_else(|| self.unsealed())
    }

    /// Whether nothing is under way: no request that is still to be written.
    pub(crate) fn all_settled(&self) -> bool {
        self.unsettled(self.unsealed()) == 0
    }

    /// Nothing is written any more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Counts all that is not settled as lost, for good: whatever comes later, no count changes,
    /// so that footer and metrics say the same.
    pub(crate) fn seal(&self) {
        self.end();
        self.sealed.get_or_init(|| {
            let mut missed = self.unsealed();
            missed.write += self.unsettled(missed);
            missed
        });
    }

    pub(crate) fn state(&self) -> State {
        if self.state.load(Ordering::Relaxed) == State::Recording as u8 {
            State::Recording
        } else {
            State::Failed
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let recorded = self.recorded.load(Ordering::Relaxed);
        let unsaved = self.unsaved.load(Ordering::Relaxed);
        let queued = match self.sealed.get() {
            Some(_) => 0,
            None => self.waiting(),
        };
        let mut missed = self.missed();
        missed.write += self.lost.load(Ordering::Relaxed);
        Counts {
            recorded,
            dropped: Dropped {
                queue: missed.queue,
                size: missed.size,
                policy: 0,
                write: missed.write,
            },
            left_out: missed.left_out,
            waiting: queued as u64 + unsaved,
        }
    }

    fn unsealed(&self) -> Missed {
        Missed {
            queue: self.queue.load(Ordering::Acquire),
            size: self.size.load(Ordering::Acquire),
            write: self.write.load(Ordering::Acquire),
            left_out: LeftOut {
                filter: self.requests.filtered.load(Ordering::Acquire),
                sample: self.requests.not_drawn.load(Ordering::Acquire),
            },
        }
    }

    /// `missed` is read before what has begun, so that nothing settled seems not to have begun.
    fn unsettled(&self, missed: Missed) -> u64 {
        let written = [&self.recorded, &self.unsaved, &self.lost];
        let written: u64 = written.map(|n| n.load(Ordering::Relaxed)).iter().sum();
        let settled = written + missed.queue + missed.size + missed.write;
        let settled = settled + missed.left_out.filter + missed.left_out.sample;
        let begun = self.requests.begun.load(Ordering::Relaxed);
        begun.saturating_sub(settled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::counts::Snapshot;
    use super::*;

    #[test]
    fn no_count_falls_when_writing_fails() {
        let tally = Tally::new(Path::new("capture.jsonl"));
        let check = |recorded, write, waiting| {
            let counts = tally.counts();
            let seen = (counts.recorded, counts.dropped.write, counts.waiting);
            assert_eq!(seen, (recorded, write, waiting));
        };
        tally.written();
        tally.written();
        check(0, 0, 2);
        tally.saved();
        check(2, 0, 0);
        tally.written();
        tally.fail();
        check(2, 1, 0);
        tally.dropped(Loss::Write);
        check(2, 2, 0);
        assert_eq!(tally.missed().write, 1);
    }

    #[test]
    fn what_is_under_way_when_sealed_is_lost_once() {
        let tally = Tally::new(Path::new("capture.jsonl"));
        for _ in 0..6 {
            tally.begins();
        }
        tally.written();
        tally.dropped(Loss::Size);
        tally.called_off();
        tally.left_out(Choice::Filter);
        assert!(!tally.all_settled());
        tally.seal();
        let sealed = tally.missed();
        assert_eq!((sealed.queue, sealed.size, sealed.write), (0, 1, 2));
        // They end after all, each in its way; another one comes too late.
        tally.dropped(Loss::Write);
        tally.dropped(Loss::Queue);
        tally.left_out(Choice::Filter);
        tally.begins();
        tally.waits();
        tally.seal();
        assert_eq!(tally.missed(), sealed);
        assert_eq!(tally.counts().left_out.filter, 1);
        tally.saved();
        let snapshot = Snapshot::new(Some(&tally), tally.counts());
        assert_eq!(
            (snapshot.offered, snapshot.recorded, snapshot.waiting),
            (4, 1, 0)
        );
    }

    #[test]
    fn all_is_settled_when_everything_was_written_dropped_or_called_off() {
        let tally = Tally::new(Path::new("capture.jsonl"));
        let settle: [fn(&Tally); 5] = [
            Tally::written,
            |tally| tally.left_out(Choice::Filter),
            |tally| tally.left_out(Choice::Sample),
            |tally| tally.dropped(Loss::Queue),
            Tally::called_off,
        ];
        for settle in settle {
            tally.begins();
            assert!(!tally.all_settled());
            settle(&tally);
            assert!(tally.all_settled());
        }
    }
}
