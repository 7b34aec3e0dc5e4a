//! Samples of what rules ask for, in constant memory per rule.

use hdrhistogram::Histogram;

use crate::engine::Outcome;
use crate::judge::{Clock, Meant, Metric, Step};
use crate::plan::Entry;

use super::clocks::{self, record};
use super::seconds::{Counted, Second, Seconds};

/// Samples of each metric that somebody asked for, in the order in which they were asked for.
#[derive(Default)]
pub(crate) struct Meters {
    all: Vec<Meter>,
}

/// Samples of one metric.
pub(crate) struct Meter {
    /// Those of the whole run.
    pub(crate) samples: Samples,
    /// The same by the second in which requests were due, where that is asked for.
    pub(crate) seconds: Option<Seconds<Tally>>,
}

/// What samples add up to.
#[derive(Clone)]
pub(crate) struct Samples {
    /// How many, and how many of them have what is asked for; of bytes, their sum.
    pub(crate) tally: Tally,
    /// Times, in microseconds.
    pub(crate) times: Histogram<u32>,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The sum of all.
    pub(crate) total: u64,
    /// Of these, those that are so.
    pub(crate) hits: u64,
}

/// What one request is to a metric.
enum Sample {
    /// So many more.
    Add(u64),
    /// One more, which is so or not.
    Hit(bool),
    /// One more, which took this time.
    Time(u64),
}

impl Counted for Tally {
    fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.hits += other.hits;
    }
}

impl Meters {
    /// Of these metrics, without a sample yet.
    pub(super) fn new(meant: &[Meant]) -> Self {
        Self {
            all: meant.iter().map(Meter::new).collect(),
        }
    }

    /// The metric of this number.
    pub(crate) fn get(&self, number: usize) -> &Meter {
        &self.all[number]
    }

    /// Takes a request that was due at this time of the run, of which these metrics are asked for.
    pub(super) fn ended(
        &mut self,
        meant: &[Meant],
        of_route: &[usize],
        (entry, outcome): (&Entry, &Outcome),
        due_ns: u64,
        start_ns: u64,
    ) {
        let status = outcome.answer.as_ref().ok().map(|answer| answer.status);
        for &number in of_route {
            let selector = &meant[number].selector;
            if selector.takes_status(status)
                && let Some(sample) = sample(selector.metric, entry, outcome, start_ns + due_ns)
            {
                self.all[number].add(&sample, due_ns);
            }
        }
    }

    /// Adds what another recorder has.
    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.all.iter_mut().zip(&other.all) {
            mine.samples.tally.add(&theirs.samples.tally);
            clocks::merge(&mut mine.samples.times, &theirs.samples.times);
            if let (Some(mine), Some(theirs)) = (&mut mine.seconds, &theirs.seconds) {
                mine.merge(theirs);
            }
        }
    }
}

impl Meter {
    fn new(meant: &Meant) -> Self {
        Self {
            samples: Samples::default(),
            seconds: meant.by_second.then(Seconds::default),
        }
    }

    fn add(&mut self, sample: &Sample, due_ns: u64) {
        self.samples.add(sample);
        if let Some(seconds) = &mut self.seconds {
            let second = seconds.at(due_ns);
            sample.count(&mut second.tally);
            sample.time(&mut second.response);
        }
    }
}

impl Samples {
    /// None yet, with as many digits as those of seconds have.
    pub(crate) fn coarse() -> Self {
        Self {
            tally: Tally::default(),
            times: clocks::coarse(),
        }
    }

    /// Adds those of one second.
    pub(crate) fn enter(&mut self, second: &Second<Tally>) {
        self.tally.add(&second.tally);
        clocks::merge(&mut self.times, &second.response);
    }

    /// Takes those of one second away, which were added before.
    pub(crate) fn leave(&mut self, second: &Second<Tally>) {
        self.tally.total -= second.tally.total;
        self.tally.hits -= second.tally.hits;
        // Fails only where something was never added.
        let _taken = self.times.subtract(&second.response);
    }

    fn add(&mut self, sample: &Sample) {
        sample.count(&mut self.tally);
        sample.time(&mut self.times);
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            times: clocks::fine(),
        }
    }
}

impl Sample {
    fn count(&self, tally: &mut Tally) {
        match *self {
            Self::Add(count) => tally.total += count,
            Self::Hit(hit) => {
                tally.total += 1;
                tally.hits += u64::from(hit);
            }
            Self::Time(_) => tally.total += 1,
        }
    }

    fn time(&self, times: &mut Histogram<u32>) {
        if let Self::Time(ns) = *self {
            record(times, ns);
        }
    }
}

/// What a request is to a metric, if anything; it was due at this moment of the clock.
fn sample(metric: Metric, entry: &Entry, outcome: &Outcome, due_ns: u64) -> Option<Sample> {
    let answer = outcome.answer.as_ref().ok();
    let is_error = answer.is_none_or(|answer| answer.status >= 500);
    Some(match metric {
        Metric::Duration(clock) => Sample::Time(clock_ns(clock, outcome, due_ns)?),
        Metric::Step(step) => Sample::Time(answer.map(|_| step_ns(step, outcome))?),
        Metric::Failed => Sample::Hit(outcome.failed()),
        Metric::Errors => Sample::Hit(is_error),
        Metric::Availability => Sample::Hit(!is_error),
        Metric::EqualStatuses => {
            // A recorded client that left before its answer gives nothing to compare with.
            let recorded = (entry.status > 0).then_some(entry.status)?;
            Sample::Hit(answer.is_some_and(|answer| answer.status == recorded))
        }
        Metric::Requests => Sample::Add(1),
        Metric::DataSent => Sample::Add(outcome.written),
        Metric::DataReceived => Sample::Add(outcome.read),
        Metric::Checks
        | Metric::Dropped
        | Metric::Users
        | Metric::Trend
        | Metric::RecoveryTime
        | Metric::Recovered
        | Metric::MemoryGrowth => return None,
    })
}

fn clock_ns(clock: Clock, outcome: &Outcome, due_ns: u64) -> Option<u64> {
    let answered = |from_ns| {
        let ended_ns = outcome.ended_ns;
        outcome
            .has_times()
            .then(|| ended_ns.saturating_sub(from_ns))
    };
    match clock {
        Clock::Response => answered(due_ns),
        Clock::Service => answered(outcome.sent_ns),
        Clock::Lateness => Some(outcome.lateness_ns()),
        Clock::LinkWait => Some(outcome.ready_ns.saturating_sub(due_ns)),
    }
}

fn step_ns(step: Step, outcome: &Outcome) -> u64 {
    let steps = outcome.steps;
    match step {
        Step::Blocked => steps.blocked_ns,
        Step::Connecting => steps.connecting_ns,
        Step::Sending => steps.sending_ns,
        Step::Waiting => steps.waiting_ns,
        Step::Receiving => steps.receiving_ns,
    }
}
