//! What belongs together on both sides: all requests, and those of each route.
//!
//! Pure.

use std::collections::BTreeSet;

use crate::quantile::{self, Risk};

use super::measured::{Figures, Measured};
use super::notes::LeftOut;

/// The figures of the same requests on both sides.
pub(super) struct Pair<'a> {
    /// `None` for all requests.
    pub(super) route: Option<&'a str>,
    /// Those of each run of the baseline that has such requests.
    pub(super) before: Vec<&'a Figures>,
    /// Those of each run that is compared.
    pub(super) after: Vec<&'a Figures>,
    /// How probable it may be that a band is wrong.
    pub(super) risk: Risk,
}

/// All requests.
pub(super) fn of_all<'a>(baseline: &'a [Measured], runs: &'a [Measured]) -> Pair<'a> {
    Pair {
        route: None,
        before: baseline.iter().map(|run| &run.all).collect(),
        after: runs.iter().map(|run| &run.all).collect(),
        risk: Risk::ONE_IN_20,
    }
}

/// The routes of which both sides have enough, and how many they are that are left out.
pub(super) fn by_route<'a>(
    baseline: &'a [Measured],
    runs: &'a [Measured],
) -> (Vec<Pair<'a>>, LeftOut) {
    let names = |runs: &'a [Measured]| -> BTreeSet<&'a str> {
        let routes = runs.iter().flat_map(|run| run.routes.keys());
        routes.map(String::as_str).collect()
    };
    let (before, after) = (names(baseline), names(runs));
    let common: Vec<_> = before.intersection(&after).copied().collect();
    let risk = Risk::ONE_IN_20.each_of(common.len() * METRICS);
    let figures = |runs: &'a [Measured], route: &str| -> Vec<&'a Figures> {
        let figures = runs.iter().filter_map(|run| run.routes.get(route));
        figures.collect()
    };
    let mut pairs: Vec<_> = common
        .iter()
        .map(|&route| Pair {
            route: Some(route),
            before: figures(baseline, route),
            after: figures(runs, route),
            risk,
        })
        .collect();
    pairs.retain(Pair::is_enough);
    let left_out = LeftOut {
        too_few: common.len() - pairs.len(),
        fewest: (1..).find(|&samples| quantile::is_known_at(risk, samples, 0.5)),
        before_only: before.difference(&after).count(),
        after_only: after.difference(&before).count(),
    };
    (pairs, left_out)
}

impl Pair<'_> {
    /// Whether the median is known on both sides.
    fn is_enough(&self) -> bool {
        let requests = |side: &[&Figures]| side.iter().map(|it| it.requests).sum();
        let known = |side| quantile::is_known_at(self.risk, requests(side), 0.5);
        known(&self.before) && known(&self.after)
    }
}

/// Rows that a route can have.
const METRICS: usize = 6;
