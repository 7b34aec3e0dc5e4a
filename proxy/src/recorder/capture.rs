//! One capture in the making: its thread, the intake that requests hold, and its end.
//!
//! Its end blocks: it waits for what is under way, and reads the file once more for the audit.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use trace::anonymize::Mode;
use trace::recording::{Closed, RecordError, Recording, Sample, Series, Start};

use super::tally::Tally;
use super::{Intake, writer};
use crate::clock::{Clock, Moment};
use crate::config::RecordSettings;
use crate::shelf::Shelves;

pub(super) struct Capture {
    thread: JoinHandle<Result<Closed, RecordError>>,
    pub(super) intake: Arc<Intake>,
    pub(super) end: Arc<End>,
}

/// Until when what is under way may still be written; no moment while the capture goes on.
pub(super) struct End(AtomicU64);

/// Why a capture was not closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloseError {
    #[error("the recorder broke; what it wrote is left as a .partial file")]
    Broke,
    #[error("{0}; what was written is left as a .partial file")]
    Record(#[from] RecordError),
}

impl Capture {
    /// Creates the file and starts the thread that writes it.
    pub(super) fn start(
        settings: &RecordSettings,
        clock: Clock,
        errors: Arc<AtomicU64>,
    ) -> Result<Self, RecordError> {
        let recording = Recording::start(Start {
            file: &settings.file,
            policy: settings.policy.clone(),
            mode: Mode::Tokens,
            tool: concat!("rehearsal-proxy ", env!("CARGO_PKG_VERSION")),
            body_limit: settings.body_limit,
            sample: Sample::ALL,
            series: &Series::new(&Mode::Tokens),
            starts_ns: 0,
        })?;
        let path = recording.path().to_owned();
        let shelves = Arc::new(Shelves::new());
        let tally = Arc::new(Tally::new(&path));
        let end = Arc::new(End::default());
        let writer = writer::Writer::new(recording, clock, Arc::clone(&tally), errors);
        let thread = {
            let (shelves, end) = (Arc::clone(&shelves), Arc::clone(&end));
            thread::Builder::new()
                .name("recorder".to_owned())
                .spawn(move || writer.run(&shelves, &end))
                .map_err(|source| cannot_start(&path, source))?
        };
        let intake = Arc::new(Intake {
            shelves,
            clock,
            tally,
            started: clock.now(),
            body_limit: usize::try_from(settings.body_limit).unwrap_or(usize::MAX),
        });
        Ok(Self {
            thread,
            intake,
            end,
        })
    }

    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.intake.tally
    }

    /// Waits for what is under way, until `deadline` at most, and closes the file.
    pub(super) fn close(self, deadline: Moment) -> Result<Closed, CloseError> {
        self.end.no_later_than(deadline);
        self.thread.thread().unpark();
        let closed = self.thread.join();
        // A thread that broke has not done it.
        self.intake.tally.seal();
        Ok(closed.map_err(|_panic| CloseError::Broke)??)
    }
}

impl End {
    const NEVER: u64 = u64::MAX;

    /// Ends the capture at `deadline`, or sooner if that was said before.
    pub(super) fn no_later_than(&self, deadline: Moment) {
        self.0.fetch_min(deadline.as_nanos(), Ordering::Release);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) != Self::NEVER
    }

    pub(super) fn has_come(&self, now: Moment) -> bool {
        self.0.load(Ordering::Acquire) <= now.as_nanos()
    }
}

impl Default for End {
    fn default() -> Self {
        Self(AtomicU64::new(Self::NEVER))
    }
}

fn cannot_start(path: &Path, source: std::io::Error) -> RecordError {
    RecordError::Create {
        path: path.to_owned(),
        source,
    }
}
