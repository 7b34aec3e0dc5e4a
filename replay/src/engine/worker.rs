//! A worker: prepares its sessions, plays them, and brings back its numbers.
//!
//! One thread; everything in it is its own.

mod exchange;
mod play;
mod upkeep;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::clock;
use crate::plan::overview::Concurrency;
use crate::record::Recorder;
use crate::settings::{Pacing, Reuse, SessionMode};

use super::alarms::Alarms;
use super::client::Client;
use super::compare::{Comparer, Samples};
use super::control::{Event, Phase};
use super::feed::Piece;
use super::lanes::Lanes;
use super::memory::Memory;
use super::outcome::Keep;
use super::pace::pace;
use super::session::Sessions;
use super::slots::Slots;
use super::why::connect_error;
use super::{EngineError, Job, Share, Upkeep};

use play::Playing;

/// Plays one worker's share of the plan.
pub(super) fn run(
    job: &Arc<Job>,
    number: usize,
    feed: mpsc::Receiver<Piece>,
    phases: watch::Receiver<Phase>,
    events: &mpsc::UnboundedSender<Event>,
    comparer: Comparer,
) -> Result<Share, EngineError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worker = Rc::new(Worker::new(
        Arc::clone(job),
        number,
        events.clone(),
        comparer,
    ));
    let share = LocalSet::new().block_on(&runtime, worker.play_all(feed, phases));
    // Idle connections end before the runtime that drives them.
    drop(runtime);
    share
}

/// The state of one worker.
pub(super) struct Worker {
    job: Arc<Job>,
    number: usize,
    events: mpsc::UnboundedSender<Event>,
    client: Rc<Client>,
    memory: Memory,
    comparer: Comparer,
    samples: Samples,
    recorder: RefCell<Recorder>,
    /// What is asked of the requests of each route.
    routes: RefCell<Vec<Asked>>,
    sessions: RefCell<Sessions>,
    /// Memory for requests that are on their way.
    buffers: RefCell<Vec<[Vec<u8>; 2]>>,
    /// Requests that may be on their way, where that is bounded.
    slots: Slots,
    /// Log-ins that may be on their way at once.
    log_ins: Slots,
    upkeep: RefCell<Upkeep>,
    start_ns: Cell<u64>,
    stopping: Cell<bool>,
    /// Nothing is sent for a while, and who waits for its end.
    paused: Cell<bool>,
    resumed: Notify,
    /// Real-time priority was asked for and not granted.
    pub(super) outranked: Cell<bool>,
    /// Sessions that have something to send or to wait for.
    lanes: Lanes<Playing>,
    pub(super) alarms: Alarms,
    /// Told when there is no such session any more.
    pub(super) quiet: Notify,
}

impl Worker {
    fn new(
        job: Arc<Job>,
        number: usize,
        events: mpsc::UnboundedSender<Event>,
        comparer: Comparer,
    ) -> Self {
        let share = |most: usize| {
            (most / job.how.workers + usize::from(number < most % job.how.workers)).max(1)
        };
        let how = &job.how;
        let connections = how.max_connections.map(share);
        let slots = how.max_in_flight.map(share);
        Self {
            client: Rc::new(Client::new(job.target.clone(), how, connections)),
            memory: Memory::new(job.how.workers),
            comparer,
            samples: Samples::default(),
            recorder: RefCell::new(Recorder::measuring(job.warm_up_ns, &job.criteria)),
            routes: RefCell::default(),
            sessions: RefCell::default(),
            buffers: RefCell::default(),
            slots: Slots::new(slots),
            log_ins: Slots::new(Some(share(LOGINS_AT_ONCE))),
            upkeep: RefCell::default(),
            start_ns: Cell::default(),
            stopping: Cell::default(),
            paused: Cell::default(),
            resumed: Notify::new(),
            outranked: Cell::default(),
            lanes: Lanes::new(),
            alarms: Alarms::default(),
            quiet: Notify::new(),
            job,
            number,
            events,
        }
    }

    async fn play_all(
        self: Rc<Self>,
        mut feed: mpsc::Receiver<Piece>,
        mut phases: watch::Receiver<Phase>,
    ) -> Result<Share, EngineError> {
        let sweep = spawn_local(Rc::clone(&self.client).sweep());
        let fresh = spawn_local(Rc::clone(&self).keep_fresh());
        let told = spawn_local(Rc::clone(&self).tell_each_second());
        let mut first = feed.recv().await.unwrap_or_default();
        let asked = tokio::select! {
            prepared = self.prepare(&mut first) => prepared?,
            _stopped = phases.wait_for(|phase| phase.stops()) => 0,
        };
        let failed = self.upkeep.borrow().failed.try_into().unwrap_or(usize::MAX);
        self.tell(Event::Ready { asked, failed });
        if let Ok(phase) = phases.wait_for(|phase| phase.has_begun()).await
            && let Phase::Run { start_ns } = *phase
        {
            self.start_ns.set(start_ns);
        } else {
            self.stop();
        }
        pace(&self, first, &mut feed, &mut phases).await?;
        self.settle(&mut phases).await;
        sweep.abort();
        fresh.abort();
        told.abort();
        Ok(Share {
            recorder: self.recorder.replace(Recorder::new(0)),
            upkeep: self.upkeep.take(),
            connections: self.client.opened(),
            outranked: self.outranked.get(),
        })
    }

