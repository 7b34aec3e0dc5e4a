//! The control of a run: starts it when every worker is ready, and ends it on a signal.
//!
//! Workers watch its phase and tell it what happened; it knows nothing of requests.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{self, MissedTickBehavior};

use crate::clock::{self, NANOS_PER_SECOND};
use crate::judge::{EndedBy, Rates, Seen, Span};
use crate::record::Recorder;
use crate::summary;

use super::feed::{Plan, Planned, lock};
use super::machine::Machine;
use super::{Counters, Job};

/// Where a run is; workers watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Connections are opened and sessions logged in.
    Prepare,
    /// Arrivals are due from this moment of the clock.
    Run { start_ns: u64 },
    /// Nothing is sent for a while.
    Pause,
    /// Nothing new is sent.
    Stop,
    /// Nothing more is waited for.
    Abandon,
}

impl Phase {
    /// Whether workers know what to do: a pause tells them nothing before they have begun.
    pub(super) fn has_begun(self) -> bool {
        !matches!(self, Self::Prepare | Self::Pause)
    }

    /// Whether nothing new is sent any more.
    pub(super) fn stops(self) -> bool {
        match self {
            Self::Prepare | Self::Run { .. } | Self::Pause => false,
            Self::Stop | Self::Abandon => true,
        }
    }
}

/// What a worker tells.
pub(super) enum Event {
    /// It is ready to start, having tried so many log-ins, of which so many failed.
    Ready { asked: usize, failed: usize },
    /// What happened since it told that last, but for what is compared with the plan.
    Measured {
        /// Which worker tells it.
        worker: usize,
        /// Up to which moment of the clock.
        until_ns: u64,
        /// What it recorded.
        part: Box<Recorder>,
    },
    /// More requests would have been on their way than may be, and the run is to end then.
    Overloaded,
    /// It ended.
    Ended,
}

/// What people can ask of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// To start, where it waits for that.
    Start,
    /// To send nothing for a while.
    Pause,
    /// To go on.
    Resume,
    /// To pause, or to go on.
    Toggle,
    /// To end: what is on its way is waited for.
    Stop,
}

/// Who watches a run.
pub(crate) struct Watch<'a> {
    /// Called now and then.
    pub(crate) show: &'a mut dyn FnMut(&News<'_>),
    /// What they ask for.
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
}

/// How a run is doing.
pub(crate) struct News<'a> {
    /// Whether it runs.
    pub(crate) state: State,
    /// Counts of this moment.
    pub(crate) counters: &'a Counters,
    /// What the last second brought, once in each.
    pub(crate) second: Option<Moment<'a>>,
}

/// What happened up to a second.
pub(crate) struct Moment<'a> {
    /// What was planned by then, and somewhat beyond.
    pub(crate) planned: Planned,
    /// What was measured, but for what is compared with the plan.
    pub(crate) recorder: &'a Recorder,
    machine: &'a Machine,
    /// Nanoseconds from the start, pauses apart.
    pub(crate) at_ns: u64,
}

impl Moment<'_> {
    /// How late a bare timer was, in microseconds.
    pub(crate) fn machine(&self) -> Histogram<u32> {
        self.machine.lateness()
    }
}

/// Whether a run runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is prepared, or waits to be told to start.
    Waiting,
    /// It runs.
    Running,
    /// It sends nothing for a while.
    Paused,
    /// Nothing new is sent, and the last answers are waited for.
    Ending,
}

/// Starts the run when every worker is ready, and stops it on a signal or when it is told to; tells
/// how it went, and what workers told of it.
pub(super) async fn control(
    job: &Job,
    plan: &Plan,
    machine: &Machine,
    phase: watch::Sender<Phase>,
    mut events: mpsc::UnboundedReceiver<Event>,
    watch: &mut Watch<'_>,
) -> io::Result<(Course, Recorder)> {
    let mut signals = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let mut ticks = time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut control = Control::new(job, phase);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                None => return Ok((control.course, control.recorder)),
                Some(event) => control.told(event),
            },
            () = interruption(&mut signals) => control.interrupt(),
            Some(command) = watch.commands.recv() => control.obey(command),
            _ = ticks.tick() => {
                let second = control.tick(plan);
                (watch.show)(&News {
                    state: control.state,
                    counters: &job.counters,
                    second: second.map(|(planned, at_ns)| Moment {
                        planned,
                        recorder: &control.recorder,
                        machine,
                        at_ns,
                    }),
                });
            }
        }
    }
}

/// Where a run is.
struct Control<'a> {
    job: &'a Job,
    phase: watch::Sender<Phase>,
    state: State,
    ready: Preparation,
    /// Whether it has been told to start, where it waits for that.
    may_start: bool,
    course: Course,
    /// What workers told of what they measured.
    recorder: Recorder,
    /// Up to when each worker has told that, on the clock.
    told_ns: Vec<u64>,
    /// When it started, on the clock; later by all pauses.
    start_ns: u64,
    /// Since when it pauses.
    paused_ns: u64,
    /// When the next second is over, from the start.
    second_ns: u64,
    /// When the last answers are not waited for any more.
    deadline_ns: u64,
}

