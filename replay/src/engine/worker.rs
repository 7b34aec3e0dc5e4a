//! A worker: prepares its sessions, plays them, and brings back its numbers.
//!
//! One thread; everything in it is its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::clock;
use crate::plan::{Arrival, Player, overview};
use crate::record::Recorder;
use crate::settings::{OnOverload, Reuse, SessionMode};

use super::alarms::Alarms;
use super::client::{Client, EVERYBODY, KEPT_BODY, Key};
use super::control::{Event, Phase};
use super::feed::{Piece, worker_of};
use super::fill::fill;
use super::lanes::Lanes;
use super::login::{LoginFailed, log_in};
use super::outcome::{Failure, Outcome};
use super::pace::pace;
use super::players::Players;
use super::session::{Ahead, Released, Sessions};
use super::slots::{Slot, Slots};
use super::{EngineError, Job, Share, connect_error, count};

/// Plays one worker's share of the plan.
pub(super) fn run(
    job: &Arc<Job>,
    number: usize,
    feed: mpsc::Receiver<Piece>,
    phases: watch::Receiver<Phase>,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<Share, EngineError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worker = Rc::new(Worker::new(Arc::clone(job), number, events.clone()));
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
    players: Players,
    recorder: RefCell<Recorder>,
    sessions: RefCell<Sessions>,
    /// Memory for requests that are on their way.
    buffers: RefCell<Vec<[Vec<u8>; 2]>>,
    /// Requests that may be on their way, where that is bounded.
    slots: Slots,
    /// Log-ins that may be on their way at once.
    log_ins: Slots,
    failed_logins: RefCell<Vec<LoginFailed>>,
    start_ns: Cell<u64>,
    stopping: Cell<bool>,
    /// Sessions that have something to send or to wait for.
    lanes: Lanes<Playing>,
    pub(super) alarms: Alarms,
    /// Told when there is no such session any more.
    pub(super) quiet: Notify,
}

