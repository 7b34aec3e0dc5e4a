//! Starts, stops and rotates recording at any time, and counts over all captures of the process.
//!
//! What can block (files, the end of a capture) is done by who gives the order, never by a request:
//! a request reads one pointer. A rotation by size or time has a thread of its own.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use trace::recording::{Closed, RecordError};

use super::Intake;
use super::capture::{Capture, CloseError, Desk, End, Run};
use super::counts::{Counts, Outcomes, Snapshot};
use super::tally::{State, Tally};
use crate::clock::Clock;
use crate::config::RecordSettings;

/// The recorder of the process.
pub(crate) struct Recorder {
    /// For threads that may outlive it.
    this: Weak<Self>,
    clock: Clock,
    /// Where exchanges go that begin now.
    current: ArcSwapOption<Intake>,
    /// Held while an order is carried out, so that there is one at a time.
    control: Mutex<Control>,
    books: Mutex<Books>,
    /// Told when a capture is closed.
    closed: Condvar,
    /// Captures that could not be made, written or closed.
    errors: Arc<AtomicU64>,
}

struct Control {
    settings: Option<RecordSettings>,
    /// How many times they were replaced.
    reloads: u64,
    running: Option<Capture>,
    /// Whether the process ends, so that nothing is begun any more.
    is_over: bool,
}