impl<'a> Control<'a> {
    fn new(job: &'a Job, phase: watch::Sender<Phase>) -> Self {
        Self {
            phase,
            state: State::Waiting,
            ready: Preparation::default(),
            may_start: !job.waits,
            course: Course::Done,
            recorder: Recorder::measuring(job.warm_up_ns, &job.criteria),
            told_ns: vec![0; job.how.workers],
            start_ns: 0,
            paused_ns: 0,
            second_ns: NANOS_PER_SECOND,
            deadline_ns: u64::MAX,
            job,
        }
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::Ready { asked, failed } => {
                self.ready.count(asked, failed);
                self.start();
            }
            Event::Measured {
                worker,
                until_ns,
                part,
            } => {
                self.recorder.merge(*part);
                self.told_ns[worker] = until_ns;
            }
            // A worker that could not prepare ends early: the others need not start.
            Event::Ended if self.ready.workers < self.job.how.workers => self.stop(),
            Event::Overloaded => self.stop(),
            Event::Ended => {}
        }
    }

    /// Starts the run, once all are ready and it may.
    fn start(&mut self) {
        let all_ready = self.ready.workers == self.job.how.workers;
        if self.state != State::Waiting || !all_ready {
            return;
        }
        if self.ready.is_vain() {
            self.course = Course::NobodyIn;
            self.stop();
        } else if self.may_start {
            self.start_ns = clock::now_ns() + LEAD_NS;
            let counters = &self.job.counters;
            counters.start_ns.store(self.start_ns, Ordering::Relaxed);
            self.enter(State::Running);
        }
    }

    fn obey(&mut self, command: Command) {
        match (command, self.state) {
            (Command::Start, _) => {
                self.may_start = true;
                self.start();
            }
            (Command::Pause | Command::Toggle, State::Running) => {
                self.paused_ns = clock::now_ns();
                self.enter(State::Paused);
            }
            (Command::Resume | Command::Toggle, State::Paused) => {
                let paused_ns = self.paused_ns.max(self.start_ns);
                self.start_ns += clock::now_ns().saturating_sub(paused_ns);
                self.enter(State::Running);
            }
            (Command::Stop, _) => self.interrupt(),
            (_, _) => {}
        }
    }

    /// Ends the run before its time; what is on its way is waited for, once.
    fn interrupt(&mut self) {
        if self.state == State::Ending {
            // What ended it remains the reason.
            self.phase.send_replace(Phase::Abandon);
            return;
        }
        self.course = Course::Interrupted;
        self.deadline_ns = clock::now_ns() + GRACE_NS;
        self.stop();
    }

    fn stop(&mut self) {
        self.enter(State::Ending);
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.phase.send_replace(match state {
            State::Waiting => Phase::Prepare,
            State::Running => Phase::Run {
                start_ns: self.start_ns,
            },
            State::Paused => Phase::Pause,
            State::Ending => Phase::Stop,
        });
    }

    /// Looks at the time; once a second tells what was planned, and how far the run is.
    fn tick(&mut self, plan: &Plan) -> Option<(Planned, u64)> {
        let now_ns = clock::now_ns();
        if now_ns >= self.deadline_ns {
            self.phase.send_replace(Phase::Abandon);
        }
        let until_ns = match self.state {
            State::Paused => self.paused_ns,
            _ => now_ns,
        };
        let at_ns = until_ns.saturating_sub(self.start_ns);
        if self.start_ns == 0 || !self.job.watched || at_ns < self.second_ns {
            return None;
        }
        self.second_ns = (at_ns / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND;
        if self.state == State::Running {
            self.judge(plan);
        }
        Some((lock(plan).clone(), at_ns))
    }

    /// Ends the run when a rule says so, by what all workers have told.
    fn judge(&mut self, plan: &Plan) {
        let job = self.job;
        let told_ns = self.told_ns.iter().min().copied().unwrap_or_default();
        let at_ns = told_ns.saturating_sub(self.start_ns);
        if !job.criteria.can_abort() || at_ns <= job.warm_up_ns {
            return;
        }
        let ends = job.criteria.ends_run(&Seen {
            meters: &self.recorder.meters,
            duration_s: seconds(at_ns - job.warm_up_ns),
            span: Span::so_far(job.warm_up_ns, at_ns),
            dropped: self.recorder.dropped_so_far(),
            rates: Rates::default(),
            users: lock(plan).players,
            checks: &job.criteria.counted(&self.recorder.checks),
            course: &summary::Course::default(),
        });
        if let Some(ended) = ends {
            self.course = Course::Ruled(ended);
            self.stop();
        }
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / NANOS_PER_SECOND as f64
}

/// How a run went, as far as its control can tell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Course {
    /// To its end.
    Done,
    /// Until somebody ended it.
    Interrupted,
    /// Not at all: some sessions had to log in first, and none of all workers' could.
    NobodyIn,
    /// Until this rule did not hold.
    Ruled(EndedBy),
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

    /// Whether all who had to log in could not.
    fn is_vain(&self) -> bool {
        self.asked > 0 && self.failed == self.asked
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
