//! The engine: workers that send the plan on time, and the threads that feed and watch them.
//!
//! One thread per worker, each with its own runtime, connections and histograms; nothing is
//! shared but one phase that they watch, what is compiled, and counters for the progress line.

mod alarms;
mod client;
mod compare;
mod control;
mod due;
mod feed;
mod fill;
mod jar;
mod lanes;
mod live;
mod login;
mod machine;
mod memory;
mod outcome;
mod pace;
mod players;
mod priority;
mod session;
mod slots;
mod timer;
mod why;
mod worker;

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use hdrhistogram::Histogram;
use http::HeaderValue;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime;
use tokio::sync::{mpsc, watch};

use crate::judge::{Criteria, EndedBy};
use crate::plan::{Arrival, Planner};
use crate::record::Recorder;
use crate::settings::{Auth, ExtraHeader, How};
use crate::target::Target;
use crate::users::Pool;

use compare::Comparer;
use control::{Course, Event, Phase, control};
use feed::{Piece, Plan, lock};
use machine::Machine;

pub(crate) use client::Answering;
#[cfg(fuzzing)]
pub use client::fuzzing;
pub(crate) use compare::{Compared, Shapes};
pub(crate) use control::{Command, Moment, News, State, Watch};
pub(crate) use feed::Planned;
pub(crate) use fill::Run;
pub(crate) use live::Missing;
pub(crate) use login::LoginFailed;
#[cfg(test)]
pub(crate) use outcome::Answer;
pub(crate) use outcome::{Failure, Keep, Outcome, Steps};

/// Everything that workers need, the same for all.
pub(crate) struct Job {
    /// Where to.
    pub(crate) target: Target,
    /// Who logs in.
    pub(crate) pool: Arc<Pool>,
    /// How.
    pub(crate) auth: Auth,
    /// Sent with every request.
    pub(crate) headers: Vec<ExtraHeader>,
    /// Whether log-ins, too, go through the load-test path.
    pub(crate) via_loadtest: bool,
    /// The key for that path.
    pub(crate) key: Option<HeaderValue>,
    /// One of these for each who plays.
    pub(crate) addresses: Option<IpNet>,
    /// How many may stand for one recorded user.
    pub(crate) clones: u32,
    /// How it is sent.
    pub(crate) how: How,
    /// What is due before this is in no number.
    pub(crate) warm_up_ns: u64,
    /// Arrivals go when there is room for them, until this time.
    pub(crate) closed: Option<u64>,
    /// The configuration file, for messages.
    pub(crate) config: String,
    /// The run's name and fresh values.
    pub(crate) run: Run,
    /// What it is judged by.
    pub(crate) criteria: Criteria,
    /// Whether somebody watches, who wants to know each second what happened.
    pub(crate) watched: bool,
    /// Whether it starts only when it is told to.
    pub(crate) waits: bool,
    /// For the progress line.
    pub(crate) counters: Counters,
}

impl Job {
    /// The number of one of those that stand for an identity of the capture.
    fn identity(&self, number: u32, arrival: &Arrival) -> u32 {
        number * self.clones + arrival.clone
    }

    /// Where a session is in its worker.
    const fn place_of(&self, session: u32) -> usize {
        session as usize / self.how.workers
    }

    /// Whether cookies that are for secure connections are sent: to loopback as browsers do.
    fn is_secure(&self) -> bool {
        let mut addresses = self.target.addresses.iter();
        self.target.tls.is_some() || addresses.all(|address| address.ip().is_loopback())
    }
}

/// What happened so far, for those who watch a run.
#[derive(Default)]
pub(crate) struct Counters {
    /// Requests that ended.
    pub(crate) ended: AtomicU64,
    /// Of these, the failed ones.
    pub(crate) failed: AtomicU64,
    /// When arrivals are due from, on the clock; 0 before that is known.
    pub(crate) start_ns: AtomicU64,
}

