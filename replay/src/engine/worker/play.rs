//! Plays what is released: one arrival after the other of each session, in lanes.

use std::rc::Rc;

use crate::clock;
use crate::plan::Arrival;
use crate::settings::{OnOverload, OnUnresolved, Reuse, SessionMode};

use super::super::client::{EVERYBODY, Key};
use super::super::control::Event;
use super::super::count;
use super::super::feed::worker_of;
use super::super::fill::Filling;
use super::super::memory::Values;
use super::super::outcome::{Answer, Failure, Outcome};
use super::super::players::By;
use super::super::session::{Ahead, Released};
use super::super::slots::Slot;
use super::Worker;

impl Worker {
    /// Takes note of an arrival that was not sent. Where arrivals have no due time, nobody planned
    /// how many there would be.
    pub(in crate::engine) fn drop_arrival(&self, arrival: &Arrival) {
        if !self.is_closed() {
            self.recorder.borrow_mut().dropped(arrival);
        }
    }

    /// Lets an arrival go: now, or after its session's previous answer.
    pub(in crate::engine) fn release(self: &Rc<Self>, arrival: Arrival) {
        self.release_in(arrival, None);
    }

    /// The same for one that has its room already.
    pub(in crate::engine) fn release_with(self: &Rc<Self>, arrival: Arrival, slot: Slot) {
        self.release_in(arrival, Some(slot));
    }

