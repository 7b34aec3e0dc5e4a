//! One capture in the making: its thread, the intake that requests hold, and its end.
//!
//! Its end blocks: it waits for what is under way, and reads the file once more for the audit.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use trace::anonymize::Mode;
use trace::recording::{By, Closed, RecordError, Recording, Series, Start};

use super::Intake;
use super::control::Recorder;
use super::rotation::Rotation;
use super::selection::Selection;
use super::tally::Tally;
use super::writer::Writer;
use crate::clock::{Clock, Moment};
use crate::config::RecordSettings;
use crate::shelf::Shelves;

pub(super) struct Capture {
    thread: JoinHandle<Result<Closed, RecordError>>,
    pub(super) intake: Arc<Intake>,
    pub(super) end: Arc<End>,
    /// The recording that this file is part of.
    pub(super) run: Run,
}

/// A recording from its start to its stop: file after file, on one clock.
#[derive(Clone)]
pub(super) struct Run {
    series: Series,
    began: Moment,
    keyed: bool,
    /// How many times settings were replaced before.
    reloads: u64,
}

/// What a capture needs besides its settings.
pub(super) struct Desk {
    pub(super) clock: Clock,
    /// Failures of recording, of all captures.
    pub(super) errors: Arc<AtomicU64>,
    pub(super) recorder: Weak<Recorder>,
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

impl Run {
    pub(super) fn begin(settings: &RecordSettings, now: Moment, reloads: u64) -> Self {
        Self {
            series: Series::new(&settings.mode),
            began: now,
            keyed: is_keyed(settings),
            reloads,
        }
    }

    /// Whether the next file can be on the same clock: not when its key may be another one.
    pub(super) fn goes_on(&self, settings: &RecordSettings, reloads: u64) -> bool {
        self.reloads == reloads || !(self.keyed || is_keyed(settings))
    }
}

impl Capture {
    /// Creates the file and starts the thread that writes it.
    pub(super) fn start(
        settings: &RecordSettings,
        run: Run,
        started: Moment,
        desk: Desk,
    ) -> Result<Self, RecordError> {
        let recording = Recording::start(Start {
            file: &settings.file,
            policy: settings.policy.clone(),
            mode: settings.mode.clone(),
            tool: concat!("rehearsal-proxy ", env!("CARGO_PKG_VERSION")),
            body_limit: settings.body_limit,
            sample: settings.sample,
            series: &run.series,
            starts_ns: started.nanos_since(run.began),
        })?;
        let path = recording.path().to_owned();
        let shelves = Arc::new(Shelves::new());
        let tally = Arc::new(Tally::new(&path));
        let end = Arc::new(End::default());
        let intake = Arc::new(Intake {
            shelves: Arc::clone(&shelves),
            clock: desk.clock,
            tally: Arc::clone(&tally),
            started,
            body_limit: usize::try_from(settings.body_limit).unwrap_or(usize::MAX),
            room: usize::try_from(settings.queue).unwrap_or(usize::MAX),
            selection: selection(settings),
        });
        let rotation = Rotation::new(settings.rotate, started, desk.recorder);
        let writer = Writer::new(recording, desk.clock, tally, desk.errors, rotation);
        let thread = {
            let end = Arc::clone(&end);
            thread::Builder::new()
                .name("recorder".to_owned())
                .spawn(move || writer.run(&shelves, &end))
                .map_err(|source| cannot_start(&path, source))?
        };
        Ok(Self {
            thread,
            intake,
            end,
            run,
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

const fn is_keyed(settings: &RecordSettings) -> bool {
    matches!(settings.mode, Mode::Keyed(_))
}

/// Users are drawn where they are known: by the recording.
fn selection(settings: &RecordSettings) -> Selection {
    let sample = settings.sample;
    Selection {
        filters: settings.filters.clone(),
        share: (sample.by == By::Exchange && sample.share < 1.0).then_some(sample.share),
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
