//! Plays what is released: one arrival after the other of each session, in lanes.

use std::rc::Rc;

use crate::clock;
use crate::plan::Arrival;
use crate::settings::{OnOverload, Reuse, SessionMode};

use super::super::client::{EVERYBODY, Key};
use super::super::control::Event;
use super::super::count;
use super::super::feed::worker_of;
use super::super::outcome::Outcome;
use super::super::session::{Ahead, Released};
use super::super::slots::Slot;
use super::Worker;
use super::exchange::Unsent;

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
        let session = self.slot_of(&arrival);
        if self.job.how.sessions == SessionMode::Open {
            // Others may need what it brings before it has gone out.
            let mark = self.mark(&arrival);
            self.memory.expect(session, &arrival);
            self.release_log_in(&arrival);
            return self.begin(Playing::One(Released {
                arrival,
                slot,
                mark,
            }));
        }
        let released = Released {
            arrival,
            slot,
            mark: 0,
        };
        let must_begin = self.sessions.borrow_mut().add(session, released);
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
            let Some((mut released, mut ahead)) = next else {
                break;
            };
            // All that was before it is over.
            released.mark = self.mark(&released.arrival);
            self.release_log_in(&released.arrival);
            ahead.held = held;
            let ahead = self.play(released, ahead).await;
            held = ahead.held;
            self.sessions.borrow_mut().sent(session, ahead);
        }
    }

    /// Sends one arrival and returns what it is to the one that comes after it.
    async fn play(self: &Rc<Self>, released: Released, ahead: Ahead) -> Ahead {
        let Released {
            arrival,
            slot,
            mark,
        } = released;
        let mut due_ns = self.due_ns(&arrival, ahead).await;
        // A pause that comes once it is sent is none of its own.
        let mut start_ns = self.start_ns.get();
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
        if self.paused.get() {
            self.while_paused().await;
            let paused_ns = self.start_ns.get() - start_ns;
            due_ns += paused_ns;
            start_ns += paused_ns;
            wait.ready_ns += paused_ns;
            wait.held = true;
        }
        let mut outcome = match self.exchange(&arrival, mark, due_ns, wait.ready_ns).await {
            Ok(outcome) => outcome,
            Err(Unsent::Stopped) => {
                self.drop_arrival(&arrival);
                return ahead;
            }
            Err(Unsent::Skipped) => {
                self.recorder.borrow_mut().skipped(&arrival);
                return ahead;
            }
        };
        outcome.held |= wait.held || outcome.ready_ns > due_ns;
        let behind = Ahead {
            free_ns: outcome.ready_ns + outcome.ended_ns.saturating_sub(outcome.sent_ns),
            ended_ns: outcome.ended_ns,
            held: outcome.held,
            begun: true,
        };
        self.record(&arrival, &outcome, due_ns, start_ns);
        behind
    }

    fn record(&self, arrival: &Arrival, outcome: &Outcome, due_ns: u64, start_ns: u64) {
        count(&self.job.counters.ended);
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
        if let Some(asked) = self.routes.borrow().get(arrival.entry().route as usize) {
            let meant = &self.job.criteria.meant;
            recorder.measured(meant, &asked.meters, (arrival, outcome), due_ns, start_ns);
        }
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
        let start_ns = self.start_ns.get();
        self.alarms.sleep_until(due_ns).await;
        // It slept through pauses of the run.
        due_ns + (self.start_ns.get() - start_ns)
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

    pub(super) fn slot_of(&self, arrival: &Arrival) -> usize {
        let session = arrival.entry().session * self.job.clones + arrival.clone;
        debug_assert_eq!(worker_of(session, self.job.how.workers), self.number);
        self.job.place_of(session)
    }

    pub(super) fn key(&self, arrival: &Arrival) -> Key {
        let entry = arrival.entry();
        let (clones, clone) = (u64::from(self.job.clones), u64::from(arrival.clone));
        match self.job.how.reuse {
            Reuse::Pool => EVERYBODY,
            Reuse::Recorded => entry.connection.wrapping_mul(clones) + clone,
            Reuse::User => u64::from(entry.user) * clones + clone,
        }
    }
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
