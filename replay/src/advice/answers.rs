//! Advice on what was answered.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::summary::{RouteDivergence, Summary};
use crate::words;

use super::{Advice, Weight};

/// Answers that refuse somebody whom the recorded ones let in.
pub(super) fn refused(summary: &Summary) -> Option<Advice> {
    let [unknown, forbidden] = [unlike(summary, "401"), unlike(summary, "403")];
    let count = unknown + forbidden;
    if count == 0 {
        return None;
    }
    let next = match (unknown >= forbidden, summary.settings.via_loadtest) {
        (true, _) => "check `[auth]` and the users file, and how long tokens are good for",
        (false, true) => {
            "check the roles in the users file, and whether LOAD_TEST_KEY is the proxy's key"
        }
        (false, false) => "check the roles in the users file",
    };
    let weight = by_share(summary, count);
    weight.says(format!(
        "{} were answered 401 or 403 where the recorded answer was another one: {next}",
        part(count, summary.totals.sent, "requests")
    ))
}

/// Answers by which limits hold back more than when it was recorded.
pub(super) fn limited(summary: &Summary) -> Option<Advice> {
    let count = unlike(summary, "429");
    if count == 0 {
        return None;
    }
    let settings = &summary.settings;
    let next = match (settings.via_loadtest, settings.client_addresses.is_some()) {
        (false, false) => {
            "go through the relaxed path with `--via-loadtest`, or give users addresses of their \
             own with `--client-addresses`"
        }
        (false, true) => "go through the relaxed path with `--via-loadtest`",
        (true, false) => "give users addresses of their own with `--client-addresses`",
        (true, true) => {
            "`--dry-run` with `--limits` tells which limits of the proxy this load is beyond"
        }
    };
    let weight = by_share(summary, count);
    weight.says(format!(
        "limits of the target, or of a proxy before it, answered {} with 429: {next}",
        part(count, summary.totals.sent, "requests")
    ))
}

/// Where a server says that it failed.
pub(super) fn server_errors(summary: &Summary) -> Option<Advice> {
    let of = |statuses: &BTreeMap<String, u64>| -> u64 {
        let errors = statuses
            .iter()
            .filter(|(status, _)| status.starts_with('5'));
        errors.map(|(_, count)| count).sum()
    };
    let count = of(&summary.statuses);
    let routes = summary.endpoints.iter();
    let routes = routes.map(|endpoint| (of(&endpoint.statuses), &endpoint.route));
    let (most, route) = routes.max_by_key(|(count, route)| (*count, Reverse(*route)))?;
    if count == 0 {
        return None;
    }
    let share = if most == count {
        "all of them".to_owned()
    } else {
        format!("{most} of them")
    };
    by_share(summary, count).says(format!(
        "{} were answered with a server error, {share} by {route}: look at what the target logged \
         there",
        part(count, summary.totals.sent, "requests")
    ))
}

/// How much failed that did not fail when it was recorded.
pub(super) fn failures(summary: &Summary) -> Option<Advice> {
    let sent = summary.totals.sent;
    let statuses = summary.statuses.iter();
    let statuses = statuses.filter(|(status, _)| is_failure(status));
    let mut kinds: Vec<_> = statuses
        .chain(&summary.errors)
        .map(|(name, count)| (count.saturating_sub(as_recorded(summary, name)), name))
        .filter(|(count, _)| *count > 0)
        .collect();
    let count: u64 = kinds.iter().map(|(count, _)| count).sum();
    let weight = match count as f64 / sent.max(1) as f64 {
        share if share > MANY => Weight::Critical,
        share if share > SOME => Weight::Warning,
        _ => return None,
    };
    kinds.sort_by_key(|&(count, name)| (Reverse(count), name));
    let kinds = kinds.into_iter().take(KINDS);
    let kinds: Vec<_> = kinds
        .map(|(count, name)| format!("{count} × {name}"))
        .collect();
    weight.says(format!(
        "{} failed that did not when they were recorded, mostly {}: find out why before looking at \
         times",
        part(count, sent, "requests"),
        kinds.join(", ")
    ))
}

