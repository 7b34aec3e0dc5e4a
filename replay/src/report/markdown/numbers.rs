//! Tables of what was measured, by route.
//!
//! Pure.

use std::cmp::Reverse;

use crate::report::times::percentile;
use crate::summary::{Endpoint, Latency, RouteDivergence, Summary, Totals};
use crate::words;

use super::titled;
use super::write::{code, folded, table};

/// All requests.
pub(super) fn totals(summary: &Summary) -> String {
    let row = numbers(&summary.totals, &summary.latency);
    table(NUMBERS, &[row.to_vec()], 1)
}

/// The routes with the slowest answers.
pub(super) fn slowest(summary: &Summary, most: usize) -> String {
    let mut routes: Vec<_> = summary.endpoints.iter().collect();
    if routes.len() < 2 {
        return String::new();
    }
    routes.sort_by_key(|route| Reverse(route.latency.response.p95));
    let rows = rows(routes.into_iter().take(SHOWN));
    titled("Slowest routes", &table(&head(), &rows, most.min(SHOWN)))
}

/// The routes with the most failures.
pub(super) fn failing(summary: &Summary, most: usize) -> String {
    let routes = summary.endpoints.iter();
    let mut routes: Vec<_> = routes.filter(|route| route.totals.failed > 0).collect();
    if routes.is_empty() {
        return String::new();
    }
    routes.sort_by_key(|route| Reverse(route.totals.failed));
    let rows = routes.iter().take(SHOWN).map(|route| {
        let totals = &route.totals;
        let came = route
            .statuses
            .iter()
            .filter(|(status, _)| status.as_str() >= "400");
        let came = came
            .chain(&route.errors)
            .map(|(why, count)| format!("{count} × {why}"));
        vec![
            code(&route.route),
            totals.sent.to_string(),
            totals.failed.to_string(),
            words::percent(totals.failed_ratio),
            code(&came.collect::<Vec<_>>().join(", ")),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let head = [
        ("route", false),
        ("requests", true),
        ("failed", true),
        ("share", true),
        ("with", false),
    ];
    titled("Most failing routes", &table(&head, &rows, most.min(SHOWN)))
}

/// Where answers are others than the recorded ones, noise apart.
pub(super) fn divergence(summary: &Summary, most: usize) -> String {
    let divergence = &summary.divergence;
    let rows: Vec<_> = divergence.routes.iter().flat_map(changes).collect();
    let told = format!(
        "{} of answers have the recorded status.\n\n",
        words::percent(divergence.equal_statuses)
    );
    let head = [
        ("route", false),
        ("recorded", true),
        ("replayed", true),
        ("requests", true),
    ];
    let rows = match rows.as_slice() {
        [] => String::new(),
        rows => folded("All differences", &head, rows, most),
    };
    titled("Against the recording", &(told + &rows))
}

fn changes(route: &RouteDivergence) -> impl Iterator<Item = Vec<String>> {
    let changes = route.changes.iter().filter(|change| !change.noise);
    changes.map(|change| {
        vec![
            code(&route.route),
            code(&change.recorded),
            code(&change.replayed),
            change.requests.to_string(),
        ]
    })
}

/// Every route.
pub(super) fn routes(summary: &Summary, most: usize) -> String {
    let rows = rows(summary.endpoints.iter());
    let table = table(&head(), &rows, most);
    match rows.len() {
        0 => String::new(),
        count => format!("<details><summary>All routes ({count})</summary>\n\n{table}</details>\n"),
    }
}

fn rows<'a>(routes: impl Iterator<Item = &'a Endpoint>) -> Vec<Vec<String>> {
    let rows = routes.map(|route| {
        let numbers = numbers(&route.totals, &route.latency);
        [code(&route.route)].into_iter().chain(numbers).collect()
    });
    rows.collect()
}

fn head() -> Vec<(&'static str, bool)> {
    let route = [("route", false)];
    route.into_iter().chain(NUMBERS.iter().copied()).collect()
}

fn numbers(totals: &Totals, latency: &Latency) -> [String; 7] {
    let times = &latency.response;
    let of = |quantile, micros| percentile(times, quantile, micros);
    let [p50, p95, p99] = [of(0.5, times.p50), of(0.95, times.p95), of(0.99, times.p99)];
    let max = words::micros(times.max);
    let failed = match totals.failed {
        0 => "0".to_owned(),
        failed => format!("{failed} ({})", words::percent(totals.failed_ratio)),
    };
    [
        totals.sent.to_string(),
        failed,
        format!("{:.1}/s", totals.rate),
        p50,
        p95,
        p99,
        max,
    ]
}

const NUMBERS: &[(&str, bool)] = &[
    ("requests", true),
    ("failed", true),
    ("rate", true),
    ("response p50", true),
    ("p95", true),
    ("p99", true),
    ("max", true),
];

/// Routes that are shown as the slowest, or the most failing.
const SHOWN: usize = 5;
