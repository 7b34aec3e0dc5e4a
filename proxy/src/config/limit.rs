//! `limit`: how much of a route one client, key, team, … may use, and in which hours.
//!
//! Whether there is a rate, or a number in flight, is the same in all hours; only numbers change.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::civil::Time;

use super::hours::{self, Span};
use super::route::{self, Gate, RouteSettings};
use super::section::{Entry, Section};
use super::values::Rate;

/// The limits of one route.
#[derive(Debug, Clone)]
pub(crate) struct LimitSettings {
    pub(crate) per: Per,
    /// Rates of one zone are counted together; without one, the route's is counted alone.
    pub(crate) zone: Option<String>,
    /// The same for requests in flight; without one, all limits per client are counted together.
    pub(crate) concurrent_zone: Option<String>,
    pub(crate) schedule: Schedule,
    /// Values of the header that have numbers of their own. Where there are any, requests with
    /// other values are counted by client.
    pub(crate) values: Vec<(String, Schedule)>,
}

/// What a limit is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Per {
    Client,
    Header(HeaderName),
    Key,
    Route,
}

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

impl LimitSettings {
    /// Every schedule, with the header's value that it is for.
    pub(crate) fn schedules(&self) -> impl Iterator<Item = (Option<&str>, &Schedule)> {
        let values = self.values.iter();
        std::iter::once((None, &self.schedule))
            .chain(values.map(|(value, schedule)| (Some(value.as_str()), schedule)))
    }

    /// Whether one count can serve both.
    fn counts_like(&self, other: &Self) -> bool {
        self.per == other.per
            && self.values.len() == other.values.len()
            && self.schedules().all(|(value, schedule)| {
                other
                    .schedules()
                    .any(|(v, s)| v == value && s.paced_like(schedule))
            })
    }
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

    fn paced_like(&self, other: &Self) -> bool {
        self.spans == other.spans && self.rates() == other.rates()
    }
}

impl Numbers {
    /// How long from all used up to all free again.
    fn recovery(&self) -> Duration {
        let period = self.rate.map_or(Duration::ZERO, |rate| rate.period());
        period.saturating_mul(self.burst.saturating_add(1))
    }
}

/// The limiter counts it in nanoseconds, of which 64 bits hold 584 years.
const LONGEST_RECOVERY: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn read(
    entry: Entry<'_>,
    gate: Gate,
    others: &[RouteSettings],
) -> Option<LimitSettings> {
    let mut section = entry.section()?;
    let (schedule, kinds) = schedule(&mut section);
    let per = section.parsed("per", per).unwrap_or(Per::Client);
    if per == Per::Key && gate != Gate::Key {
        section.mistake("per", "only a route with gate = \"key\" knows keys");
    }
    let values = values(&mut section, &per);
    let mut zone = |key, of, given: bool| {
        let entry = section.entry(key)?;
        if !given {
            entry.mistake(format!(
                "the limit has no {of} to count; add it, or leave this out"
            ));
        }
        entry.parsed(route::name)
    };
    let limit = LimitSettings {
        zone: zone("zone", "rate", kinds.rate),
        concurrent_zone: zone("concurrent_zone", "concurrent", kinds.concurrent),
        per,
        schedule,
        values,
    };
    check_zones(&section, &limit, others);
    section.finish();
    Some(limit)
}

/// Rates that are counted together have to pass at the same pace.
fn check_zones(section: &Section<'_>, limit: &LimitSettings, others: &[RouteSettings]) {
    for route in others {
        let Some(other) = &route.limit else { continue };
        let name = &route.name;
        if limit.zone.is_some() && limit.zone == other.zone && !limit.counts_like(other) {
            let how = format!(
                "route `{name}` has this zone with another per, rate, hours or values; make them the same, or name another zone"
            );
            section.mistake("zone", how);
        }
        let zone = &limit.concurrent_zone;
        if zone.is_some() && *zone == other.concurrent_zone && limit.per != other.per {
            let how = format!(
                "route `{name}` has this zone with another per; make them the same, or name another zone"
            );
            section.mistake("concurrent_zone", how);
        }
    }
}

/// `rate`, `burst`, `concurrent` and `hours`, which may stand in a limit and in each of its values.
fn schedule(section: &mut Section<'_>) -> (Schedule, Kinds) {
    let given = Given::read(section);
    let kinds = given.kinds();
    if !kinds.rate && !kinds.concurrent {
        section.mistake("rate", "a limit needs rate, concurrent or both");
    }
    if given.burst.is_some() && !kinds.rate {
        section.mistake("burst", "a burst needs a rate");
    }
    let base = given.numbers(None);
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
    let numbers = given.numbers(Some(base));
    check_recovery(&section, &numbers);
    let span = match Span::new(from?, to?) {
        Ok(span) => span,
        Err(how) => {
            section.mistake("to", how);
            return None;
        }
    };
    if others.iter().any(|other| other.overlaps(&span)) {
        section.mistake(
            "from",
            "these hours overlap others; at most one may hold at a time",
        );
    }
    section.finish();
    Some((span, numbers))
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
struct Kinds {
    rate: bool,
    concurrent: bool,
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
    fn numbers(self, base: Option<&Numbers>) -> Numbers {
        let rate = self.rate.and_then(|entry| entry.parsed(Rate::parse));
        let burst = self.burst.and_then(|entry| entry.whole(0..=1_000_000));
        let concurrent = self.concurrent.and_then(|entry| entry.whole(1..=1_000_000));
        Numbers {
            rate: rate.or(base.and_then(|base| base.rate)),
            burst: burst.or(base.map(|base| base.burst)).unwrap_or(0),
            concurrent: concurrent.or(base.and_then(|base| base.concurrent)),
        }
    }
}

fn values(section: &mut Section<'_>, per: &Per) -> Vec<(String, Schedule)> {
    let Some(entry) = section.entry("values") else {
        return Vec::new();
    };
    if !matches!(per, Per::Header(_)) {
        entry.mistake("values are those of a header; count per = \"header:NAME\"");
    }
    let named = entry.section().map(|mut values| values.named());
    if named.as_ref().is_some_and(Vec::is_empty) {
        section.mistake("values", "name at least one value, or leave it out");
    }
    named
        .unwrap_or_default()
        .into_iter()
        .filter_map(value)
        .collect()
}

fn value((value, entry): (String, Entry<'_>)) -> Option<(String, Schedule)> {
    let sendable =
        !value.is_empty() && value.trim() == value && HeaderValue::from_str(&value).is_ok();
    if !sendable {
        entry.mistake("no header can have this value");
    }
    let mut section = entry.section()?;
    let (schedule, _kinds) = schedule(&mut section);
    section.finish();
    Some((value, schedule))
}

fn per(text: &str) -> Result<Per, String> {
    match text {
        "client" => Ok(Per::Client),
        "key" => Ok(Per::Key),
        "route" => Ok(Per::Route),
        other => other
            .strip_prefix("header:")
            .and_then(|name| name.parse().ok())
            .map(Per::Header)
            .ok_or_else(|| {
                format!("cannot count per `{other}`; use client, key, route or header:NAME")
            }),
    }
}