impl Worker {
    fn new(job: Arc<Job>, number: usize, events: mpsc::UnboundedSender<Event>) -> Self {
        let share = |most: usize| {
            (most / job.how.workers + usize::from(number < most % job.how.workers)).max(1)
        };
        let how = &job.how;
        let connections = how.max_connections.map(share);
        let slots = how.max_in_flight.map(share);
        Self {
            client: Rc::new(Client::new(job.target.clone(), how, connections)),
            players: Players::default(),
            recorder: RefCell::new(Recorder::new(job.warm_up_ns)),
            sessions: RefCell::default(),
            buffers: RefCell::default(),
            slots: Slots::new(slots),
            log_ins: Slots::new(Some(share(LOGINS_AT_ONCE))),
            failed_logins: RefCell::default(),
            start_ns: Cell::default(),
            stopping: Cell::default(),
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
        let mut first = feed.recv().await.unwrap_or_default();
        let asked = tokio::select! {
            prepared = self.prepare(&mut first) => prepared?,
            _stopped = phases.wait_for(|phase| phase.stops()) => 0,
        };
        let failed = self.failed_logins.borrow().len();
        self.tell(Event::Ready { asked, failed });
        if let Ok(phase) = phases.wait_for(|phase| *phase != Phase::Prepare).await
            && let Phase::Run { start_ns } = *phase
        {
            self.start_ns.set(start_ns);
        } else {
            self.stop();
        }
        pace(&self, first, &mut feed, &mut phases).await?;
        self.settle(&mut phases).await;
        sweep.abort();
        Ok(Share {
            recorder: self.recorder.replace(Recorder::new(0)),
            failed_logins: self.failed_logins.take(),
            connections: self.client.opened(),
        })
    }

    /// Opens connections and logs in who has to be; tells how many log-ins it tried.
    async fn prepare(self: &Rc<Self>, first: &mut Piece) -> Result<usize, EngineError> {
        let mut open = overview::Open::default();
        first.arrivals.iter().for_each(|arrival| open.add(arrival));
        let wanted = match self.job.how.reuse {
            Reuse::Pool => open.most.clamp(1, MAX_AHEAD),
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

    /// Takes note of those who will play, and logs in who has to be.
    pub(super) fn meet(self: &Rc<Self>, players: Vec<Player>) {
        drop(self.introduce(players));
    }

    fn introduce(self: &Rc<Self>, players: Vec<Player>) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = Vec::new();
        for player in players {
            self.players.meet(&player);
            if player.logs_in_first {
                self.players.expect(player.identity);
                tasks.push(spawn_local(Rc::clone(self).log_in(player)));
            }
        }
        tasks
    }

    async fn log_in(self: Rc<Self>, player: Player) {
        let _slot = self.log_ins.take().await;
        if !self.stopping.get() {
            let done = log_in(&self.job, &self.client, &self.players, &player).await;
            self.failed_logins.borrow_mut().extend(done.err());
        }
        self.players.settle(player.identity);
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
    }

    /// Whether sessions take their pauses from the answers.
    pub(super) fn thinks(&self) -> bool {
        self.job.how.sessions == SessionMode::Think
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

    /// Takes note of an arrival that was not sent. Where arrivals have no due time, nobody planned
    /// how many there would be.
    pub(super) fn drop_arrival(&self, arrival: &Arrival) {
        if !self.is_closed() {
            self.recorder.borrow_mut().dropped(arrival);
        }
    }

    /// Lets an arrival go: now, or after its session's previous answer.
    pub(super) fn release(self: &Rc<Self>, arrival: Arrival) {
        self.release_in(arrival, None);
    }

    /// The same for one that has its room already.
    pub(super) fn release_with(self: &Rc<Self>, arrival: Arrival, slot: Slot) {
        self.release_in(arrival, Some(slot));
    }

    fn release_in(self: &Rc<Self>, arrival: Arrival, slot: Option<Slot>) {
        let entry = arrival.entry();
        if let Some(identity) = entry.gives {
            self.players.expect(self.identity(identity, &arrival));
        }
        if self.job.how.sessions == SessionMode::Open {
            return self.begin(Playing::One(Released { arrival, slot }));
        }
        let session = self.slot_of(&arrival);
        let must_begin = self
            .sessions
            .borrow_mut()
            .add(session, Released { arrival, slot });
        if must_begin {
            self.begin(Playing::Session(session));
        }
    }

    fn begin(self: &Rc<Self>, playing: Playing) {
        self.lanes.play(playing, || Rc::clone(self).lane());
    }

    async fn lane(self: Rc<Self>) {
        loop {
            match self.lanes.next().await {
                Playing::One(released) => {
                    self.play(released, Ahead::default()).await;
                }
                Playing::Session(session) => self.play_session(session).await,
            }
            if self.lanes.played() {
                self.quiet.notify_one();
            }
        }
    }

    async fn play_session(&self, session: usize) {
        // The task begins when the session is idle: nothing is queued behind anything yet.
        let mut held = false;
        loop {
            let next = self.sessions.borrow_mut().next(session);
            let Some((released, mut ahead)) = next else {
                break;
            };
            ahead.held = held;
            let ahead = self.play(released, ahead).await;
            held = ahead.held;
            self.sessions.borrow_mut().sent(session, ahead);
        }
    }

    /// Sends one arrival and returns what it is to the one that comes after it.
    async fn play(&self, released: Released, ahead: Ahead) -> Ahead {
        let Released { arrival, slot } = released;
        let due_ns = self.due_ns(&arrival, ahead).await;
        let mut wait = Wait {
            ready_ns: due_ns.max(if self.thinks() { 0 } else { ahead.free_ns }),
            held: ahead.held,
        };
        let slot = match slot {
            Some(slot) => Ok(slot),
            None => self.slot_for(&arrival, &mut wait).await,
        };
        let (Ok(_slot), false) = (slot, self.stopping.get()) else {
            self.drop_arrival(&arrival);
            self.settle_token(&arrival);
            return ahead;
        };
        let mut outcome = self.exchange(&arrival, wait.ready_ns).await;
        self.settle_token(&arrival);
        outcome.held |= wait.held || outcome.ready_ns > due_ns;
        let behind = Ahead {
            free_ns: outcome.ready_ns + outcome.ended_ns.saturating_sub(outcome.sent_ns),
            ended_ns: outcome.ended_ns,
            held: outcome.held,
            begun: true,
        };
        self.record(&arrival, &outcome, due_ns);
        behind
    }

    fn record(&self, arrival: &Arrival, outcome: &Outcome, due_ns: u64) {
        count(&self.job.counters.ended);
        let start_ns = self.start_ns.get();
        let due_ns = due_ns.saturating_sub(start_ns);
        let session = self.slot_of(arrival);
        let inverted = self
            .sessions
            .borrow_mut()
            .is_inverted(session, due_ns, outcome.sent_ns);
        let mut recorder = self.recorder.borrow_mut();
        recorder.order_inversions += u64::from(inverted);
        if recorder.ended(arrival, outcome, due_ns, start_ns) {
            count(&self.job.counters.failed);
        }
    }

    /// When an arrival is due, on the clock; where its session thinks, that has come then.
    async fn due_ns(&self, arrival: &Arrival, ahead: Ahead) -> u64 {
        let planned_ns = self.start_ns.get().saturating_add(arrival.due_ns);
        if !self.thinks() {
            return planned_ns;
        }
        let due_ns = match arrival.pause_ns {
            Some(pause_ns) if ahead.begun => ahead.ended_ns.saturating_add(pause_ns),
            _ => planned_ns,
        };
        self.alarms.sleep_until(due_ns).await;
        due_ns
    }

    /// Room for a request, or an error where it is to be dropped.
    async fn slot_for(&self, arrival: &Arrival, wait: &mut Wait) -> Result<Slot, Overloaded> {
        if !self.slots.is_awaited()
            && let Some(slot) = self.slots.try_take()
        {
            return Ok(slot);
        }
        match self.job.how.on_overload {
            OnOverload::Queue => {
                let slot = self.slots.take().await;
                *wait = Wait {
                    ready_ns: wait.ready_ns.max(clock::now_ns()),
                    held: true,
                };
                Ok(slot)
            }
            OnOverload::Drop => {
                self.recorder.borrow_mut().overloaded(arrival);
                Err(Overloaded)
            }
            OnOverload::Abort => {
                self.recorder.borrow_mut().aborted = true;
                self.tell(Event::Overloaded);
                self.stop();
                Err(Overloaded)
            }
        }
    }

    async fn exchange(&self, arrival: &Arrival, mut ready_ns: u64) -> Outcome {
        let entry = arrival.entry();
        if let Some(identity) = entry.needs {
            let own = u32::from(entry.gives == entry.needs);
            let identity = self.identity(identity, arrival);
            if self.players.wait(identity, own).await {
                ready_ns = ready_ns.max(clock::now_ns());
            }
        }
        let [mut head, mut body] = self.buffers.borrow_mut().pop().unwrap_or_default();
        let keep = if entry.gives.is_some() { KEPT_BODY } else { 0 };
        let outcome = match fill(&self.job, &self.players, arrival, &mut head, &mut body) {
            Ok(request) => {
                self.client
                    .send(self.key(arrival), request, ready_ns, keep)
                    .await
            }
            Err(failure) => without_answer(ready_ns, failure),
        };
        if let (Some(identity), Ok(answer)) = (entry.gives, &outcome.answer) {
            let identity = self.identity(identity, arrival);
            self.players.take(identity, &answer.body, &self.job.auth);
        }
        if head.capacity() + body.capacity() <= LARGEST_BUFFER {
            self.buffers.borrow_mut().push([head, body]);
        }
        outcome
    }

    fn settle_token(&self, arrival: &Arrival) {
        if let Some(identity) = arrival.entry().gives {
            self.players.settle(self.identity(identity, arrival));
        }
    }

    fn identity(&self, number: u32, arrival: &Arrival) -> u32 {
        number * self.job.clones + arrival.clone
    }

    fn slot_of(&self, arrival: &Arrival) -> usize {
        let session = arrival.entry().session * self.job.clones + arrival.clone;
        debug_assert_eq!(worker_of(session, self.job.how.workers), self.number);
        session as usize / self.job.how.workers
    }

    fn key(&self, arrival: &Arrival) -> Key {
        let entry = arrival.entry();
        let (clones, clone) = (u64::from(self.job.clones), u64::from(arrival.clone));
        match self.job.how.reuse {
            Reuse::Pool => EVERYBODY,
            Reuse::Recorded => entry.connection.wrapping_mul(clones) + clone,
            Reuse::User => u64::from(entry.user) * clones + clone,
        }
    }

    /// Waits for the answers that are still to come, as long as anybody wants them.
    async fn settle(&self, phases: &mut watch::Receiver<Phase>) {
        while self.is_active() {
            tokio::select! {
                () = self.quiet.notified() => {}
                Ok(()) = phases.changed() => match *phases.borrow_and_update() {
                    Phase::Abandon => self.client.abandon(),
                    Phase::Stop => self.stop(),
                    Phase::Prepare | Phase::Run { .. } => {}
                },
            }
        }
    }

    /// The receiver lives until every worker has ended.
    fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }
}

/// What a lane plays.
enum Playing {
    /// An arrival that waits for no other.
    One(Released),
    /// What is released of a session, in order.
    Session(usize),
}

/// When a request could go, apart from what this program took.
struct Wait {
    ready_ns: u64,
    held: bool,
}

/// There is no room for a request, and it does not wait for any.
struct Overloaded;

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
/// Log-ins that are on their way at once, over all workers.
const LOGINS_AT_ONCE: usize = 8;
/// Memory of a request that is kept for another one.
const LARGEST_BUFFER: usize = 64 * 1024;
