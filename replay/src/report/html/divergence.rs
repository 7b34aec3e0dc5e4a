//! Answers, recorded and replayed.

use crate::report::differences;
use crate::summary::{RouteDivergence, Summary};
use crate::words;

use super::number::Number;
use super::rows::Rows;

/// Where answers differ from the recorded ones.
pub(super) struct Divergence {
    pub(super) equal: Number,
    pub(super) noise_from: Option<String>,
    pub(super) routes: Rows<Row>,
    /// Links without a value: route, places, likely cause.
    pub(super) unresolved: Rows<Vec<String>>,
    /// Route, what, where, answers.
    pub(super) shapes: Rows<Vec<String>>,
}

/// One route.
pub(super) struct Row {
    pub(super) route: String,
    pub(super) identifiers: u64,
    pub(super) requests: Number,
    pub(super) recorded: String,
    pub(super) replayed: String,
    pub(super) equal: Number,
    pub(super) latency: Number,
    /// Whether statuses differ beyond noise.
    pub(super) differs: bool,
}

/// What the page says of differences.
pub(super) fn of(summary: &Summary) -> Divergence {
    let divergence = &summary.divergence;
    // Their first rows are heads.
    let body = |mut rows: Vec<Vec<String>>| Rows::first(EXAMPLES, rows.split_off(1).into_iter());
    Divergence {
        equal: Number::share("divergence.equal_statuses", divergence.equal_statuses),
        noise_from: divergence.noise_from.clone(),
        routes: Rows::of(divergence.routes.iter().enumerate().map(row)),
        unresolved: body(differences::unresolved(summary)),
        shapes: body(differences::shapes(summary)),
    }
}

fn row((place, route): (usize, &RouteDivergence)) -> Row {
    let at = |path: &str| format!("divergence.routes.{place}.{path}");
    let ratio = route.latency.ratio_p50;
    Row {
        route: route.route.clone(),
        identifiers: route.identifiers,
        requests: Number::count(at("requests"), route.requests),
        recorded: words::statuses(&route.recorded),
        replayed: words::statuses(&route.replayed),
        equal: Number::share(at("equal_ratio"), route.equal_ratio),
        latency: Number::new(at("latency.ratio_p50"), ratio, words::ratio(ratio)),
        differs: route.changes.iter().any(|change| !change.noise),
    }
}

/// Differences that are told; an application that is another one altogether has thousands.
const EXAMPLES: usize = 60;