/// What a run brought.
pub(crate) struct Measured {
    /// What was sent.
    pub(crate) job: Arc<Job>,
    /// What was to be.
    pub(crate) planned: Planned,
    /// All numbers.
    pub(crate) recorder: Recorder,
    /// Whether it was cut short by a signal, or by who watched.
    pub(crate) interrupted: bool,
    /// The rule that ended it.
    pub(crate) ended_by: Option<EndedBy>,
    /// What was done outside the plan so that sessions are logged in.
    pub(crate) upkeep: Upkeep,
    /// How shapes of answers differ from the recorded ones.
    pub(crate) shapes: Shapes,
    /// Connections opened.
    pub(crate) connections: u64,
    /// Whether real-time priority was asked for and not granted.
    pub(crate) outranked: bool,
    /// How late a bare timer was meanwhile, in microseconds.
    pub(crate) machine: Histogram<u32>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The target can't be reached.
    #[error("cannot connect to {target}: {reason}; {hint}")]
    Connect {
        /// The target.
        target: String,
        /// Why.
        reason: String,
        /// What to look at.
        hint: &'static str,
    },
    /// No session could log in.
    #[error("no session could log in, {first}; check the users file and `[auth]` in {config}")]
    Logins {
        /// The first of them.
        first: LoginFailed,
        /// The configuration file.
        config: String,
    },
    /// The system refused something.
    #[error("cannot set up sending")]
    System(#[from] io::Error),
}

/// What a worker brings back.
struct Share {
    recorder: Recorder,
    upkeep: Upkeep,
    connections: u64,
    outranked: bool,
}

/// What was done outside the plan so that sessions are logged in.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    /// Log-ins.
    pub(crate) log_ins: u64,
    /// Tokens that were refreshed before their time was over.
    pub(crate) refreshes: u64,
    /// Requests that were sent a second time, after a 401 and a fresh log-in.
    pub(crate) retries: u64,
    /// Log-ins and refreshes that brought no token.
    pub(crate) failed: u64,
    /// The first of them.
    pub(crate) failures: Vec<LoginFailed>,
}

impl Upkeep {
    /// Takes note of a log-in or refresh in vain.
    fn failed(&mut self, failed: LoginFailed) {
        self.failed += 1;
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(failed);
        }
    }

    fn merge(&mut self, other: Self) {
        self.log_ins += other.log_ins;
        self.refreshes += other.refreshes;
        self.retries += other.retries;
        self.failed += other.failed;
        self.failures.extend(other.failures);
    }
}

/// Failures that a worker remembers.
const MOST_FAILURES: usize = 8;

/// Sends the plan, for people who watch and may ask for something.
pub(crate) fn run(
    job: Arc<Job>,
    planner: Planner,
    mut watch: Watch<'_>,
) -> Result<Measured, EngineError> {
    raise_file_limit();
    let (phase, phases) = watch::channel(Phase::Prepare);
    let (events, told) = mpsc::unbounded_channel();
    let (pieces, feeds): (Vec<_>, Vec<_>) = (0..job.how.workers)
        .map(|_| mpsc::channel(feed::PIECES))
        .unzip();
    let plan = Plan::default();
    let feed = feed::feed(planner, job.warm_up_ns, pieces, Arc::clone(&plan))?;
    let (comparer, comparing) = compare::start()?;
    let workers: Vec<_> = (0..)
        .zip(feeds)
        .map(|(worker, feed)| {
            let told = events.clone();
            spawn(&job, worker, feed, phases.clone(), told, comparer.clone())
        })
        .collect::<io::Result<_>>()?;
    drop((events, comparer));
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let machine = Machine::watch()?;
    let controlled = runtime.block_on(control(&job, &plan, &machine, phase, told, &mut watch));
    let machine = machine.end();
    let (course, recorder) = controlled?;
    drop(phases);
    let shares = workers.into_iter().map(joined);
    let shares = shares.collect::<Result<Vec<_>, _>>()?;
    joined(feed);
    let mut measured = Measured {
        planned: lock(&plan).clone(),
        recorder,
        job,
        interrupted: course == Course::Interrupted,
        ended_by: None,
        upkeep: Upkeep::default(),
        shapes: joined(comparing),
        connections: 0,
        outranked: false,
        machine,
    };
    for share in shares {
        measured.recorder.merge(share.recorder);
        measured.upkeep.merge(share.upkeep);
        measured.connections += share.connections;
        measured.outranked |= share.outranked;
    }
    let is_vain = course == Course::NobodyIn;
    if let Course::Ruled(rule) = course {
        measured.ended_by = Some(rule);
    }
    if is_vain && let Some(first) = measured.upkeep.failures.drain(..).next() {
        let config = measured.job.config.clone();
        return Err(EngineError::Logins { first, config });
    }
    Ok(measured)
}

/// What a thread brought back; its panic is this one's.
fn joined<T>(thread: JoinHandle<T>) -> T {
    match thread.join() {
        Ok(brought) => brought,
        Err(panicked) => panic::resume_unwind(panicked),
    }
}

type Worker = JoinHandle<Result<Share, EngineError>>;

fn spawn(
    job: &Arc<Job>,
    worker: usize,
    feed: mpsc::Receiver<Piece>,
    phases: watch::Receiver<Phase>,
    events: mpsc::UnboundedSender<Event>,
    comparer: Comparer,
) -> io::Result<Worker> {
    let job = Arc::clone(job);
    thread::Builder::new()
        .name(format!("replay-{worker}"))
        .spawn(move || {
            let ended = worker::run(&job, worker, feed, phases, &events, comparer);
            // The receiver lives until every worker has ended.
            drop(events.send(Event::Ended));
            ended
        })
}

/// Many connections are many files; where the limit can't be raised, connecting says so.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