/// Checks that do not hold.
pub(super) fn checks(summary: &Summary) -> Option<Advice> {
    let checks = &summary.checks;
    let fails: u64 = checks.iter().map(|check| check.fails).sum();
    let all: u64 = checks.iter().map(|check| check.passes + check.fails).sum();
    let weight = match fails as f64 / all.max(1) as f64 {
        share if share > 1.0 - CHECKS_HOLD => Weight::Critical,
        share if share > 1.0 - CHECKS_SHOULD_HOLD => Weight::Warning,
        _ => return None,
    };
    let worst = checks.iter().max_by_key(|check| check.fails)?;
    weight.says(format!(
        "{} did not hold, most often `{}` ({} times): look at the answers that it is about",
        part(fails, all, "checks"),
        worst.name,
        worst.fails
    ))
}

/// Values that no answer gave.
pub(super) fn links(summary: &Summary) -> Option<Advice> {
    let links = &summary.divergence.links;
    let missing: u64 = links.unresolved.iter().map(|kind| kind.places).sum();
    let worst = links.unresolved.iter().max_by_key(|kind| kind.places)?;
    if missing == 0 {
        return None;
    }
    let from = worst.from.as_deref().unwrap_or("an earlier answer");
    let next = match worst.cause.as_str() {
        "empty_list" => format!("the list of {from} is empty, so give the target test data"),
        "no_place" => format!("{from} answers in another shape than when it was recorded"),
        "source_failed" => format!("{from} failed, so look there first"),
        _ => "the requests that would give them are not played, so let `--filter` keep them"
            .to_owned(),
    };
    let weight = if missing as f64 > SOME * links.places as f64 {
        Weight::Warning
    } else {
        Weight::Hint
    };
    weight.says(format!(
        "{} that requests take from earlier answers were not there: mostly {next}",
        part(missing, links.places, "values")
    ))
}

/// Requests with this status whose recorded answer had another one.
fn unlike(summary: &Summary, status: &str) -> u64 {
    let routes = summary.divergence.routes.iter();
    let changes = routes.flat_map(|route| &route.changes);
    let changes = changes.filter(|change| change.replayed == status && !change.noise);
    changes.map(|change| change.requests).sum()
}

/// Requests with this status when they were recorded, and again.
fn as_recorded(summary: &Summary, status: &str) -> u64 {
    let again = |route: &RouteDivergence| {
        let recorded = route.recorded.get(status).copied().unwrap_or(0);
        let changes = route.changes.iter();
        let changes = changes.filter(|change| change.recorded == status);
        recorded.saturating_sub(changes.map(|change| change.requests).sum())
    };
    summary.divergence.routes.iter().map(again).sum()
}

fn is_failure(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

/// How much depends on so many answers being wrong.
fn by_share(summary: &Summary, count: u64) -> Weight {
    match count as f64 / summary.totals.sent.max(1) as f64 {
        share if share > MANY => Weight::Critical,
        share if share > SOME => Weight::Warning,
        _ => Weight::Hint,
    }
}

/// A part of all, such as `12 of 400 requests (3.00 %)`.
fn part(count: u64, all: u64, what: &str) -> String {
    let share = words::percent(count as f64 / all.max(1) as f64);
    format!("{count} of {all} {what} ({share})")
}

/// A share of failures that is critical…
const MANY: f64 = 0.05;
/// …and one that is too much.
const SOME: f64 = 0.01;
/// The share of checks that has to hold…
const CHECKS_HOLD: f64 = 0.9;
/// …and the one that should.
const CHECKS_SHOULD_HOLD: f64 = 0.98;
/// Kinds of failures that are named.
const KINDS: usize = 3;
