//! What is found of runs that are alike, and of runs that are not.

use std::collections::BTreeSet;

use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::super::measured::Tool;
use super::*;
use crate::report::sample::{judged, summary};
use crate::summary::{Status, Summary};

/// Made-up runs: durations that are spread as those of servers are.
struct Made {
    random: StdRng,
    /// What they are like apart from their figures.
    sample: Measured,
}

/// How a made-up run is.
#[derive(Clone, Copy)]
struct Like {
    /// Requests of each route.
    requests: u32,
    routes: u32,
    /// By what all durations are multiplied.
    slower: f64,
    /// How much a run differs from another by chance.
    unsteady: f64,
    /// The share of requests that fail.
    failing: f64,
}

const LIKE: Like = Like {
    requests: 2_000,
    routes: 0,
    slower: 1.0,
    unsteady: 0.0,
    failing: 0.01,
};

impl Made {
    fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            sample: Measured::from_summary(&summary()).unwrap(),
        }
    }

    fn run(&mut self, like: Like) -> Measured {
        let run = 1.0 + like.unsteady * (2.0 * self.random.random::<f64>() - 1.0);
        let like = Like {
            slower: like.slower * run,
            ..like
        };
        let routes = (0..like.routes).map(|route| (format!("GET /{route}"), self.figures(like)));
        Measured {
            routes: routes.collect(),
            all: self.figures(like),
            ..self.sample.clone()
        }
    }

    fn runs<const N: usize>(&mut self, like: Like) -> [Measured; N] {
        std::array::from_fn(|_| self.run(like))
    }

    fn figures(&mut self, like: Like) -> Figures {
        // As of routes.
        let mut micros = Histogram::new(2).unwrap();
        let mut part = 0;
        for _ in 0..like.requests {
            // Log-logistic: skewed, with a long tail.
            let even: f64 = self.random.random_range(1e-6..1.0 - 1e-6);
            let duration = 8_000.0 * like.slower * (even / (1.0 - even)).powf(0.3);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small"
            )]
            micros.record(duration as u64).unwrap();
            part += u64::from(self.random.random::<f64>() < like.failing);
        }
        let of = u64::from(like.requests);
        Figures {
            requests: of,
            response: Some(Durations::Histogram(Box::new(micros))),
            failed: Some(Share { part, of }),
            rate: Some(100.0),
            ..Figures::default()
        }
    }
}

/// How many of so many comparisons are judged so.
fn judged_so(rounds: u32, verdicts: &[Change], mut compared: impl FnMut() -> Comparison) -> f64 {
    let so = (0..rounds).filter(|_| verdicts.contains(&compared().verdict));
    so.count() as f64 / f64::from(rounds)
}

const WORSE: &[Change] = &[Change::Regressed, Change::Mixed];

fn row<'a>(comparison: &'a Comparison, metric: &str) -> &'a Compared {
    let mut rows = comparison.rows.iter();
    rows.find(|row| row.metric == metric && row.route.is_none())
        .unwrap_or_else(|| panic!("no {metric}"))
}

/// Even where next to nothing is allowed, one run and another of the same target differ by noise.
#[test]
fn runs_that_are_alike_rarely_regress() {
    let mut made = Made::new(1);
    for requests in [100, 400, 1_000] {
        let like = Like { requests, ..LIKE };
        let worse = judged_so(150, WORSE, || {
            against(&[made.run(like)], &[made.run(like)], 0.01)
        });
        // Three quantiles and a share, each with a chance of 2.5 %.
        assert!(worse <= 0.1, "{requests}: {worse}");
    }
}

/// However many routes there are, one of them is not soon off by chance.
#[test]
fn many_routes_that_are_alike_rarely_regress() {
    let mut made = Made::new(2);
    let like = Like {
        requests: 300,
        routes: 25,
        failing: 0.05,
        ..LIKE
    };
    let worse = judged_so(40, WORSE, || {
        against(&[made.run(like)], &[made.run(like)], 0.1)
    });
    assert!(worse <= 0.15, "{worse}");
    let worse = judged_so(15, WORSE, || {
        let [before, after] = [made.runs::<3>(like), made.runs::<3>(like)];
        against(&before, &after, 0.1)
    });
    assert!(worse <= 0.15, "{worse}");
}

