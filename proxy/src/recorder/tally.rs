//! What became of every exchange that was offered to the recorder.
//!
//! offered = recorded + dropped holds at every moment, because offered is their sum; what waits
//! in the queue or for the disk is not settled yet and shown apart. No count but that ever falls.

use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use serde::Serialize;
use trace::recording::Missed;

pub(crate) struct Tally {
    file: String,
    state: AtomicU8,
    /// Written, and flushed with a checkpoint.
    recorded: AtomicU64,
    /// Written since the last checkpoint: not known to be on the disk.
    unsaved: AtomicU64,
    /// What was unsaved when writing failed.
    lost: AtomicU64,
    queue: AtomicU64,
    size: AtomicU64,
    write: AtomicU64,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
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

/// The tally at one moment, as `/status` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) state: &'static str,
    pub(crate) file: Option<String>,
    pub(crate) offered: u64,
    pub(crate) recorded: u64,
    pub(crate) dropped: Dropped,
    /// Not settled yet: in the queue, or written since the last checkpoint.
    pub(crate) waiting: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Dropped {
    pub(crate) queue: u64,
    pub(crate) size: u64,
    /// The policy refuses nothing: what no rule keeps is replaced.
    pub(crate) policy: u64,
    pub(crate) write: u64,
}

impl Snapshot {
    /// Nothing is recorded.
    pub(crate) fn off() -> Self {
        Self {
            state: "off",
            file: None,
            offered: 0,
            recorded: 0,
            dropped: Dropped::default(),
            waiting: 0,
        }
    }
}

impl Tally {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            state: AtomicU8::new(State::Recording as u8),
            recorded: AtomicU64::new(0),
            unsaved: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            queue: AtomicU64::new(0),
            size: AtomicU64::new(0),
            write: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
        }
    }

    pub(crate) fn dropped(&self, why: Loss) {
        let count = match why {
            Loss::Queue => &self.queue,
            Loss::Size => &self.size,
            Loss::Write => &self.write,
        };
        count.fetch_add(1, Ordering::Relaxed);
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

    pub(crate) fn waits(&self, bytes: usize) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn taken(&self, bytes: usize) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// What was never written, as the file's checkpoints and footer say it.
    pub(crate) fn missed(&self) -> Missed {
        Missed {
            queue: self.queue.load(Ordering::Relaxed),
            size: self.size.load(Ordering::Relaxed),
            write: self.write.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let recording = self.state.load(Ordering::Relaxed) == State::Recording as u8;
        let recorded = self.recorded.load(Ordering::Relaxed);
        let unsaved = self.unsaved.load(Ordering::Relaxed);
        let queued = self.waiting.load(Ordering::Relaxed);
        let mut missed = self.missed();
        missed.write += self.lost.load(Ordering::Relaxed);
        Snapshot {
            state: if recording { "recording" } else { "failed" },
            file: Some(self.file.clone()),
            offered: recorded + missed.queue + missed.size + missed.write,
            recorded,
            dropped: Dropped {
                queue: missed.queue,
                size: missed.size,
                policy: 0,
                write: missed.write,
            },
            waiting: queued as u64 + unsaved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_falls_when_writing_fails() {
        let tally = Tally::new(Path::new("capture.jsonl"));
        let check = |recorded, write, waiting| {
            let snapshot = tally.snapshot();
            let seen = (snapshot.recorded, snapshot.dropped.write, snapshot.waiting);
            assert_eq!(seen, (recorded, write, waiting));
            assert_eq!(snapshot.offered, recorded + write);
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
}
