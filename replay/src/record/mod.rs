//! The recorder: what a worker keeps of its outcomes, in constant memory per endpoint and second.
//!
//! Each worker has its own; they merge exactly.

pub(crate) mod clocks;
mod endpoint;
mod windows;

pub(crate) use clocks::Clocks;
pub(crate) use endpoint::{Counts, Endpoint, Match};
pub(crate) use windows::Windows;

use hdrhistogram::Histogram;

use crate::clock::NANOS_PER_SECOND;
use crate::engine::{Failure, Outcome};
use crate::plan::{Arrival, Plan};

use clocks::record;

/// Everything that is known of a run's outcomes.
pub(crate) struct Recorder {
    /// By route, as in the plan.
    pub(crate) endpoints: Vec<Endpoint>,
    /// By second.
    pub(crate) seconds: Vec<Second>,
    /// Arrivals sent in another window than planned.
    pub(crate) windows: Windows,
    /// Position in the plan and moment of sending, of the first arrivals of the plan.
    pub(crate) sends: Vec<(usize, u64)>,
    /// From the start to the first request that was sent; `u64::MAX` when none was.
    pub(crate) first_sent_ns: u64,
    /// From the start to the last request that was sent.
    pub(crate) last_sent_ns: u64,
    /// From the start to the last end of a request.
    pub(crate) last_ended_ns: u64,
}

/// What happened in one second of a run.
#[derive(Clone)]
pub(crate) struct Second {
    /// Requests sent in it.
    pub(crate) sent: u64,
    /// Requests due in it that failed.
    pub(crate) failed: u64,
    /// Response times of requests due in it, in microseconds.
    pub(crate) response: Histogram<u32>,
}

impl Recorder {
    /// An empty recorder for a plan.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            endpoints: plan.routes.iter().map(|_| Endpoint::default()).collect(),
            seconds: Vec::new(),
            windows: Windows::default(),
            sends: Vec::new(),
            first_sent_ns: u64::MAX,
            last_sent_ns: 0,
            last_ended_ns: 0,
        }
    }

    /// Takes note of an arrival that was not sent.
    pub(crate) fn dropped(&mut self, arrival: &Arrival) {
        self.endpoints[arrival.route as usize].counts.dropped += 1;
    }

    /// Takes note of an arrival's end, on a clock where the run started at `start_ns`; tells
    /// whether it failed.
    pub(crate) fn ended(
        &mut self,
        position: usize,
        arrival: &Arrival,
        outcome: &Outcome,
        start_ns: u64,
    ) -> bool {
        let sent_ns = outcome.sent_ns.saturating_sub(start_ns);
        let failed = outcome.failed();
        self.first_sent_ns = self.first_sent_ns.min(sent_ns);
        self.last_sent_ns = self.last_sent_ns.max(sent_ns);
        self.last_ended_ns = self
            .last_ended_ns
            .max(outcome.ended_ns.saturating_sub(start_ns));
        self.windows.sent(arrival.due_ns, sent_ns);
        if position < SENDS_KEPT {
            self.sends.push((position, sent_ns));
        }
        self.second(sent_ns).sent += 1;
        let due = self.second(arrival.due_ns);
        due.failed += u64::from(failed);
        if outcome.has_times() {
            record(
                &mut due.response,
                outcome.ended_ns.saturating_sub(start_ns + arrival.due_ns),
            );
        }
        let endpoint = &mut self.endpoints[arrival.route as usize];
        endpoint.ended(arrival, outcome, start_ns + arrival.due_ns);
        failed
    }

    /// Adds what another worker recorded of the same plan.
    pub(crate) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.endpoints.iter_mut().zip(&other.endpoints) {
            mine.merge(theirs);
        }
        for (second, theirs) in other.seconds.iter().enumerate() {
            let mine = self.second(second as u64 * NANOS_PER_SECOND);
            mine.sent += theirs.sent;
            mine.failed += theirs.failed;
            clocks::merge(&mut mine.response, &theirs.response);
        }
        self.windows.merge(&other.windows);
        self.sends.extend(other.sends);
        self.first_sent_ns = self.first_sent_ns.min(other.first_sent_ns);
        self.last_sent_ns = self.last_sent_ns.max(other.last_sent_ns);
        self.last_ended_ns = self.last_ended_ns.max(other.last_ended_ns);
    }

    fn second(&mut self, at_ns: u64) -> &mut Second {
        let second = usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX);
        if self.seconds.len() <= second {
            self.seconds.resize_with(second + 1, || Second {
                sent: 0,
                failed: 0,
                response: clocks::coarse(),
            });
        }
        &mut self.seconds[second]
    }
}

impl Outcome {
    /// Whether there was no answer, or one with a status of 400 or more.
    pub(crate) fn failed(&self) -> bool {
        self.answer
            .as_ref()
            .map_or(true, |answer| answer.status >= 400)
    }

    /// Whether its times are the target's: it was answered, or waited for until its time was up.
    pub(crate) fn has_times(&self) -> bool {
        match &self.answer {
            Ok(_) | Err(Failure::Timeout) => true,
            Err(_) => false,
        }
    }
}

/// How many sends are kept one by one, for the distribution of gaps: the plan's first ones.
pub(crate) const SENDS_KEPT: usize = 1_000_000;