#[test]
fn a_run_that_is_a_fifth_slower_regresses() {
    let mut made = Made::new(3);
    let slower = Like {
        slower: 1.2,
        ..LIKE
    };
    let mut bands = 0_u32;
    let found = judged_so(100, WORSE, || {
        let comparison = against(&[made.run(LIKE)], &[made.run(slower)], 0.1);
        let p50 = row(&comparison, "response p50");
        let [low, high] = p50.band.unwrap();
        bands += u32::from(low <= 0.2 && 0.2 <= high);
        comparison
    });
    assert!(found >= 0.99, "{found}");
    assert!((88..=99).contains(&bands), "{bands} of 100 bands have it");
    let better = against(&[made.run(slower)], &[made.run(LIKE)], 0.1);
    assert_eq!(better.verdict, Change::Improved);
}

/// One slow route among many is found although the whole is nearly as before.
#[test]
fn a_route_that_is_slower_is_named() {
    let mut made = Made::new(4);
    let like = Like {
        requests: 500,
        routes: 20,
        ..LIKE
    };
    let before = made.run(like);
    let mut after = made.run(like);
    let slower = Like {
        slower: 1.4,
        ..like
    };
    let route = after.routes.get_mut("GET /7").unwrap();
    *route = made.figures(slower);
    let comparison = against(&[before], &[after], 0.1);
    let worse = comparison
        .rows
        .iter()
        .filter(|row| row.verdict == Change::Regressed);
    let worse: BTreeSet<_> = worse.map(|row| row.route.as_deref()).collect();
    assert_eq!(worse, BTreeSet::from([Some("GET /7")]));
}

/// Runs that each differ by up to 15 %: two of them say nothing, several tell.
#[test]
fn several_runs_tell_noise_from_change() {
    let mut made = Made::new(5);
    let like = Like {
        requests: 1_000,
        unsteady: 0.15,
        ..LIKE
    };
    let slower = Like {
        slower: 1.4,
        ..like
    };
    let alone = judged_so(60, WORSE, || {
        against(&[made.run(like)], &[made.run(like)], 0.05)
    });
    let alike = judged_so(60, WORSE, || {
        let [before, after] = [made.runs::<5>(like), made.runs::<5>(like)];
        against(&before, &after, 0.05)
    });
    assert!(
        alike <= 0.1 && alike < alone / 2.0,
        "{alike}, alone {alone}"
    );
    let found = judged_so(40, WORSE, || {
        let [before, after] = [made.runs::<5>(like), made.runs::<5>(slower)];
        against(&before, &after, 0.1)
    });
    assert!(found >= 0.95, "{found}");
    // With two on a side a band is as wide as these are apart, and more.
    let [before, after] = [made.runs::<2>(like), made.runs::<2>(like)];
    let two = against(&before, &after, 0.1);
    let p50 = row(&two, "response p50");
    let sides = before.iter().flat_map(|before| {
        let of = |run: &Measured| run.all.response.as_ref().unwrap().value(0.5).unwrap();
        after.each_ref().map(|after| of(after) / of(before) - 1.0)
    });
    let [low, high] = p50.band.unwrap();
    assert!(sides.into_iter().all(|pair| low <= pair && pair <= high));
}

/// The rule of shares: by more than is allowed of what was bad, and by 0.1 points.
#[test]
fn shares_regress_by_what_is_bad_of_them() {
    let verdict = |before: (u64, u64), after: (u64, u64)| {
        let side = |(part, of)| {
            let mut run = Measured::from_summary(&summary()).unwrap();
            run.all.failed = Some(Share { part, of });
            run.all.failed_checks = run.all.failed;
            [run]
        };
        let comparison = against(&side(before), &side(after), 0.1);
        let checks = row(&comparison, "checks passed");
        let failed = row(&comparison, "failed requests");
        assert_eq!(checks.verdict, failed.verdict);
        assert!((failed.before + checks.before - 1.0).abs() < 1e-9);
        assert_eq!(failed.change, checks.change.map(|change| -change));
        failed.verdict
    };
    let of = 100_000;
    assert_eq!(verdict((0, of), (200, of)), Change::Regressed);
    assert_eq!(verdict((0, of), (90, of)), Change::Unchanged, "too little");
    assert_eq!(
        verdict((5_000, of), (5_400, of)),
        Change::Unchanged,
        "8 % more"
    );
    assert_eq!(verdict((5_000, of), (5_600, of)), Change::Regressed);
    assert_eq!(verdict((5_600, of), (5_000, of)), Change::Improved);
    assert_eq!(verdict((1, 100), (3, 100)), Change::Unchanged, "noise");
}

