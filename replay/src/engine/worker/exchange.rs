//! Sends one arrival with what earlier answers gave, and takes what its own brings.

use std::rc::Rc;

use crate::clock;
use crate::judge::Answered;
use crate::locator::Seen;
use crate::plan::Arrival;
use crate::settings::OnUnresolved;

use super::super::fill::Filling;
use super::super::memory::{Memory, Values};
use super::super::outcome::{Answer, Failure, Keep, Outcome, Steps};
use super::Worker;

/// Why an arrival was not sent.
pub(super) enum Unsent {
    /// A value that it uses is not there, and it is not to be sent without.
    Skipped,
    /// The run was stopped while it waited.
    Stopped,
}

/// An arrival that goes out now.
struct Attempt<'a> {
    arrival: &'a Arrival,
    /// What its links lead to.
    values: Values,
    /// Whether its answer is compared with the recorded one.
    is_compared: bool,
}

impl Worker {
    /// Sends an arrival as soon as it has what it needs of earlier answers, and takes what its own
    /// brings. It waits for log-ins by its mark alone.
    pub(super) async fn exchange(
        self: &Rc<Self>,
        arrival: &Arrival,
        mark: u32,
        due_ns: u64,
        mut ready_ns: u64,
    ) -> Result<Outcome, Unsent> {
        let session = self.slot_of(arrival);
        let entry = arrival.entry();
        if entry.pause_ns.is_none() && arrival.lap > 0 {
            self.memory.begin_anew(session);
        }
        let mut waited = self.memory.wait(session, arrival).await;
        waited |= self.token_for(arrival, mark).await;
        if self.stopping() {
            self.forgo(arrival);
            return Err(Unsent::Stopped);
        }
        if waited {
            ready_ns = ready_ns.max(clock::now_ns());
        }
        let attempt = Attempt {
            arrival,
            values: self.resolve(arrival),
            is_compared: arrival.due_ns >= self.job.warm_up_ns
                && self.samples.takes(arrival, ready_ns),
        };
        let outcome = match self.job.how.on_unresolved {
            OnUnresolved::Skip if !attempt.values.missing.is_empty() => {
                self.forgo(arrival);
                return Err(Unsent::Skipped);
            }
            OnUnresolved::Fail if !attempt.values.missing.is_empty() => {
                without_answer(ready_ns, Failure::Link)
            }
            _ => self.send(&attempt, mark, ready_ns).await,
        };
        let answer = outcome.answer.as_ref().ok();
        self.memory.take(&self.job, session, arrival, answer);
        self.log_in_is_over(arrival);
        self.check(arrival, &outcome, due_ns);
        Ok(self.compared(&attempt, outcome))
    }

    /// Checks the end of an arrival that was due then.
    fn check(&self, arrival: &Arrival, outcome: &Outcome, due_ns: u64) {
        let entry = arrival.entry();
        let routes = self.routes.borrow();
        let asked = routes.get(entry.route as usize);
        let Some(asked) = asked.filter(|asked| !asked.checks.is_empty()) else {
            return;
        };
        let answered = outcome.answer.as_ref().ok().map(|answer| Answered {
            status: answer.status,
            recorded: entry.status,
            seen: match asked.keep.head {
                true => Seen::of(&answer.head, &answer.body),
                false => Seen::of(b"", b""),
            },
            took_ns: outcome.ended_ns.saturating_sub(due_ns),
        });
        let mut recorder = self.recorder.borrow_mut();
        for &check in &asked.checks {
            let checked = &self.job.criteria.checks[check];
            let held = answered
                .as_ref()
                .is_some_and(|answered| checked.holds(answered));
            recorder.checked(arrival, check, held);
        }
    }

    /// What checks look at of the answer to an arrival.
    fn checked(&self, arrival: &Arrival) -> Keep {
        let routes = self.routes.borrow();
        let asked = routes.get(arrival.entry().route as usize);
        asked.map_or(Keep::NOTHING, |asked| asked.keep)
    }