/// Accounts over all captures.
#[derive(Default)]
struct Books {
    /// Those in the making, with those that are being closed.
    open: Vec<(Arc<Tally>, Arc<End>)>,
    /// The sum of those that are closed.
    closed: Counts,
    outcomes: Outcomes,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("already recording")]
    AlreadyRecording,
    #[error("{CLOSING} captures are still being closed; try again when they are")]
    Busy,
    /// It is off now, but the file did not get its footer.
    #[error(transparent)]
    Close(#[from] CloseError),
    #[error("nothing to record to; add a [record] section to the configuration")]
    NoSettings,
    #[error("not recording")]
    NotRecording,
    #[error(transparent)]
    Start(#[from] RecordError),
    #[error("the process is stopping")]
    Stopping,
}

/// How long requests in flight get to be recorded once recording is to stop.
const LINGER: Duration = Duration::from_secs(30);

/// Captures that are closed at once, at most: each keeps its memory until then.
const CLOSING: usize = 2;

/// How long what waits may take to be written when the process ends.
const DRAIN: Duration = Duration::from_secs(5);

impl Recorder {
    /// Records nothing until it is told to.
    pub(crate) fn new(settings: Option<RecordSettings>, clock: Clock) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            clock,
            current: ArcSwapOption::empty(),
            control: Mutex::new(Control {
                settings,
                reloads: 0,
                running: None,
                is_over: false,
            }),
            books: Mutex::default(),
            closed: Condvar::new(),
            errors: Arc::default(),
        })
    }

    /// Where an exchange goes that begins now; `None` when nothing is recorded. It may be offered
    /// at any later time: until the capture is closed it is written, afterwards dropped.
    pub(crate) fn intake(&self) -> Option<Arc<Intake>> {
        self.current.load_full()
    }

    /// Begins a capture. One that has failed is closed, as far as it can be.
    pub(crate) fn start(&self) -> Result<(), OrderError> {
        let mut control = lock(&self.control);
        if control.is_recording() {
            return Err(OrderError::AlreadyRecording);
        }
        let failed = self.begin(&mut control, None)?;
        drop(control);
        self.give_up(failed);
        Ok(())
    }

    /// Ends the capture. Waits for the requests in flight that it records, [`LINGER`] at most, and
    /// for the audit; those that take longer are counted as dropped.
    pub(crate) fn stop(&self) -> Result<Closed, OrderError> {
        let capture = self.end(&mut lock(&self.control));
        let capture = capture.ok_or(OrderError::NotRecording)?;
        Ok(self.finish(capture, LINGER)?)
    }

    /// Begins a new capture, and only then ends the old one as [`Recorder::stop`] does, so that no
    /// exchange is lost between them.
    pub(crate) fn rotate(&self) -> Result<Closed, OrderError> {
        self.replace(|_running| true)
    }

    /// The same for one capture alone, should it still be the current one: it is large or old
    /// enough. When there can be no other, it goes on.
    pub(super) fn give_way(&self, tally: &Arc<Tally>) {
        match self.replace(|running| Arc::ptr_eq(running.tally(), tally)) {
            // Somebody was quicker.
            Ok(_) | Err(OrderError::NotRecording | OrderError::Stopping) => {}
            Err(OrderError::Close(error)) => tracing::error!("{error}"),
            Err(error) => {
                let file = tally.file();
                tracing::error!("not rotated: {error}; recording goes on to {file}");
            }
        }
    }

    fn replace(&self, is_meant: impl Fn(&Capture) -> bool) -> Result<Closed, OrderError> {
        let mut control = lock(&self.control);
        let running = control.running.as_ref().filter(|running| is_meant(running));
        let run = running.ok_or(OrderError::NotRecording)?.run.clone();
        let old = self.begin(&mut control, Some(run))?;
        drop(control);
        let old = old.ok_or(OrderError::NotRecording)?;
        Ok(self.finish(old, LINGER)?)
    }

    /// Takes over the settings of a new configuration, from the next start or rotation on. Where
    /// `enabled` has changed, recording starts or stops now, and blocks as those do; otherwise what
    /// the admin address was told last stands. A capture that cannot be made leaves all as it was.
    pub(crate) fn apply(&self, new: Option<RecordSettings>) -> Result<(), OrderError> {
        let mut control = lock(&self.control);
        let was = control.is_wanted();
        let old = std::mem::replace(&mut control.settings, new);
        control.reloads += 1;
        let is = control.is_wanted();
        if is && !was && !control.is_recording() {
            let failed = match self.begin(&mut control, None) {
                Ok(failed) => failed,
                Err(error) => {
                    control.settings = old;
                    return Err(error);
                }
            };
            drop(control);
            self.give_up(failed);
        } else if was
            && !is
            && let Some(capture) = self.end(&mut control)
        {
            drop(control);
            self.finish(capture, LINGER)?;
        }
        Ok(())
    }

    /// Ends all captures with the process, when nobody offers anything any more. `None` when
    /// nothing was being recorded.
    pub(crate) fn close(&self) -> Result<Option<Closed>, CloseError> {
        let mut control = lock(&self.control);
        control.is_over = true;
        let capture = self.end(&mut control);
        drop(control);
        let deadline = self.clock.now() + DRAIN;
        for (_, end) in &lock(&self.books).open {
            // Also those that an order of before, or a rotation, still waits for.
            end.no_later_than(deadline);
        }
        let closed = capture.map(|capture| self.finish(capture, DRAIN));
        let others = self
            .closed
            .wait_while(lock(&self.books), |books| !books.open.is_empty());
        drop(others.unwrap_or_else(PoisonError::into_inner));
        closed.transpose()
    }

    /// The capture in the making, with the counts of all captures of the process.
    pub(crate) fn in_all(&self) -> Snapshot {
        let mut sum = Counts::default();
        let books = lock(&self.books);
        sum.add(&books.closed);
        for (tally, _) in &books.open {
            sum.add(&tally.counts());
        }
        drop(books);
        let current = self.current.load();
        Snapshot::new(current.as_ref().map(|intake| &*intake.tally), sum)
    }

    /// The capture in the making, with its own counts.
    pub(crate) fn capture(&self) -> Snapshot {
        let current = self.current.load();
        let tally = current.as_ref().map(|intake| &*intake.tally);
        let counts = tally.map(Tally::counts).unwrap_or_default();
        Snapshot::new(tally, counts)
    }

    /// How the captures that are closed have ended.
    pub(crate) fn outcomes(&self) -> Outcomes {
        lock(&self.books).outcomes
    }

    /// How many captures could not be made, written or closed.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Makes a new capture the current one, be it of a recording that is going on; returns the one
    /// before.
    fn begin(
        &self,
        control: &mut Control,
        run: Option<Run>,
    ) -> Result<Option<Capture>, OrderError> {
        let settings = control.settings.as_ref().ok_or(OrderError::NoSettings)?;
        if control.is_over {
            return Err(OrderError::Stopping);
        }
        if lock(&self.books).open.len() > CLOSING {
            return Err(OrderError::Busy);
        }
        let now = self.clock.now();
        let run = run.filter(|run| run.goes_on(settings, control.reloads));
        let run = run.unwrap_or_else(|| Run::begin(settings, now, control.reloads));
        let desk = Desk {
            clock: self.clock,
            errors: Arc::clone(&self.errors),
            recorder: Weak::clone(&self.this),
        };
        let capture = Capture::start(settings, run, now, desk);
        let capture = capture.inspect_err(|_error| {
            self.errors.fetch_add(1, Ordering::Relaxed);
        })?;
        let entry = (Arc::clone(capture.tally()), Arc::clone(&capture.end));
        lock(&self.books).open.push(entry);
        self.current.store(Some(Arc::clone(&capture.intake)));
        tracing::info!("recording to {}", capture.tally().file());
        Ok(control.running.replace(capture))
    }

    /// Takes the current capture away from requests to come.
    fn end(&self, control: &mut Control) -> Option<Capture> {
        self.current.store(None);
        control.running.take()
    }

    /// Closes a capture and its account.
    fn finish(&self, capture: Capture, patience: Duration) -> Result<Closed, CloseError> {
        let tally = Arc::clone(capture.tally());
        let closed = capture.close(self.clock.now() + patience);
        // First: whoever waits for the account may end the process with it.
        let closed = closed.inspect(announce);
        let mut books = lock(&self.books);
        books.open.retain(|(open, _)| !Arc::ptr_eq(open, &tally));
        books.closed.add(&tally.counts());
        books.outcomes.add(&closed);
        drop(books);
        self.closed.notify_all();
        closed
    }

    /// Closes a capture that has failed, for what it is worth.
    fn give_up(&self, failed: Option<Capture>) {
        if let Some(Err(error)) = failed.map(|failed| self.finish(failed, Duration::ZERO)) {
            tracing::error!(%error, "the capture that had failed is not closed");
        }
    }
}