#[test]
fn a_summary_is_compared_with_itself_and_with_another_tool() {
    let ours = || {
        [Measured::from_summary(&judged())
            .unwrap()
            .named("ours".to_owned())]
    };
    let same = against(&ours(), &ours(), 0.1);
    assert_eq!(same.verdict, Change::Unchanged);
    let metrics: Vec<_> = same.rows.iter().map(|row| row.metric.as_str()).collect();
    insta::assert_snapshot!(metrics[..7].join("\n"));
    assert!(same.rows.iter().all(|row| row.change == Some(0.0)));
    let routes: BTreeSet<_> = same
        .rows
        .iter()
        .filter_map(|row| row.route.clone())
        .collect();
    assert_eq!(routes.len(), 3);

    let mut k6 = ours();
    k6[0].tool = Tool::K6;
    k6[0].name = "k6".to_owned();
    let other = against(&k6, &ours(), 0.1);
    assert!(other.rows.iter().any(|row| row.metric == "service p95"));
    assert!(
        other
            .rows
            .iter()
            .all(|row| !row.metric.starts_with("response"))
    );
    insta::assert_snapshot!(other.notes.join("\n"));
}

/// Of how many requests k6's percentiles are is not known, so that they are noise or not.
#[test]
fn routes_without_a_count_are_left_out() {
    let mut run = Measured::from_summary(&summary()).unwrap();
    run.tool = Tool::K6;
    run.routes.get_mut("GET /api/v1/people").unwrap().requests = 0;
    let run = [run];
    let comparison = against(&run, &run, 0.1);
    let routes = comparison
        .rows
        .iter()
        .filter_map(|row| row.route.as_deref());
    assert!(
        !routes
            .into_iter()
            .any(|route| route == "GET /api/v1/people")
    );
    let left = "1 route is not compared: it takes 10 requests on each side; k6 tells";
    let notes = comparison.notes.join("\n");
    assert!(notes.contains(left), "{notes}");
}

fn notes(change: impl Fn(&mut Summary)) -> String {
    let before = Measured::from_summary(&summary()).unwrap();
    let mut summary = summary();
    change(&mut summary);
    let after = Measured::from_summary(&summary).unwrap();
    let [before, after] =
        [(before, "a"), (after, "b")].map(|(run, name)| [run.named(name.to_owned())]);
    against(&before, &after, 0.1).notes.join("\n")
}

#[test]
fn what_makes_runs_hard_to_compare_is_said() {
    insta::assert_snapshot!(notes(|summary| {
        summary.settings.pace = "1x".to_owned();
        summary.settings.target = "http://127.0.0.1:9090".to_owned();
        summary.settings.limit = Some(100);
        summary.verdict.status = Status::Invalid;
        summary.verdict.reasons = vec!["the generator was late".to_owned()];
        summary.interrupted = true;
        summary.endpoints.remove(2);
        summary.endpoints[1].totals.sent = 3;
        summary.endpoints[1].route = "GET /new".to_owned();
    }));
    assert_eq!(notes(|_| {}).lines().count(), 1);
}

/// A rate says something of the target only where the same load was asked for.
#[test]
fn rates_are_judged_where_loads_are_alike() {
    let verdict = |pace: &str| {
        let before = Measured::from_summary(&summary()).unwrap();
        let mut after = summary();
        after.settings.pace = pace.to_owned();
        after.totals.rate /= 2.0;
        let after = Measured::from_summary(&after).unwrap();
        let comparison = against(&[before], &[after], 0.1);
        row(&comparison, "rate").verdict
    };
    assert_eq!(verdict("5x"), Change::Regressed);
    assert_eq!(verdict("1x"), Change::Unchanged);
}

#[test]
fn nothing_to_compare_is_no_number() {
    let mut empty = summary();
    empty.totals.sent = 0;
    empty.totals.failed = 0;
    empty.totals.rate = 0.0;
    empty.latency.response.hdr = {
        use base64::Engine as _;
        use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
        let none = Histogram::<u32>::new(3).unwrap();
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&none, &mut bytes)
            .unwrap();
        base64::prelude::BASE64_STANDARD.encode(bytes)
    };
    let empty = [Measured::from_summary(&empty).unwrap()];
    let full = [Measured::from_summary(&summary()).unwrap()];
    for comparison in [
        against(&empty, &full, 0.1),
        against(&full, &empty, 0.1),
        against(&empty, &empty, 0.1),
    ] {
        let json = serde_json::to_string(&comparison).unwrap();
        let read: Comparison = serde_json::from_str(&json).unwrap();
        assert_eq!(read.rows.len(), comparison.rows.len());
        let all = comparison.rows.iter().filter(|row| row.route.is_none());
        let all: Vec<_> = all.map(|row| row.metric.as_str()).collect();
        assert_eq!(all, ["rate", "equal statuses"]);
    }
}
