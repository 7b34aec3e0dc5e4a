//! The recorder: what a worker keeps of its outcomes, in constant memory per endpoint.
//!
//! Each worker has its own; they merge exactly.

pub(crate) mod clocks;
mod endpoint;
mod meters;
mod seconds;
mod sends;
mod steps;
#[cfg(test)]
mod tests;
mod windows;

pub(crate) use clocks::Clocks;
pub(crate) use endpoint::{Counts, Endpoint, Links, Match};
pub(crate) use meters::{Meters, Samples};
pub(crate) use seconds::{Second, Seconds, Tally};
pub(crate) use sends::Sends;
pub(crate) use steps::Steps;
pub(crate) use windows::Windows;

use hdrhistogram::Histogram;

use crate::engine::{Failure, Missing, Outcome};
use crate::judge::{Criteria, Meant};
use crate::plan::Arrival;

use clocks::record;

/// Everything that is known of a run's outcomes.
pub(crate) struct Recorder {
    /// What is due before this is in no number.
    pub(crate) warm_up_ns: u64,
    /// Requests of the warm-up.
    pub(crate) warmed: u64,
    /// By the route's number.
    pub(crate) endpoints: Vec<Endpoint>,
    /// All together.
    pub(crate) all: Clocks,
    /// What answered requests took step by step.
    pub(crate) steps: Steps,
    /// Lateness of arrivals that were not held. When a frozen target thaws, those that waited all
    /// go out at once: that they queue is the target's doing, not the generator's.
    pub(crate) judged_lateness: Histogram<u32>,
    /// Samples of the metrics that rules ask for.
    pub(crate) meters: Meters,
    /// By check: for how many answers it held, and for how many not.
    pub(crate) checks: Vec<(u64, u64)>,
    /// By second.
    pub(crate) seconds: Seconds<Tally>,
    /// Arrivals sent in another window than planned.
    pub(crate) windows: Windows,
    /// When the first arrivals were due, and when they were sent.
    pub(crate) sends: Sends,
    /// Arrivals that were sent in another order than planned, within their sessions.
    pub(crate) order_inversions: u64,
    /// Arrivals dropped because there was no room for them, as was asked.
    pub(crate) overloaded: u64,
    /// Arrivals dropped because a link had no live value, as was asked.
    pub(crate) skipped: u64,
    /// Whether too many requests on their way ended the run, as was asked.
    pub(crate) aborted: bool,
    /// From the start to the first request that was sent; `u64::MAX` when none was.
    pub(crate) first_sent_ns: u64,
    /// From the start to the last request that was sent.
    pub(crate) last_sent_ns: u64,
    /// From the start to the last end of a request.
    pub(crate) last_ended_ns: u64,
}

impl Recorder {
    /// An empty recorder, of a run with such a warm-up.
    pub(crate) fn new(warm_up_ns: u64) -> Self {
        Self {
            warm_up_ns,
            warmed: 0,
            endpoints: Vec::new(),
            all: Clocks::fine(),
            steps: Steps::new(),
            judged_lateness: clocks::fine(),
            meters: Meters::default(),
            checks: Vec::new(),
            seconds: Seconds::default(),
            windows: Windows::default(),
            sends: Sends::new(),
            order_inversions: 0,
            overloaded: 0,
            skipped: 0,
            aborted: false,
            first_sent_ns: u64::MAX,
            last_sent_ns: 0,
            last_ended_ns: 0,
        }
    }

    /// An empty recorder that measures what is asked for.
    pub(crate) fn measuring(warm_up_ns: u64, criteria: &Criteria) -> Self {
        Self {
            meters: Meters::new(&criteria.meant),
            checks: vec![(0, 0); criteria.checks.len()],
            ..Self::new(warm_up_ns)
        }
    }

    /// All that was recorded so far, but for what is compared with the plan; goes on with nothing.
    pub(crate) fn take(&mut self, criteria: &Criteria) -> Self {
        let rest = Self {
            windows: std::mem::take(&mut self.windows),
            sends: std::mem::replace(&mut self.sends, Sends::new()),
            ..Self::measuring(self.warm_up_ns, criteria)
        };
        std::mem::replace(self, rest)
    }

    /// Takes an arrival that ended, and was due then on a clock where the run started at `start_ns`,
    /// as a sample of these metrics.
    pub(crate) fn measured(
        &mut self,
        meant: &[Meant],
        of_route: &[usize],
        (arrival, outcome): (&Arrival, &Outcome),
        due_ns: u64,
        start_ns: u64,
    ) {
        if arrival.due_ns >= self.warm_up_ns {
            let ended = (arrival.entry(), outcome);
            self.meters.ended(meant, of_route, ended, due_ns, start_ns);
        }
    }

    /// Takes note of how a check went.
    pub(crate) fn checked(&mut self, arrival: &Arrival, check: usize, held: bool) {
        if arrival.due_ns >= self.warm_up_ns {
            let (passes, fails) = &mut self.checks[check];
            *if held { passes } else { fails } += 1;
        }
    }

