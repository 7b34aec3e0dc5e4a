//! A worker: prepares its sessions, plays them, and brings back its numbers.
//!
//! One thread; everything in it is its own.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::clock;
use crate::plan::{Arrival, overview};
use crate::record::Recorder;
use crate::settings::SessionMode;

use super::client::Client;
use super::control::{Event, Phase};
use super::fill::fill;
use super::login::{LoginFailed, log_in};
use super::outcome::{Failure, Outcome};
use super::pace::pace;
use super::tokens::Tokens;
use super::{EngineError, Job, Share, connect_error, count};

/// Plays one worker's share of the plan.
pub(super) fn run(
    job: &Arc<Job>,
    number: usize,
    phases: watch::Receiver<Phase>,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<Share, EngineError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worker = Rc::new(Worker::new(Arc::clone(job), number));
    let share = LocalSet::new().block_on(&runtime, worker.play_all(phases, events));
    // Idle connections end before the runtime that drives them.
    drop(runtime);
    share
}

/// The state of one worker.
pub(super) struct Worker {
    job: Arc<Job>,
    number: usize,
    client: Client,
    tokens: Tokens,
    recorder: RefCell<Recorder>,
    sessions: RefCell<Vec<Session>>,
    start_ns: Cell<u64>,
    stopping: Cell<bool>,
    /// Tasks that still have something to send or to wait for.
    active: Cell<usize>,
    quiet: Notify,
    abandon: Notify,
}

/// An ordered session: what is released and not yet sent.
#[derive(Default)]
struct Session {
    released: VecDeque<usize>,
    busy: bool,
    /// When the previous answer would have been in, had its request been sent on time: only the
    /// target's part in a wait is link wait, the rest stays lateness.
    free_ns: u64,
}

/// What an arrival has ahead of it in its session.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    /// As in [`Session`].
    free_ns: u64,
    /// Whether that waited for the target itself, and this one queued behind it. After a freeze of
    /// the target, `free_ns` catches up at once and the queue does not: it is not judged.
    held: bool,
}

impl Worker {
    fn new(job: Arc<Job>, number: usize) -> Self {
        let sessions = (job.plan.sessions as usize).div_ceil(job.workers);
        Self {
            client: Client::new(job.target.clone(), job.timeout),
            tokens: Tokens::new(job.plan.identities.len()),
            recorder: RefCell::new(Recorder::new(&job.plan)),
            sessions: RefCell::new((0..sessions).map(|_| Session::default()).collect()),
            start_ns: Cell::default(),
            stopping: Cell::default(),
            active: Cell::default(),
            quiet: Notify::new(),
            abandon: Notify::new(),
            job,
            number,
        }
    }

