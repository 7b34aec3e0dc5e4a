//! The engine: workers that send the plan on time, and the thread that watches them.
//!
//! One thread per worker, each with its own runtime, connections and histograms; nothing is
//! shared but the plan, one phase that they watch, and counters for the progress line.

mod client;
mod control;
mod fill;
mod login;
mod machine;
mod outcome;
mod pace;
mod timer;
mod tokens;
mod wire;
mod worker;

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hdrhistogram::Histogram;
use http::HeaderValue;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime;
use tokio::sync::{mpsc, watch};

use crate::plan::{Plan, User};
use crate::record::Recorder;
use crate::settings::{Auth, ExtraHeader, SessionMode};
use crate::target::Target;
use crate::users::{Pool, TestUser};

use control::{Course, Event, Phase, control};
use machine::Machine;

pub(crate) use fill::Run;
pub(crate) use login::LoginFailed;
#[cfg(test)]
pub(crate) use outcome::Answer;
pub(crate) use outcome::{Failure, Outcome};

/// Everything that workers need, the same for all.
pub(crate) struct Job {
    /// What is sent, and when.
    pub(crate) plan: Plan,
    /// Where to.
    pub(crate) target: Target,
    /// Who logs in.
    pub(crate) pool: Pool,
    /// How.
    pub(crate) auth: Auth,
    /// Sent with every request.
    pub(crate) headers: Vec<ExtraHeader>,
    /// Whether log-ins, too, go through the load-test path.
    pub(crate) via_loadtest: bool,
    /// The key for that path.
    pub(crate) key: Option<HeaderValue>,
    /// What an arrival waits for.
    pub(crate) sessions: SessionMode,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// Threads.
    pub(crate) workers: usize,
    /// The configuration file, for messages.
    pub(crate) config: String,
    /// The run's name and fresh values.
    pub(crate) run: Run,
    /// For the progress line.
    pub(crate) counters: Counters,
}

/// What happened so far, for the progress line only.
#[derive(Default)]
pub(crate) struct Counters {
    /// Requests that ended.
    pub(crate) ended: AtomicU64,
    /// Of these, the failed ones.
    pub(crate) failed: AtomicU64,
}

/// What a run brought.
pub(crate) struct Measured {
    /// What was sent.
    pub(crate) job: Arc<Job>,
    /// All numbers.
    pub(crate) recorder: Recorder,
    /// Whether it was cut short by a signal.
    pub(crate) interrupted: bool,
    /// Log-ins before the run that brought no token.
    pub(crate) failed_logins: Vec<LoginFailed>,
    /// Connections opened.
    pub(crate) connections: u64,
    /// How late a bare timer was meanwhile, in microseconds.
    pub(crate) machine: Histogram<u32>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The target can't be reached.
    #[error("cannot connect to {target}: {reason}; is the proxy running? is `--target` right?")]
    Connect {
        /// The target.
        target: String,
        /// Why.
        reason: String,
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

impl Job {
    /// The user of an identity.
    fn user(&self, identity: u32) -> &User {
        let identity = &self.plan.identities[identity as usize];
        &self.plan.users[identity.user as usize]
    }

    /// The test user of an identity.
    fn test_user(&self, identity: u32) -> Option<&TestUser> {
        self.pool.users.get(self.user(identity).test_user?)
    }
}

/// What a worker brings back.
struct Share {
    recorder: Recorder,
    failed_logins: Vec<LoginFailed>,
    connections: u64,
}

/// Sends the plan; `watch` is called every 100 ms with the counters.
pub(crate) fn run(job: Job, watch: &mut dyn FnMut(&Counters)) -> Result<Measured, EngineError> {
    raise_file_limit();
    let job = Arc::new(job);
    let (phase, phases) = watch::channel(Phase::Prepare);
    let (events, told) = mpsc::unbounded_channel();
    let workers: Vec<_> = (0..job.workers)
        .map(|worker| spawn(&job, worker, phases.clone(), events.clone()))
        .collect::<io::Result<_>>()?;
    drop(events);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let machine = Machine::watch()?;
    let course = runtime.block_on(control(&job, &phase, told, watch));
    let machine = machine.lateness();
    let course = course?;
    drop(phases);
    let mut shares = Vec::with_capacity(workers.len());
    for worker in workers {
        match worker.join() {
            Ok(share) => shares.push(share?),
            Err(panicked) => panic::resume_unwind(panicked),
        }
    }
    let mut measured = join(job, shares, machine, course == Course::Interrupted);
    if course == Course::NobodyIn
        && let Some(first) = measured.failed_logins.drain(..).next()
    {
        let config = measured.job.config.clone();
        return Err(EngineError::Logins { first, config });
    }
    Ok(measured)
}

type Worker = JoinHandle<Result<Share, EngineError>>;

fn spawn(
    job: &Arc<Job>,
    worker: usize,
    phases: watch::Receiver<Phase>,
    events: mpsc::UnboundedSender<Event>,
) -> io::Result<Worker> {
    let job = Arc::clone(job);
    thread::Builder::new()
        .name(format!("replay-{worker}"))
        .spawn(move || {
            let ended = worker::run(&job, worker, phases, &events);
            // The receiver lives until every worker has ended.
            drop(events.send(Event::Ended));
            ended
        })
}

fn join(job: Arc<Job>, shares: Vec<Share>, machine: Histogram<u32>, interrupted: bool) -> Measured {
    let mut measured = Measured {
        recorder: Recorder::new(&job.plan),
        job,
        interrupted,
        failed_logins: Vec::new(),
        connections: 0,
        machine,
    };
    for share in shares {
        measured.recorder.merge(share.recorder);
        measured.failed_logins.extend(share.failed_logins);
        measured.connections += share.connections;
    }
    measured
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

/// The reason in words, without the system's number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => error.to_string(),
    }
}

fn connect_error(job: &Job, error: &io::Error) -> EngineError {
    EngineError::Connect {
        target: job.target.url().to_owned(),
        reason: reason(error),
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