    /// Opens connections and logs in who has to be; tells how many log-ins it tried.
    async fn prepare(self: &Rc<Self>, first: &mut Piece) -> Result<usize, EngineError> {
        let mut concurrency = Concurrency::default();
        let arrivals = first.arrivals.iter();
        arrivals.for_each(|arrival| concurrency.add(arrival));
        let wanted = match self.job.how.reuse {
            Reuse::Pool => concurrency.most.clamp(1, MAX_AHEAD),
            // One says whether the target is there; whose the others are is not known yet.
            Reuse::Recorded | Reuse::User => 1,
        };
        self.client
            .open(wanted.min(self.slots.free()))
            .await
            .map_err(|error| connect_error(&self.job, &error))?;
        let tasks = self.introduce(std::mem::take(&mut first.players));
        let asked = tasks.len();
        for task in tasks {
            // It ends by itself, and panics are not caught here.
            let _ended = task.await;
        }
        Ok(asked)
    }

    /// Takes note of routes that are new.
    pub(super) fn learn(&self, routes: &[String]) {
        let asked = routes.iter().map(|route| Asked::of(&self.job, route));
        self.routes.borrow_mut().extend(asked);
    }

    /// Sends nothing for a while.
    pub(super) fn pause(&self) {
        self.paused.set(true);
    }

    /// Goes on after a pause, as if the run had started at this moment of the clock.
    pub(super) fn resume(&self, start_ns: u64) {
        let paused_ns = start_ns.saturating_sub(self.start_ns.replace(start_ns));
        self.alarms.postpone(paused_ns);
        self.paused.set(false);
        self.resumed.notify_waiters();
    }

    /// Returns when the run is not paused.
    async fn while_paused(&self) {
        while self.paused.get() && !self.stopping() {
            self.resumed.notified().await;
        }
    }

    /// Tells what happened each second, where somebody watches.
    async fn tell_each_second(self: Rc<Self>) {
        if !self.job.watched {
            return;
        }
        let mut ticks = tokio::time::interval(SECOND);
        loop {
            ticks.tick().await;
            let part = self.recorder.borrow_mut().take(&self.job.criteria);
            self.tell(Event::Measured {
                worker: self.number,
                until_ns: clock::now_ns(),
                part: Box::new(part),
            });
        }
    }

    /// When the run started, on the clock.
    pub(super) fn start_ns(&self) -> u64 {
        self.start_ns.get()
    }

    /// Whether nothing new is sent any more.
    pub(super) fn stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Sends nothing new from now on.
    pub(super) fn stop(&self) {
        self.stopping.set(true);
        self.alarms.close();
        self.memory.close();
        self.resumed.notify_waiters();
    }

    /// Whether sessions take their pauses from the answers.
    pub(super) fn thinks(&self) -> bool {
        self.job.how.sessions == SessionMode::Think
    }

    /// How due times are waited for.
    pub(super) fn pacing(&self) -> Pacing {
        self.job.how.pacing
    }

    /// Whether arrivals go when there is room for them.
    pub(super) fn is_closed(&self) -> bool {
        self.job.closed.is_some()
    }

    /// Whether the run is over at this time, where arrivals have none of their own.
    pub(super) fn is_past_end(&self, at_ns: u64) -> bool {
        self.job.closed.is_some_and(|end_ns| at_ns >= end_ns)
    }

    /// Whether there is something on its way.
    pub(super) fn is_active(&self) -> bool {
        self.lanes.is_active()
    }

    /// Room for requests on their way.
    pub(super) const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Waits for the answers that are still to come, as long as anybody wants them.
    async fn settle(&self, phases: &mut watch::Receiver<Phase>) {
        while self.is_active() {
            tokio::select! {
                () = self.quiet.notified() => {}
                Ok(()) = phases.changed() => match *phases.borrow_and_update() {
                    Phase::Abandon => self.client.abandon(),
                    Phase::Stop => self.stop(),
                    Phase::Prepare | Phase::Run { .. } | Phase::Pause => {}
                },
            }
        }
    }

    /// The receiver lives until every worker has ended.
    fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }
}

/// What is asked of the requests of a route.
#[derive(Default)]
struct Asked {
    /// Metrics, by their numbers.
    meters: Vec<usize>,
    /// Checks, by theirs.
    checks: Vec<usize>,
    /// What these look at of an answer.
    keep: Keep,
}

impl Asked {
    fn of(job: &Job, route: &str) -> Self {
        let checks = job.criteria.checks_of(route);
        let mut keep = Keep::NOTHING;
        for &check in &checks {
            let (head, body) = job.criteria.checks[check].looks_into();
            keep.head |= head;
            keep.body = keep.body.max(if body { Keep::ALL.body } else { 0 });
        }
        Self {
            meters: job.criteria.meters_of(route),
            checks,
            keep,
        }
    }
}

/// Connections that a worker opens ahead of time, at most.
const MAX_AHEAD: usize = 512;
const SECOND: Duration = Duration::from_secs(1);
/// Log-ins that are on their way at once, over all workers.
const LOGINS_AT_ONCE: usize = 8;