    /// Has an answer compared, where that was decided, and keeps nothing but its status.
    fn compared(&self, attempt: &Attempt<'_>, outcome: Outcome) -> Outcome {
        let answer = outcome.answer.map(|answer| {
            let status = answer.status;
            if attempt.is_compared {
                self.comparer.give(attempt.arrival, answer);
            }
            Answer {
                status,
                ..Answer::default()
            }
        });
        Outcome { answer, ..outcome }
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
    async fn send(self: &Rc<Self>, attempt: &Attempt<'_>, mark: u32, ready_ns: u64) -> Outcome {
        let entry = attempt.arrival.entry();
        let identity = entry
            .needs
            .map(|needs| self.job.identity(needs, attempt.arrival));
        let refreshes = identity.filter(|_| entry.refreshes);
        refreshes
            .into_iter()
            .for_each(|it| self.memory.players.expect(it));
        let times = identity.map_or(0, |identity| self.memory.players.times(identity));
        let outcome = self.send_once(attempt, ready_ns).await;
        refreshes
            .into_iter()
            .for_each(|it| self.memory.players.settle(it));
        match (identity, &outcome.answer) {
            (Some(identity), Ok(answer))
                if answer.status == UNAUTHORIZED
                    && entry.status != UNAUTHORIZED
                    && !entry.refreshes =>
            {
                let session = self.slot_of(attempt.arrival);
                let seen = Seen::of(&answer.head, b"");
                self.memory.take_cookies_of(session, attempt.arrival, &seen);
                if !self.log_in_again(identity, mark, times).await {
                    return outcome;
                }
                self.upkeep.borrow_mut().retries += 1;
                let again = self.send_once(attempt, clock::now_ns()).await;
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

    async fn send_once(&self, attempt: &Attempt<'_>, ready_ns: u64) -> Outcome {
        let [mut head, mut body] = self.buffers.borrow_mut().pop().unwrap_or_default();
        let filling = Filling {
            job: &self.job,
            memory: &self.memory,
            session: self.slot_of(attempt.arrival),
            arrival: attempt.arrival,
            values: &attempt.values,
            keep: match attempt.is_compared {
                true => Keep::ALL,
                false => Memory::keep(attempt.arrival).and(self.checked(attempt.arrival)),
            },
        };
        let outcome = match filling.fill(&mut head, &mut body) {
            Ok(request) => {
                let key = self.key(attempt.arrival);
                self.client.send(key, request, ready_ns).await
            }
            Err(failure) => without_answer(ready_ns, failure),
        };
        if head.capacity() + body.capacity() <= LARGEST_BUFFER {
            self.buffers.borrow_mut().push([head, body]);
        }
        outcome
    }

    /// Takes note of an arrival that is not sent: nobody is to wait for what it would have brought.
    pub(super) fn forgo(&self, arrival: &Arrival) {
        let session = self.slot_of(arrival);
        self.memory.forgo(session, arrival);
        self.memory.used(session, arrival);
        self.log_in_is_over(arrival);
    }

    /// Stands for the recorded log-ins of its user that were released before an arrival.
    pub(super) fn mark(&self, arrival: &Arrival) -> u32 {
        let needs = arrival.entry().needs;
        needs.map_or(0, |needs| {
            let identity = self.job.identity(needs, arrival);
            self.memory.players.mark(identity)
        })
    }

    /// Takes note that an arrival is released, if it is a log-in.
    pub(super) fn release_log_in(&self, arrival: &Arrival) {
        if let Some(identity) = self.logs_in(arrival) {
            self.memory.players.release(identity);
        }
    }

    /// Takes note that an arrival is over, if it is a log-in.
    fn log_in_is_over(&self, arrival: &Arrival) {
        if let Some(identity) = self.logs_in(arrival) {
            self.memory.players.over(identity);
        }
    }

    /// Who is logged in by an arrival.
    fn logs_in(&self, arrival: &Arrival) -> Option<u32> {
        let entry = arrival.entry();
        let identity = entry.gives.filter(|_| !entry.refreshes)?;
        Some(self.job.identity(identity, arrival))
    }
}

fn without_answer(ready_ns: u64, failure: Failure) -> Outcome {
    let now_ns = clock::now_ns().max(ready_ns);
    Outcome {
        ready_ns,
        held: false,
        sent_ns: now_ns,
        ended_ns: now_ns,
        steps: Steps::default(),
        written: 0,
        read: 0,
        answer: Err(failure),
    }
}

/// The status of who is not logged in.
const UNAUTHORIZED: u16 = 401;

/// Memory of a request that is kept for another one.
const LARGEST_BUFFER: usize = 64 * 1024;
