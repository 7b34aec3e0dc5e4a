//! `limit`: how much of a route one client, key, team, … may use, and in which hours.
//!
//! What limits count together is said here too, and that it has to be counted alike.

use http::{HeaderName, HeaderValue};

use super::route::{Gate, RouteSettings};
use super::schedule::{self, Schedule};
use super::section::{Entry, Section};
use super::values;

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

pub(super) fn read(
    entry: Entry<'_>,
    gate: Gate,
    others: &[RouteSettings],
) -> Option<LimitSettings> {
    let mut section = entry.section()?;
    let (schedule, kinds) = schedule::read(&mut section);
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
        entry.parsed(values::name)
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

/// What is counted together has to be counted alike.
fn check_zones(section: &Section<'_>, limit: &LimitSettings, others: &[RouteSettings]) {
    let first = |same: &dyn Fn(&LimitSettings) -> bool| {
        let limits = others
            .iter()
            .filter_map(|r| Some((&r.name, r.limit.as_ref()?)));
        limits.into_iter().find(|(_, other)| same(other))
    };
    let zone = first(&|other| limit.zone.is_some() && limit.zone == other.zone);
    if let Some((route, other)) = zone
        && !limit.counts_like(other)
    {
        let how = format!(
            "route `{route}` has this zone with another per, rate, hours or values; make them the same, or name another zone"
        );
        section.mistake("zone", how);
    }
    let zone = &limit.concurrent_zone;
    let zone = first(&|other| zone.is_some() && *zone == other.concurrent_zone);
    if let Some((route, other)) = zone
        && limit.per != other.per
    {
        let how = format!(
            "route `{route}` has this zone with another per; make them the same, or name another zone"
        );
        section.mistake("concurrent_zone", how);
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
    let (schedule, _kinds) = schedule::read(&mut section);
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
