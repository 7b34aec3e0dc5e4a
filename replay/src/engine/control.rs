//! The control of a run: starts it when every worker is ready, and ends it on a signal.
//!
//! Workers watch its phase and tell it what happened; it knows nothing of requests.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{self, MissedTickBehavior};

use crate::clock::{self, NANOS_PER_SECOND};

use super::{Counters, Job};

/// Where a run is; workers watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Connections are opened and sessions logged in.
    Prepare,
    /// Arrivals are due from this moment of the clock.
    Run { start_ns: u64 },
    /// Nothing new is sent.
    Stop,
    /// Nothing more is waited for.
    Abandon,
}

impl Phase {
    /// Whether nothing new is sent any more.
    pub(super) fn stops(self) -> bool {
        match self {
            Self::Prepare | Self::Run { .. } => false,
            Self::Stop | Self::Abandon => true,
        }
    }
}

/// What a worker tells.
pub(super) enum Event {
    /// It is ready to start, having tried so many log-ins, of which so many failed.
    Ready { asked: usize, failed: usize },
    /// More requests would have been on their way than may be, and the run is to end then.
    Overloaded,
    /// It ended.
    Ended,
}

/// Starts the run when every worker is ready, and stops it on a signal; tells how it went.
pub(super) async fn control(
    job: &Job,
    phase: &watch::Sender<Phase>,
    mut events: mpsc::UnboundedReceiver<Event>,
    watch: &mut dyn FnMut(&Counters),
) -> io::Result<Course> {
    let mut signals = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let mut ticks = time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut ready, mut course, mut deadline) = (Preparation::default(), Course::Done, None);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                None => return Ok(course),
                Some(Event::Ready { asked, failed }) => {
                    ready.count(asked, failed);
                    if ready.workers == job.how.workers && course != Course::Interrupted {
                        course = ready.course();
                        let next = course.phase();
                        if let Phase::Run { start_ns } = next {
                            job.counters.start_ns.store(start_ns, Ordering::Relaxed);
                        }
                        phase.send_replace(next);
                    }
                }
                // A worker that could not prepare ends early: the others need not start.
                Some(Event::Ended) if ready.workers < job.how.workers => {
                    phase.send_replace(Phase::Stop);
                }
                Some(Event::Overloaded) => {
                    phase.send_replace(Phase::Stop);
                }
                Some(Event::Ended) => {}
            },
            () = interruption(&mut signals) => {
                let again = course == Course::Interrupted;
                phase.send_replace(if again { Phase::Abandon } else { Phase::Stop });
                course = Course::Interrupted;
                deadline = Some(clock::now_ns() + GRACE_NS);
            }
            _ = ticks.tick() => {
                watch(&job.counters);
                if deadline.is_some_and(|deadline_ns| clock::now_ns() >= deadline_ns) {
                    phase.send_replace(Phase::Abandon);
                }
            }
        }
    }
}

/// How a run went, as far as its control can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// To its end.
    Done,
    /// Until a signal.
    Interrupted,
    /// Not at all: some sessions had to log in first, and none of all workers' could.
    NobodyIn,
}

impl Course {
    /// What workers do once all are ready.
    fn phase(self) -> Phase {
        match self {
            Self::Done => Phase::Run {
                start_ns: clock::now_ns() + LEAD_NS,
            },
            Self::Interrupted | Self::NobodyIn => Phase::Stop,
        }
    }
}

/// What workers that are ready told, together.
#[derive(Default)]
struct Preparation {
    workers: usize,
    asked: usize,
    failed: usize,
}

impl Preparation {
    fn count(&mut self, asked: usize, failed: usize) {
        self.workers += 1;
        self.asked += asked;
        self.failed += failed;
    }

    fn course(&self) -> Course {
        if self.asked > 0 && self.failed == self.asked {
            Course::NobodyIn
        } else {
            Course::Done
        }
    }
}

async fn interruption((interrupt, terminate): &mut (Signal, Signal)) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Between all workers being ready and the first moment that anything can be due.
const LEAD_NS: u64 = 50_000_000;
/// How long answers may still come in after an interruption.
const GRACE_NS: u64 = 2 * NANOS_PER_SECOND;
const TICK: Duration = Duration::from_millis(100);
