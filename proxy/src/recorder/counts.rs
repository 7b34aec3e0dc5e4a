//! The numbers of one capture, or of all, and how they are shown.

use serde::Serialize;
use trace::recording::LeftOut;

use super::tally::{State, Tally};

/// The tally at one moment, as `/status` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) state: &'static str,
    pub(crate) file: Option<String>,
    pub(crate) offered: u64,
    pub(crate) recorded: u64,
    pub(crate) dropped: Dropped,
    /// Not offered.
    pub(crate) left_out: LeftOut,
    /// Not settled yet: on a shelf, or written since the last checkpoint.
    pub(crate) waiting: u64,
}

/// The numbers of a tally, or of several.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) recorded: u64,
    pub(super) dropped: Dropped,
    pub(super) left_out: LeftOut,
    pub(super) waiting: u64,
}

/// How captures have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Outcomes {
    /// The audit found nothing: they may be shared.
    pub(crate) clean: u64,
    pub(crate) quarantined: u64,
    /// They could not be written or closed, and are left as `.partial`.
    pub(crate) failed: u64,
    /// Places in which the audits found something.
    pub(crate) findings: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Dropped {
    pub(crate) queue: u64,
    pub(crate) size: u64,
    /// The policy refuses nothing: what no rule keeps is replaced.
    pub(crate) policy: u64,
    pub(crate) write: u64,
}

impl Outcomes {
    /// Captures that nobody can share.
    pub(crate) const fn unfit(&self) -> u64 {
        self.quarantined + self.failed
    }
}

impl Dropped {
    pub(crate) const fn total(&self) -> u64 {
        self.queue + self.size + self.policy + self.write
    }
}

impl Counts {
    pub(super) const fn add(&mut self, other: &Self) {
        self.recorded += other.recorded;
        self.dropped.queue += other.dropped.queue;
        self.dropped.size += other.dropped.size;
        self.dropped.policy += other.dropped.policy;
        self.dropped.write += other.dropped.write;
        self.left_out.filter += other.left_out.filter;
        self.left_out.sample += other.left_out.sample;
        self.waiting += other.waiting;
    }
}

impl Snapshot {
    /// `capture` is the one in the making, if there is one.
    pub(super) fn new(capture: Option<&Tally>, counts: Counts) -> Self {
        Self {
            state: capture.map_or("off", |capture| match capture.state() {
                State::Recording => RECORDING,
                State::Failed => "failed",
            }),
            file: capture.map(|capture| capture.file().to_owned()),
            offered: counts.recorded + counts.dropped.total(),
            recorded: counts.recorded,
            dropped: counts.dropped,
            left_out: counts.left_out,
            waiting: counts.waiting,
        }
    }

    /// Whether exchanges are being written.
    pub(crate) fn is_recording(&self) -> bool {
        self.state == RECORDING
    }
}

const RECORDING: &str = "recording";