impl Control {
    /// Whether there is a capture that can be written.
    fn is_recording(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|capture| capture.tally().state() == State::Recording)
    }

    /// Whether the configuration wants recording.
    fn is_wanted(&self) -> bool {
        let settings = self.settings.as_ref();
        settings.is_some_and(|settings| settings.enabled)
    }
}

impl Outcomes {
    fn add(&mut self, closed: &Result<Closed, CloseError>) {
        match closed {
            Ok(closed) if closed.quarantined => self.quarantined += 1,
            Ok(_) => self.clean += 1,
            Err(_) => self.failed += 1,
        }
        self.findings += closed
            .as_ref()
            .map_or(0, |closed| closed.footer.audit.found);
    }
}

fn announce(closed: &Closed) {
    let footer = &closed.footer;
    let dropped = &footer.dropped;
    let summary = format!(
        "{}, {} exchanges, {} dropped, audit searched {} found {}",
        closed.path.display(),
        footer.exchanges,
        dropped.queue + dropped.size + dropped.policy + dropped.write,
        footer.audit.searched,
        footer.audit.found,
    );
    if closed.quarantined {
        tracing::error!("capture quarantined: {summary}; do not share it");
        for finding in &closed.findings {
            tracing::error!("found in {}: {finding}", closed.path.display());
        }
    } else {
        tracing::info!("capture closed: {summary}");
    }
}

/// What is behind these locks is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
