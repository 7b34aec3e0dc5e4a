//! `rate`, `burst`, `concurrent` and `hours`: how much may come, and at which times of day.
//!
//! Whether there is a rate, or a number in flight, is the same in all hours; only numbers change.

use std::time::Duration;

use jiff::civil::Time;

use super::Rate;
use super::hours::{self, Span};
use super::section::{Entry, Section};

/// Numbers and the hours in which they hold.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    spans: Vec<Span>,
    /// Those outside all spans, and then those of each span.
    numbers: Vec<Numbers>,
}

/// How much may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) rate: Option<Rate>,
    /// How many above the rate may come at once.
    pub(crate) burst: u32,
    /// How many may be in flight at once.
    pub(crate) concurrent: Option<u32>,
}

impl Schedule {
    #[cfg(test)]
    pub(crate) fn new(base: Numbers, hours: impl IntoIterator<Item = (Span, Numbers)>) -> Self {
        let (spans, numbers): (Vec<_>, Vec<_>) = hours.into_iter().unzip();
        let numbers = std::iter::once(base).chain(numbers).collect();
        Self { spans, numbers }
    }

    /// The place of the numbers that hold at a time of day.
    pub(crate) fn at(&self, time: Time) -> usize {
        let span = self.spans.iter().position(|span| span.contains(time));
        span.map_or(0, |index| index + 1)
    }

    /// The numbers, by place.
    pub(crate) fn numbers(&self) -> &[Numbers] {
        &self.numbers
    }

    /// The rates by place; empty when there are none.
    pub(crate) fn rates(&self) -> Vec<Rate> {
        self.numbers.iter().filter_map(|n| n.rate).collect()
    }

    /// Whether one count of a rate can serve both.
    pub(super) fn paced_like(&self, other: &Self) -> bool {
        self.spans == other.spans && self.rates() == other.rates()
    }
}

impl Numbers {
    const NONE: Self = Self {
        rate: None,
        burst: 0,
        concurrent: None,
    };

    /// How long from all used up to all free again.
    fn recovery(&self) -> Duration {
        let period = self.rate.map_or(Duration::ZERO, |rate| rate.period());
        period.saturating_mul(self.burst.saturating_add(1))
    }
}

/// The limiter counts it in nanoseconds, of which 64 bits hold 584 years.
const LONGEST_RECOVERY: Duration = Duration::from_secs(365 * 24 * 3600);

/// `rate`, `burst`, `concurrent` and `hours`, which may stand in a limit and in each of its values.
pub(super) fn read(section: &mut Section<'_>) -> (Schedule, Kinds) {
    let given = Given::read(section);
    let kinds = given.kinds();
    if !kinds.rate && !kinds.concurrent {
        section.mistake("rate", "a limit needs rate, concurrent or both");
    }
    if given.burst.is_some() && !kinds.rate {
        section.mistake("burst", "a burst needs a rate");
    }
    let base = given.numbers(&Numbers::NONE);
    check_recovery(section, &base);
    let mut schedule = Schedule {
        spans: Vec::new(),
        numbers: vec![base],
    };
    let hours = section.entry("hours").and_then(Entry::list);
    for entry in hours.unwrap_or_default() {
        if let Some((span, numbers)) = hour(entry, &base, kinds, &schedule.spans) {
            schedule.spans.push(span);
            schedule.numbers.push(numbers);
        }
    }
    (schedule, kinds)
}

fn hour(
    entry: Entry<'_>,
    base: &Numbers,
    kinds: Kinds,
    others: &[Span],
) -> Option<(Span, Numbers)> {
    let mut section = entry.section()?;
    let mut time = |key| section.required(key)?.parsed(hours::time);
    let (from, to) = (time("from"), time("to"));
    let given = Given::read(&mut section);
    if given.rate.is_none() && given.burst.is_none() && given.concurrent.is_none() {
        section.mistake(
            "rate",
            "nothing is different then; name rate, burst or concurrent",
        );
    }
    if (given.rate.is_some() || given.burst.is_some()) && !kinds.rate {
        section.mistake("rate", "give the limit a rate for the other hours too");
    }
    if given.concurrent.is_some() && !kinds.concurrent {
        section.mistake("concurrent", "give the limit one for the other hours too");
    }
    let numbers = given.numbers(base);
    check_recovery(&section, &numbers);
    let span = from.zip(to).and_then(|(from, to)| {
        let span = Span::new(from, to);
        span.map_err(|how| section.mistake("to", how)).ok()
    });
    if span.is_some_and(|span| others.iter().any(|other| other.overlaps(&span))) {
        section.mistake(
            "from",
            "these hours overlap others; at most one may hold at a time",
        );
    }
    section.finish();
    Some((span?, numbers))
}

fn check_recovery(section: &Section<'_>, numbers: &Numbers) {
    if numbers.recovery() > LONGEST_RECOVERY {
        section.mistake(
            "burst",
            "after a burst like this the rate takes over a year to recover; lower it",
        );
    }
}

/// Numbers as they stand in the file.
struct Given<'a> {
    rate: Option<Entry<'a>>,
    burst: Option<Entry<'a>>,
    concurrent: Option<Entry<'a>>,
}

/// What a limit limits.
#[derive(Clone, Copy)]
pub(super) struct Kinds {
    pub(super) rate: bool,
    pub(super) concurrent: bool,
}

impl<'a> Given<'a> {
    fn read(section: &mut Section<'a>) -> Self {
        Self {
            rate: section.entry("rate"),
            burst: section.entry("burst"),
            concurrent: section.entry("concurrent"),
        }
    }

    fn kinds(&self) -> Kinds {
        Kinds {
            rate: self.rate.is_some(),
            concurrent: self.concurrent.is_some(),
        }
    }

    /// What is not given is as in `base`.
    fn numbers(self, base: &Numbers) -> Numbers {
        let rate = self.rate.and_then(|entry| entry.parsed(Rate::parse));
        let burst = self.burst.and_then(|entry| entry.whole(0..=1_000_000));
        let concurrent = self.concurrent.and_then(|entry| entry.whole(1..=1_000_000));
        Numbers {
            rate: rate.or(base.rate),
            burst: burst.unwrap_or(base.burst),
            concurrent: concurrent.or(base.concurrent),
        }
    }
}