    async fn play_all(
        self: Rc<Self>,
        mut phases: watch::Receiver<Phase>,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<Share, EngineError> {
        let share = self.share();
        let (asked, failed_logins) = tokio::select! {
            prepared = self.prepare(&share) => prepared?,
            _stopped = phases.wait_for(|phase| phase.stops()) => (0, Vec::new()),
        };
        let failed = failed_logins.len();
        // The receiver lives until every worker has ended.
        drop(events.send(Event::Ready { asked, failed }));
        if let Ok(phase) = phases.wait_for(|phase| *phase != Phase::Prepare).await
            && let Phase::Run { start_ns } = *phase
        {
            self.start_ns.set(start_ns);
        } else {
            self.stopping.set(true);
        }
        pace(&self, &share, &mut phases).await?;
        self.settle(&mut phases).await;
        Ok(Share {
            recorder: self.recorder.replace(Recorder::new(&self.job.plan)),
            failed_logins,
            connections: self.client.opened(),
        })
    }

    /// This worker's arrivals, as positions in the plan.
    fn share(&self) -> Vec<usize> {
        let mine = |session: u32| session as usize % self.job.workers == self.number;
        let arrivals = self.job.plan.arrivals.iter().enumerate();
        arrivals
            .filter(|(_, arrival)| mine(arrival.session))
            .map(|(position, _)| position)
            .collect()
    }

    /// Tells how many log-ins it tried, and which of them failed.
    async fn prepare(
        self: &Rc<Self>,
        share: &[usize],
    ) -> Result<(usize, Vec<LoginFailed>), EngineError> {
        let arrivals = share
            .iter()
            .map(|&position| &self.job.plan.arrivals[position]);
        let wanted = overview::connections(arrivals).clamp(1, MAX_AHEAD);
        self.client
            .open(wanted)
            .await
            .map_err(|error| connect_error(&self.job, &error))?;
        let identities = self.job.plan.identities.iter().enumerate();
        let mine: VecDeque<_> = identities
            .filter(|(_, identity)| identity.logs_in_first)
            .filter(|(_, identity)| identity.session as usize % self.job.workers == self.number)
            .map(|(position, _)| crate::plan::store::index(position))
            .collect();
        let asked = mine.len();
        Ok((asked, self.log_in_all(mine).await))
    }

    async fn log_in_all(self: &Rc<Self>, identities: VecDeque<u32>) -> Vec<LoginFailed> {
        let waiting = Rc::new(RefCell::new(identities));
        let lanes: Vec<_> = (0..(LOGINS_AT_ONCE / self.job.workers).max(1))
            .map(|_| spawn_local(Rc::clone(self).log_in_lane(Rc::clone(&waiting))))
            .collect();
        let mut failed = Vec::new();
        for lane in lanes {
            failed.extend(lane.await.unwrap_or_default());
        }
        failed
    }

    async fn log_in_lane(self: Rc<Self>, waiting: Rc<RefCell<VecDeque<u32>>>) -> Vec<LoginFailed> {
        let mut failed = Vec::new();
        loop {
            let Some(identity) = waiting.borrow_mut().pop_front() else {
                return failed;
            };
            let result = log_in(&self.job, &self.client, &self.tokens, identity).await;
            failed.extend(result.err());
        }
    }

    /// When an arrival is due, on the clock.
    pub(super) fn due_ns(&self, position: usize) -> u64 {
        self.start_ns.get() + self.job.plan.arrivals[position].due_ns
    }

    /// Whether nothing new is sent any more.
    pub(super) fn stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Sends nothing new from now on.
    pub(super) fn stop(&self) {
        self.stopping.set(true);
    }

    /// Takes note of an arrival that was not sent.
    pub(super) fn drop_arrival(&self, position: usize) {
        self.recorder
            .borrow_mut()
            .dropped(&self.job.plan.arrivals[position]);
    }

    /// Lets an arrival go: now, or after its session's previous answer.
    pub(super) fn release(self: &Rc<Self>, position: usize) {
        let arrival = &self.job.plan.arrivals[position];
        if let Some(identity) = arrival.gives {
            self.tokens.expect(identity);
        }
        match self.job.sessions {
            SessionMode::Open => {
                self.active.set(self.active.get() + 1);
                drop(spawn_local(Rc::clone(self).play_one(position)));
            }
            SessionMode::Ordered => {
                let slot = arrival.session as usize / self.job.workers;
                let session = &mut self.sessions.borrow_mut()[slot];
                session.released.push_back(position);
                if !session.busy {
                    session.busy = true;
                    self.active.set(self.active.get() + 1);
                    drop(spawn_local(Rc::clone(self).play_session(slot)));
                }
            }
        }
    }

    async fn play_one(self: Rc<Self>, position: usize) {
        self.play(position, Ahead::default()).await;
        self.ended();
    }

    async fn play_session(self: Rc<Self>, slot: usize) {
        // The task begins when the session is idle: nothing is queued behind anything yet.
        let mut held = false;
        while let Some((position, free_ns)) = self.next_of(slot) {
            let ahead = self.play(position, Ahead { free_ns, held }).await;
            held = ahead.held;
            self.sessions.borrow_mut()[slot].free_ns = ahead.free_ns;
        }
        self.ended();
    }

    /// The session's next arrival, or the end of its task.
    fn next_of(&self, slot: usize) -> Option<(usize, u64)> {
        let session = &mut self.sessions.borrow_mut()[slot];
        if self.stopping.get() {
            session
                .released
                .drain(..)
                .for_each(|position| self.drop_arrival(position));
        }
        let next = session.released.pop_front();
        session.busy = next.is_some();
        next.map(|position| (position, session.free_ns))
    }

    /// Sends one arrival and returns what it is to the one that comes after it.
    async fn play(&self, position: usize, ahead: Ahead) -> Ahead {
        let arrival = &self.job.plan.arrivals[position];
        let due_ns = self.due_ns(position);
        let ready_ns = due_ns.max(ahead.free_ns);
        let mut outcome = tokio::select! {
            biased;
            outcome = self.exchange(arrival, ready_ns) => outcome,
            () = self.abandon.notified() => without_answer(ready_ns, Failure::Interrupted),
        };
        if let Some(identity) = arrival.gives {
            self.tokens.settle(identity);
        }
        count(&self.job.counters.ended);
        outcome.held = ahead.held || outcome.ready_ns > due_ns;
        let behind = Ahead {
            free_ns: outcome.ready_ns + outcome.ended_ns.saturating_sub(outcome.sent_ns),
            held: outcome.held,
        };
        let failed =
            self.recorder
                .borrow_mut()
                .ended(position, arrival, &outcome, self.start_ns.get());
        if failed {
            count(&self.job.counters.failed);
        }
        behind
    }

    async fn exchange(&self, arrival: &Arrival, mut ready_ns: u64) -> Outcome {
        if let Some(identity) = arrival.needs
            && self.job.sessions == SessionMode::Open
        {
            let own = u32::from(arrival.gives == arrival.needs);
            if self.tokens.wait(identity, own).await {
                ready_ns = clock::now_ns();
            }
        }
        let request = match fill(&self.job, &self.tokens, arrival) {
            Ok(request) => request,
            Err(failure) => return without_answer(ready_ns, failure),
        };
        let outcome = self
            .client
            .send(request, ready_ns, arrival.gives.is_some())
            .await;
        if let (Some(identity), Ok(answer)) = (arrival.gives, &outcome.answer) {
            self.tokens
                .take(identity, answer.body.as_deref(), &self.job.auth);
        }
        outcome
    }

    fn ended(&self) {
        self.active.set(self.active.get() - 1);
        if self.active.get() == 0 {
            self.quiet.notify_one();
        }
    }

    /// Waits for the answers that are still to come, as long as anybody wants them.
    async fn settle(&self, phases: &mut watch::Receiver<Phase>) {
        while self.active.get() > 0 {
            tokio::select! {
                () = self.quiet.notified() => {}
                Ok(()) = phases.changed() => match *phases.borrow_and_update() {
                    Phase::Abandon => self.abandon.notify_waiters(),
                    Phase::Stop => self.stop(),
                    Phase::Prepare | Phase::Run { .. } => {}
                },
            }
        }
    }
}

fn without_answer(ready_ns: u64, failure: Failure) -> Outcome {
    let now_ns = clock::now_ns().max(ready_ns);
    Outcome {
        ready_ns,
        held: false,
        sent_ns: now_ns,
        ended_ns: now_ns,
        written: 0,
        read: 0,
        answer: Err(failure),
    }
}

/// Connections that a worker opens ahead of time, at most.
const MAX_AHEAD: usize = 512;
/// Log-ins before the run that are on their way at once, over all workers.
const LOGINS_AT_ONCE: usize = 8;
