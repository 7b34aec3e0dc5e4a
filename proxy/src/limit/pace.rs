//! How fast a rate lets requests through, while its numbers change with the hour.
//!
//! Counts are kept in *ticks*. A request always costs the same number of them; it is how fast they
//! pass that follows the hour. So a change of numbers touches no count: what a client has used
//! stays used, in requests, and from then on it is freed at the new rate.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Moment;
use crate::config::Rate;

pub(crate) struct Pace {
    /// Ticks that one request costs: nanoseconds between two at the fastest rate. Ticks therefore
    /// never pass faster than nanoseconds, and cannot overflow before those do.
    cost: u64,
    phases: Vec<Phase>,
    active: AtomicUsize,
}

/// The time in which one rate holds.
struct Phase {
    rate: Rate,
    /// Nanoseconds between two requests.
    period: u64,
    /// What is added so that the ticks go on where the phase before had left them.
    offset: AtomicI64,
}

/// How things stand at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Now<'p> {
    pub(crate) rate: &'p Rate,
    pub(crate) ticks: u64,
    /// Ticks that one request costs.
    pub(crate) cost: u64,
    period: u64,
}

impl Pace {
    /// By place in the schedule; none without a rate.
    pub(crate) fn new(rates: &[Rate]) -> Option<Self> {
        let phases: Vec<_> = rates.iter().map(Phase::new).collect();
        let cost = phases.iter().map(|phase| phase.period).min()?;
        Some(Self {
            cost,
            phases,
            active: AtomicUsize::new(0),
        })
    }

    pub(crate) fn at(&self, now: Moment) -> Now<'_> {
        let phase = &self.phases[self.active.load(Ordering::Acquire)];
        Now {
            rate: &phase.rate,
            ticks: phase.ticks(now, self.cost),
            cost: self.cost,
            period: phase.period,
        }
    }

    /// Lets another rate hold from now on.
    pub(crate) fn turn(&self, to: usize, now: Moment) {
        if self.active.load(Ordering::Acquire) == to {
            return;
        }
        let ticks = self.at(now).ticks;
        let phase = &self.phases[to];
        let offset = ticks.wrapping_sub(phase.passed(now, self.cost));
        phase.offset.store(offset.cast_signed(), Ordering::Relaxed);
        self.active.store(to, Ordering::Release);
    }

    pub(crate) fn has(&self, rates: &[Rate]) -> bool {
        self.phases.iter().map(|phase| &phase.rate).eq(rates)
    }
}

impl Phase {
    fn new(rate: &Rate) -> Self {
        Self {
            rate: *rate,
            // No rate is finer than a nanosecond.
            period: nanoseconds(rate.period()).max(1),
            offset: AtomicI64::new(0),
        }
    }

    fn ticks(&self, now: Moment, cost: u64) -> u64 {
        let offset = self.offset.load(Ordering::Relaxed);
        self.passed(now, cost).saturating_add_signed(offset)
    }

    fn passed(&self, now: Moment, cost: u64) -> u64 {
        if cost == self.period {
            return now.as_nanos();
        }
        let ticks = u128::from(now.as_nanos()) * u128::from(cost) / u128::from(self.period);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

impl Now<'_> {
    /// Ticks that so many requests cost.
    pub(crate) fn ticks_for(&self, requests: u32) -> u64 {
        self.cost.saturating_mul(requests.into())
    }

    /// The time in which at least so many ticks pass.
    pub(crate) fn time(&self, ticks: u64) -> Duration {
        let nanoseconds = u128::from(ticks) * u128::from(self.period);
        let nanoseconds = nanoseconds.div_ceil(u128::from(self.cost));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
