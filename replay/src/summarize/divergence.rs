//! Where answers differ from the recorded ones, and how much of that an earlier replay had too.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::engine::{Compared, Planned};
use crate::record::{self, Endpoint, Match};
use crate::summary::{
    Divergence, LatencyChange, Links, RouteDivergence, ShapeDifference, Shapes, StatusChange,
    Summary, Unresolved,
};

use super::times::at;
use super::{Brought, share};

/// The divergence of a run.
pub(super) fn of(
    brought: &Brought<'_>,
    all: &Endpoint,
    noise: Option<(String, Summary)>,
) -> Divergence {
    let Brought {
        planned,
        recorder,
        shapes,
        ..
    } = *brought;
    let (noise_from, noise) = noise.unzip();
    let noise = noise
        .map(|noise| noise.divergence.routes)
        .unwrap_or_default();
    let noise: BTreeMap<_, _> = noise
        .iter()
        .map(|route| (route.route.as_str(), route))
        .collect();
    let endpoints = (0..).zip(planned.routes.iter().zip(&recorder.endpoints));
    let mut routes: Vec<_> = endpoints
        .filter(|(_, (_, endpoint))| endpoint.compared.requests() > 0)
        .map(|(number, (name, endpoint))| {
            let route = Route {
                planned,
                name,
                endpoint,
                shapes: shapes.get(&number),
                noise: noise.get(name.as_str()).copied(),
            };
            route.divergence()
        })
        .collect();
    routes.sort_by_key(|route| (Reverse(route.requests), route.route.clone()));
    Divergence {
        equal_statuses: share(all.compared.equal(), all.compared.requests()),
        noise_from,
        links: links(planned, &all.links),
        routes,
    }
}

/// What is known of a route.
struct Route<'a> {
    planned: &'a Planned,
    name: &'a str,
    endpoint: &'a Endpoint,
    shapes: Option<&'a Compared>,
    /// The same route in an earlier replay.
    noise: Option<&'a RouteDivergence>,
}

impl Route<'_> {
    fn divergence(&self) -> RouteDivergence {
        let compared = &self.endpoint.compared;
        let (mut recorded, mut replayed) = (BTreeMap::new(), BTreeMap::new());
        for (&(before, now), &count) in &compared.pairs {
            *recorded.entry(before.to_string()).or_default() += count;
            *replayed.entry(status(now)).or_default() += count;
        }
        RouteDivergence {
            route: self.name.to_owned(),
            requests: compared.requests(),
            equal: compared.equal(),
            equal_ratio: share(compared.equal(), compared.requests()),
            recorded,
            replayed,
            changes: self.changes(compared),
            identifiers: self.endpoint.identified,
            links: links(self.planned, &self.endpoint.links),
            shapes: self.shapes(),
            latency: self.latency(),
        }
    }

    fn changes(&self, compared: &Match) -> Vec<StatusChange> {
        let pairs = compared.pairs.iter();
        let changes = pairs.filter(|((before, now), _)| *now != Some(*before));
        let mut changes: Vec<_> = changes
            .map(|(&(before, now), &requests)| {
                let change = StatusChange {
                    recorded: before.to_string(),
                    replayed: status(now),
                    requests,
                    noise: false,
                };
                let noise = self.had(&change);
                StatusChange { noise, ..change }
            })
            .collect();
        changes.sort_by_key(|change| Reverse(change.requests));
        changes
    }

    /// Whether the earlier replay had a change at least half as often.
    fn had(&self, change: &StatusChange) -> bool {
        let Some(noise) = self.noise else {
            return false;
        };
        let same = |other: &&StatusChange| {
            (&other.recorded, &other.replayed) == (&change.recorded, &change.replayed)
        };
        let had = noise
            .changes
            .iter()
            .find(same)
            .map_or(0, |change| change.requests);
        let often = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        let now = often(change.requests, self.endpoint.compared.requests());
        had > 0 && often(had, noise.requests) * 2.0 >= now
    }

    fn shapes(&self) -> Shapes {
        let Some(Compared {
            answers,
            differences,
        }) = self.shapes
        else {
            return Shapes::default();
        };
        let noise = self.noise.map(|noise| noise.shapes.differences.as_slice());
        let noise = noise.unwrap_or_default();
        let mut found: Vec<_> = differences
            .iter()
            .map(|(difference, &answers)| {
                let (at, what) = (difference.at.clone(), difference.what.name());
                ShapeDifference {
                    noise: noise
                        .iter()
                        .any(|other| other.at == at && other.what == what),
                    at,
                    what: what.to_owned(),
                    answers,
                }
            })
            .collect();
        found.sort_by_key(|difference| Reverse(difference.answers));
        Shapes {
            compared: *answers,
            differences: found,
        }
    }

    fn latency(&self) -> LatencyChange {
        let (recorded, replayed) = (&self.endpoint.took, &self.endpoint.clocks.service);
        let ratio = |quantile| match at(recorded, quantile) {
            0 => 0.0,
            before => (at(replayed, quantile) as f64 / before as f64 * 1e3).round() / 1e3,
        };
        LatencyChange {
            recorded_p50: at(recorded, 0.5),
            recorded_p95: at(recorded, 0.95),
            replayed_p50: at(replayed, 0.5),
            replayed_p95: at(replayed, 0.95),
            ratio_p50: ratio(0.5),
            ratio_p95: ratio(0.95),
            noise_ratio_p50: self.noise.map(|noise| noise.latency.ratio_p50),
        }
    }
}

fn links(planned: &Planned, links: &record::Links) -> Links {
    let mut unresolved: Vec<_> = links
        .missing
        .iter()
        .map(|(missing, &places)| Unresolved {
            cause: missing.cause.name().to_owned(),
            from: missing
                .route
                .and_then(|route| planned.routes.get(route as usize).cloned()),
            places,
        })
        .collect();
    unresolved.sort_by_key(|unresolved| Reverse(unresolved.places));
    Links {
        places: links.places,
        other_item: links.wrapped,
        unresolved,
    }
}

fn status(status: Option<u16>) -> String {
    status.map_or_else(|| "error".to_owned(), |status| status.to_string())
}