    fn release_in(self: &Rc<Self>, arrival: Arrival, slot: Option<Slot>) {
        if self.job.how.sessions == SessionMode::Open {
            // Others may need what it brings before it has gone out.
            self.memory.expect(self.slot_of(&arrival), &arrival);
            self.expect_token(&arrival, By::LogIn);
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

    async fn play_session(self: &Rc<Self>, session: usize) {
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
    async fn play(self: &Rc<Self>, released: Released, ahead: Ahead) -> Ahead {
        let Released { arrival, slot } = released;
        let due_ns = self.due_ns(&arrival, ahead).await;
        let mut wait = Wait {
            // Of a session that thinks, only one that begins it anew can be due before that.
            ready_ns: due_ns.max(ahead.free_ns),
            // There it has nothing queued ahead of it: its pause began with the answer.
            held: ahead.held && !self.thinks(),
        };
        let slot = match slot {
            Some(slot) => Ok(slot),
            None => self.slot_for(&arrival, &mut wait).await,
        };
        let (Ok(_slot), false) = (slot, self.stopping.get()) else {
            self.drop_arrival(&arrival);
            self.forgo(&arrival);
            return ahead;
        };
        let Some(mut outcome) = self.exchange(&arrival, wait.ready_ns).await else {
            self.recorder.borrow_mut().skipped(&arrival);
            return ahead;
        };
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
        // A session that thinks goes by its answers: when it was planned to begin is no order.
        let inverted = !self.thinks()
            && self
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

    /// Sends an arrival as soon as it has what it needs of earlier answers, and takes what its own
    /// brings; `None` where it is not to be sent without.
    async fn exchange(self: &Rc<Self>, arrival: &Arrival, mut ready_ns: u64) -> Option<Outcome> {
        if self.waits(arrival).await {
            ready_ns = ready_ns.max(clock::now_ns());
        }
        self.expect_token(arrival, By::Refresh);
        let values = self.resolve(arrival);
        let missing = !values.missing.is_empty();
        let outcome = match self.job.how.on_unresolved {
            OnUnresolved::Skip if missing => {
                self.memory.forgo(self.slot_of(arrival), arrival);
                self.settle_token(arrival);
                return None;
            }
            OnUnresolved::Fail if missing => without_answer(ready_ns, Failure::Link),
            _ => self.send(arrival, &values, ready_ns).await,
        };
        let answer = outcome.answer.as_ref().ok();
        let session = self.slot_of(arrival);
        self.memory.take(&self.job, session, arrival, answer);
        self.settle_token(arrival);
        Some(self.compared(arrival, outcome))
    }

    /// Has an answer compared of which all was kept, and keeps nothing but its status.
    fn compared(&self, arrival: &Arrival, outcome: Outcome) -> Outcome {
        let answer = outcome.answer.map(|answer| {
            let status = answer.status;
            if !answer.body.is_empty() {
                self.comparer.give(arrival, answer);
            }
            Answer {
                status,
                ..Answer::default()
            }
        });
        Outcome { answer, ..outcome }
    }

    /// Waits for what an arrival needs of earlier answers; tells whether it had to.
    async fn waits(self: &Rc<Self>, arrival: &Arrival) -> bool {
        if self.job.how.sessions != SessionMode::Open {
            self.expect_token(arrival, By::LogIn);
        }
        let waited = self.token_for(arrival).await;
        let session = self.slot_of(arrival);
        self.memory.wait(session, arrival).await || waited
    }

    /// The values that an arrival uses; takes note of how it is with them.
    fn resolve(&self, arrival: &Arrival) -> Values {
        if arrival.entry().links.is_empty() {
            return Values::default();
        }
        let values = self.memory.resolve(self.slot_of(arrival), arrival);
        let mut recorder = self.recorder.borrow_mut();
        recorder.linked(arrival, &values.missing, values.other_items);
        values
    }

    /// Sends an arrival; and again with a new token, where the old one was refused as it was not
    /// when it was recorded.
    async fn send(self: &Rc<Self>, arrival: &Arrival, values: &Values, ready_ns: u64) -> Outcome {
        let entry = arrival.entry();
        let identity = entry.needs.map(|needs| self.job.identity(needs, arrival));
        let times = identity.map_or(0, |identity| self.memory.players.times(identity));
        let outcome = self.send_once(arrival, values, ready_ns).await;
        let refused = matches!(&outcome.answer, Ok(answer) if answer.status == UNAUTHORIZED);
        match identity {
            Some(identity) if refused && entry.status != UNAUTHORIZED && entry.gives.is_none() => {
                if !self.log_in_again(identity, times).await {
                    return outcome;
                }
                self.upkeep.borrow_mut().retries += 1;
                let again = self.send_once(arrival, values, clock::now_ns()).await;
                Outcome {
                    written: outcome.written + again.written,
                    read: outcome.read + again.read,
                    held: true,
                    ..again
                }
            }
            _ => outcome,
        }
    }

    async fn send_once(&self, arrival: &Arrival, values: &Values, ready_ns: u64) -> Outcome {
        let [mut head, mut body] = self.buffers.borrow_mut().pop().unwrap_or_default();
        let filling = Filling {
            job: &self.job,
            memory: &self.memory,
            session: self.slot_of(arrival),
            arrival,
            values,
            is_compared: self.samples.takes(arrival, ready_ns),
        };
        let outcome = match filling.fill(&mut head, &mut body) {
            Ok(request) => self.client.send(self.key(arrival), request, ready_ns).await,
            Err(failure) => without_answer(ready_ns, failure),
        };
        if head.capacity() + body.capacity() <= LARGEST_BUFFER {
            self.buffers.borrow_mut().push([head, body]);
        }
        outcome
    }

    /// Takes note of an arrival that there was no room for: nobody is to wait for what it would have
    /// brought.
    fn forgo(&self, arrival: &Arrival) {
        self.memory.forgo(self.slot_of(arrival), arrival);
        if self.job.how.sessions == SessionMode::Open && brings(arrival) == Some(By::LogIn) {
            self.settle_token(arrival);
        }
    }

    fn expect_token(&self, arrival: &Arrival, by: By) {
        if let Some(identity) = arrival.entry().gives
            && brings(arrival) == Some(by)
        {
            let identity = self.job.identity(identity, arrival);
            self.memory.players.expect(identity, by);
        }
    }

    fn settle_token(&self, arrival: &Arrival) {
        if let (Some(identity), Some(by)) = (arrival.entry().gives, brings(arrival)) {
            let identity = self.job.identity(identity, arrival);
            self.memory.players.settle(identity, by);
        }
    }

    fn slot_of(&self, arrival: &Arrival) -> usize {
        let session = arrival.entry().session * self.job.clones + arrival.clone;
        debug_assert_eq!(worker_of(session, self.job.how.workers), self.number);
        self.job.place_of(session)
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
}

/// How an arrival brings a token, where it does.
fn brings(arrival: &Arrival) -> Option<By> {
    let entry = arrival.entry();
    let by = if entry.gives == entry.needs {
        By::Refresh
    } else {
        By::LogIn
    };
    entry.gives.map(|_identity| by)
}

/// What a lane plays.
pub(super) enum Playing {
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

/// The status of who is not logged in.
const UNAUTHORIZED: u16 = 401;

/// Memory of a request that is kept for another one.
const LARGEST_BUFFER: usize = 64 * 1024;