    /// Takes note of an arrival that was not sent.
    pub(crate) fn dropped(&mut self, arrival: &Arrival) {
        if arrival.due_ns >= self.warm_up_ns {
            self.endpoint(arrival.entry().route).counts.dropped += 1;
        }
    }

    /// Takes note that an arrival is dropped because there is no room for it, as was asked.
    pub(crate) fn overloaded(&mut self, arrival: &Arrival) {
        self.overloaded += u64::from(arrival.due_ns >= self.warm_up_ns);
    }

    /// Takes note of an arrival that is not sent because a link of it has no live value, as was asked.
    pub(crate) fn skipped(&mut self, arrival: &Arrival) {
        self.skipped += u64::from(arrival.due_ns >= self.warm_up_ns);
        self.dropped(arrival);
    }

    /// Takes note of how it is with the links of an arrival: why those have no live value that have
    /// none, and how many have that of another item of a list.
    pub(crate) fn linked(&mut self, arrival: &Arrival, missing: &[Missing], wrapped: u64) {
        if arrival.due_ns >= self.warm_up_ns {
            let links = arrival.entry().links.places().len() as u64;
            let of = &mut self.endpoint(arrival.entry().route).links;
            of.add(links, missing, wrapped);
        }
    }

    /// Takes note of the end of an arrival that was due then, on a clock where the run started at
    /// `start_ns`; tells whether it failed.
    pub(crate) fn ended(
        &mut self,
        arrival: &Arrival,
        outcome: &Outcome,
        due_ns: u64,
        start_ns: u64,
    ) -> bool {
        let failed = outcome.failed();
        if arrival.due_ns < self.warm_up_ns {
            self.warmed += 1;
            return failed;
        }
        let sent_ns = outcome.sent_ns.saturating_sub(start_ns);
        let ended_ns = outcome.ended_ns.saturating_sub(start_ns);
        self.first_sent_ns = self.first_sent_ns.min(sent_ns);
        self.last_sent_ns = self.last_sent_ns.max(sent_ns);
        self.last_ended_ns = self.last_ended_ns.max(ended_ns);
        self.windows.sent(due_ns, sent_ns);
        self.sends.add(due_ns, sent_ns);
        self.seconds.at(sent_ns).tally.sent += 1;
        let due = self.seconds.at(due_ns);
        due.tally.ended(outcome);
        if outcome.has_times() {
            record(&mut due.response, ended_ns.saturating_sub(due_ns));
        }
        self.all.ended(outcome, start_ns + due_ns);
        if outcome.answer.is_ok() {
            self.steps.add(outcome.steps);
        }
        if !outcome.held {
            record(&mut self.judged_lateness, outcome.lateness_ns());
        }
        let endpoint = self.endpoint(arrival.entry().route);
        endpoint.ended(arrival.entry(), outcome, start_ns + due_ns);
        failed
    }

    /// Arrivals that were not sent.
    pub(crate) fn dropped_so_far(&self) -> u64 {
        let endpoints = self.endpoints.iter();
        endpoints.map(|endpoint| endpoint.counts.dropped).sum()
    }

    /// Adds what another worker recorded of the same run.
    pub(crate) fn merge(&mut self, other: Self) {
        for (route, theirs) in (0..).zip(&other.endpoints) {
            self.endpoint(route).merge(theirs);
        }
        self.all.merge(&other.all);
        self.steps.merge(&other.steps);
        clocks::merge(&mut self.judged_lateness, &other.judged_lateness);
        self.meters.merge(&other.meters);
        for (mine, theirs) in self.checks.iter_mut().zip(&other.checks) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        self.seconds.merge(&other.seconds);
        self.windows.merge(&other.windows);
        self.sends.merge(other.sends);
        self.warmed += other.warmed;
        self.order_inversions += other.order_inversions;
        self.overloaded += other.overloaded;
        self.skipped += other.skipped;
        self.aborted |= other.aborted;
        self.first_sent_ns = self.first_sent_ns.min(other.first_sent_ns);
        self.last_sent_ns = self.last_sent_ns.max(other.last_sent_ns);
        self.last_ended_ns = self.last_ended_ns.max(other.last_ended_ns);
    }

    fn endpoint(&mut self, route: u32) -> &mut Endpoint {
        let route = route as usize;
        if self.endpoints.len() <= route {
            self.endpoints.resize_with(route + 1, Endpoint::default);
        }
        &mut self.endpoints[route]
    }
}

impl Outcome {
    /// Whether there was no answer, or one with a status of 400 or more.
    pub(crate) fn failed(&self) -> bool {
        self.answer
            .as_ref()
            .map_or(true, |answer| answer.status >= 400)
    }

    /// How much later it was sent than it could have been.
    pub(crate) const fn lateness_ns(&self) -> u64 {
        self.sent_ns.saturating_sub(self.ready_ns)
    }

    /// Whether its times are the target's: it was answered, or waited for until its time was up.
    pub(crate) fn has_times(&self) -> bool {
        match &self.answer {
            Ok(_) | Err(Failure::Timeout) => true,
            Err(_) => false,
        }
    }
}
