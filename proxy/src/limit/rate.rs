//! A rate with a burst, counted as nginx does: from idle, burst + 1 pass at once, then the rate.
//!
//! The algorithm is GCRA: of each key one number is kept, which is when its next request would be
//! due if all came evenly.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pace::{Now, Pace};
use super::{Excess, LimitKey};
use crate::bounded::Bounded;
use crate::clock::Moment;
use crate::config::{Per, Rate};

/// Keys that are told apart at most.
const CAPACITY: usize = 200_000;

/// Rates of the keys of one route or zone.
pub(crate) struct Rates {
    per: Per,
    pace: Pace,
    /// In ticks of the pace; those that are past are as good as none.
    due: Bounded<LimitKey, AtomicU64>,
}

/// How many may come at once beyond the rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) own: u32,
    /// The largest of all limits that count together.
    pub(crate) largest: u32,
}

impl Rates {
    /// None without a rate.
    pub(crate) fn new(per: &Per, rates: &[Rate]) -> Option<Self> {
        Self::with_capacity(per, rates, CAPACITY)
    }

    pub(crate) fn with_capacity(per: &Per, rates: &[Rate], capacity: usize) -> Option<Self> {
        Some(Self {
            per: per.clone(),
            pace: Pace::new(rates)?,
            due: Bounded::new(capacity),
        })
    }

    /// Whether what is counted here means the same under these settings. Bursts may differ.
    pub(crate) fn counts_like(&self, per: &Per, rates: &[Rate]) -> bool {
        self.per == *per && self.pace.has(rates)
    }

    /// Counts a request, or says how long until one would pass. A refused one is not counted.
    pub(crate) fn admit(&self, key: LimitKey, burst: Burst, now: Moment) -> Result<(), Excess> {
        let now = self.pace.at(now);
        self.due.with(key, |due| {
            let mut known = due.load(Ordering::Relaxed);
            loop {
                check(due, known, burst, now)?;
                let next = known.max(now.ticks).saturating_add(now.cost);
                match due.compare_exchange_weak(known, next, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return Ok(()),
                    Err(current) => known = current,
                }
            }
        })
    }

    /// What [`Rates::admit`] would say, without counting.
    pub(crate) fn would_admit(
        &self,
        key: LimitKey,
        burst: Burst,
        now: Moment,
    ) -> Result<(), Excess> {
        let now = self.pace.at(now);
        let known = |due: &AtomicU64| check(due, due.load(Ordering::Relaxed), burst, now);
        self.due.look(key, known).unwrap_or(Ok(()))
    }

    /// Lets other numbers hold from now on.
    pub(crate) fn turn(&self, to: usize, now: Moment) {
        self.pace.turn(to, now);
    }

    /// Forgets whoever would be treated like a newcomer anyway.
    pub(crate) fn sweep(&self, now: Moment) {
        let ticks = self.pace.at(now).ticks;
        self.due.retain(|due| due.load(Ordering::Relaxed) > ticks);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.due.len()
    }

    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.due.room()
    }
}

/// Whether a request may pass that would be due at `known`.
///
/// More than these numbers can have led to was counted under more generous ones. It is forgotten,
/// so that nobody waits longer than these numbers make anyone wait.
fn check(due: &AtomicU64, known: u64, burst: Burst, now: Now<'_>) -> Result<(), Excess> {
    let latest = now.ticks.saturating_add(now.ticks_for(burst.own));
    if known <= latest {
        return Ok(());
    }
    let most = now.ticks_for(burst.largest).saturating_add(now.cost);
    let most = now.ticks.saturating_add(most);
    if known > most {
        due.fetch_min(most, Ordering::Relaxed);
    }
    let wait = now.time(known.min(most).saturating_sub(latest));
    Err(Excess::Rate(*now.rate, wait))
}
