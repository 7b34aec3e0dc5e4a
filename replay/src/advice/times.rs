//! Advice on how long things took.

use crate::quantile::is_known;
use crate::summary::{Distribution, Model, Summary};
use crate::words;

use super::{Advice, Weight};

/// How slow all is.
pub(super) fn p95(summary: &Summary) -> Option<Advice> {
    let p95 = summary.latency.response.p95;
    let (weight, bound) = match p95 {
        CRITICAL_US.. => (
            Weight::Critical,
            "beyond the 5 s from which on it is critical",
        ),
        LOADED_US.. => (
            Weight::Warning,
            "more than the 2 s that are good enough under load",
        ),
        SLOW_US.. => (Weight::Warning, "more than 1 s"),
        NORMAL_US.. => (Weight::Hint, "more than the 500 ms of normal times"),
        _ => return None,
    };
    weight.says(format!(
        "the 95th percentile of response times is {}, {bound}: the table by route tells which \
         requests it is made of",
        words::micros(p95)
    ))
}

/// The route that is slow, and how much it matters.
pub(super) fn slowest_route(summary: &Summary) -> Option<Advice> {
    let routes = summary.endpoints.iter();
    let known = routes.filter(|route| is_known(route.latency.response.count, 0.95));
    let slowest = known.max_by_key(|route| route.latency.response.p95)?;
    let p95 = slowest.latency.response.p95;
    if summary.endpoints.len() < 2 || p95 < NORMAL_US {
        return None;
    }
    let routes = summary.endpoints.iter();
    let all: f64 = routes.map(|route| whole(&route.latency.service)).sum();
    let share = whole(&slowest.latency.service) / all.max(1.0);
    let next = if share >= MUCH {
        "to make it quicker helps most"
    } else {
        "look there first if people wait for it"
    };
    let weight = if p95 >= LOADED_US {
        Weight::Warning
    } else {
        Weight::Hint
    };
    weight.says(format!(
        "{} is the slowest route, with {} at p95, and takes {} of the time that all requests take: \
         {next}",
        slowest.route,
        words::micros(p95),
        words::percent(share)
    ))
}

/// A few answers that took much longer than the rest.
pub(super) fn outliers(summary: &Summary) -> Option<Advice> {
    let response = &summary.latency.response;
    if response.max < OUTLIER_US || response.max < 5 * response.p95 {
        return None;
    }
    Weight::Warning.says(format!(
        "the slowest answer took {}, and 95 % took no more than {}: outliers like that come from \
         locks, pauses, or a time-out of something behind the target",
        words::micros(response.max),
        words::micros(response.p95)
    ))
}

/// Requests that could not go when they were due, because of the target.
pub(super) fn waits(summary: &Summary) -> Option<Advice> {
    let (response, service) = (summary.latency.response.p95, summary.latency.service.p95);
    let waited = response.saturating_sub(service);
    if waited < WAITED_US || response < 2 * service || summary.settings.model == Model::Closed {
        return None;
    }
    let settings = &summary.settings;
    let next = if summary.phases.blocked.p95 > waited / 2 {
        "most of it for a free connection, of which `--max-connections` allows too few"
    } else if settings.max_in_flight.is_some() && settings.on_overload == "queue" {
        "the target does not keep up, and `--max-in-flight` lets the rest queue"
    } else {
        "the target does not keep up, and in a session requests wait for the answer before them"
    };
    Weight::Warning.says(format!(
        "95 % of answers came within {} of when they were due, but within {} of when their \
         requests were sent: {next}",
        words::micros(response),
        words::micros(service)
    ))
}

/// Connections that are not used again.
pub(super) fn connecting(summary: &Summary) -> Option<Advice> {
    let (sent, settings) = (summary.totals.sent, &summary.settings);
    let share = whole(&summary.phases.connecting) / whole(&summary.latency.service).max(1.0);
    if share < CONNECTING || sent < ENOUGH {
        return None;
    }
    let next = match settings.connections_for.as_str() {
        "pool" => "see whether the target, or a proxy before it, keeps connections open",
        _ => "`--connections pool` would need fewer, where that is as true to life",
    };
    Weight::Hint.says(format!(
        "connecting took {} of the time from sending to the last byte, with {} connections for \
         {sent} requests: {next}",
        words::percent(share),
        settings.connections
    ))
}

/// Too few answers to know the tail.
pub(super) fn few_samples(summary: &Summary) -> Option<Advice> {
    let count = summary.latency.response.count;
    if is_known(count, 0.99) {
        return None;
    }
    let enough = (count..).find(|&count| is_known(count, 0.99))?;
    Weight::Hint.says(format!(
        "{count} answers are too few to know the 99th percentile, which takes {enough}: play \
         longer, as with `--loop`, or with more users"
    ))
}

/// All of a distribution's time.
fn whole(distribution: &Distribution) -> f64 {
    distribution.mean * distribution.count as f64
}

/// What is slower than this is critical, …
const CRITICAL_US: u64 = 5_000_001;
/// … slower than it should be under load, …
const LOADED_US: u64 = 2_000_001;
/// … slow, …
const SLOW_US: u64 = 1_000_001;
/// … and slower than in normal times.
const NORMAL_US: u64 = 500_001;
/// No answer should take this long.
const OUTLIER_US: u64 = 10_000_000;
/// A wait that people notice.
const WAITED_US: u64 = 100_000;
/// A share of all time that is worth looking at first.
const MUCH: f64 = 0.3;
/// A share of service times that connecting should not take…
const CONNECTING: f64 = 0.1;
/// …over so many requests.
const ENOUGH: u64 = 100;
