//! Runs against a baseline, metric by metric: all requests first, then by route.
//!
//! Pure. Something regressed that is worse by more than is allowed, and by more than noise:
//! - a duration or rate by more than that share of what it was;
//! - a share (of requests that failed, of checks, of equal statuses) if what is bad of it grew by
//!   more than that share of what it was, and by 0.1 percentage points or more.
//!
//! A band is the widest of two. One is what the samples say: that of the quantile or share in all
//! runs of a side together. The other is what the runs say: with three or more on each side the
//! interval of Hodges and Lehmann's estimate, with fewer all that is between any two of them. As
//! there are many routes, one of them is soon far off by chance: what samples say has for all their
//! rows together the confidence that it has for one row of all requests.

use crate::quantile::Risk;
use crate::summary::{Change, Compared, Comparison, Unit};

use super::band::{self, About, Band};
use super::durations::Durations;
use super::measured::{Clock, Figures, Measured, Share};
use super::notes;
use super::pairs::{self, Pair};

/// How the numbers of these runs differ from those of the baseline's.
pub(crate) fn against(baseline: &[Measured], runs: &[Measured], max_regression: f64) -> Comparison {
    let judge = Judge {
        clock: Clock::of_all(baseline.iter().chain(runs)),
        max_regression,
        rates_count: notes::are_loads_alike(baseline, runs),
    };
    let (routes, left_out) = pairs::by_route(baseline, runs);
    let rows: Vec<_> = [pairs::of_all(baseline, runs)]
        .iter()
        .chain(&routes)
        .flat_map(|pair| judge.rows(pair))
        .collect();
    Comparison {
        baseline: baseline.iter().map(|run| run.name.clone()).collect(),
        runs: runs.iter().map(|run| run.name.clone()).collect(),
        max_regression,
        verdict: together(&rows),
        notes: notes::of(baseline, runs, &left_out),
        rows,
    }
}

/// What is compared, and how it is judged.
struct Judge {
    clock: Clock,
    max_regression: f64,
    rates_count: bool,
}

impl Judge {
    fn rows(&self, pair: &Pair<'_>) -> Vec<Compared> {
        let quantiles = QUANTILES.map(|(name, quantile)| self.durations(pair, name, quantile));
        let others = [
            self.share(pair, "failed requests", |figures| figures.failed),
            self.rate(pair),
            self.share(pair, "checks passed", |figures| figures.failed_checks)
                .map(as_what_is_good),
            self.share(pair, "equal statuses", |figures| figures.other_statuses)
                .map(as_what_is_good),
        ];
        quantiles.into_iter().chain(others).flatten().collect()
    }

    fn durations(&self, pair: &Pair<'_>, name: &str, quantile: f64) -> Option<Compared> {
        let (before, after) = (
            valued(&pair.before, self.clock, quantile),
            valued(&pair.after, self.clock, quantile),
        );
        let samples = about(&before, quantile, pair.risk).zip(about(&after, quantile, pair.risk));
        let samples = samples.map(|(before, after)| band::of_durations(before, after));
        if pair.route.is_some() && samples.is_none() {
            return None;
        }
        let micros = |side: &[(f64, &Durations)]| side.iter().map(|&(micros, _)| micros).collect();
        let sides = Sides {
            before: micros(&before),
            after: micros(&after),
        };
        let (before, after) = sides.medians()?;
        let known = sides.before.iter().all(|&micros| micros > 0.0);
        let pairs = sides.pairs(|before, after| after / before.max(1.0) - 1.0);
        let change = band::estimate(&pairs).filter(|_| known);
        let band = sides.band(&pairs, samples).filter(|_| known);
        Some(Compared {
            route: pair.route.map(str::to_owned),
            metric: format!("{} {name}", self.clock.name()),
            unit: Unit::Milliseconds,
            before: before / 1e3,
            after: after / 1e3,
            change,
            band,
            verdict: verdict(change, band, self.max_regression),
        })
    }

    fn rate(&self, pair: &Pair<'_>) -> Option<Compared> {
        let rates = |side: &[&Figures]| side.iter().filter_map(|it| it.rate).collect();
        let sides = Sides {
            before: rates(&pair.before),
            after: rates(&pair.after),
        };
        let (before, after) = sides.medians()?;
        let requests = |side: &[&Figures]| side.iter().map(|it| it.requests).sum();
        let counts: [u64; 2] = [requests(&pair.before), requests(&pair.after)];
        let known = sides
            .before
            .iter()
            .chain(&sides.after)
            .all(|&rate| rate > 0.0);
        let samples = (known && counts.iter().all(|&count| count > 0))
            .then(|| band::of_rates([before, after], counts, pair.risk));
        let pairs = sides.pairs(|before, after| after / before - 1.0);
        let change = band::estimate(&pairs).filter(|_| known);
        let band = sides.band(&pairs, samples).filter(|_| known);
        // More is better.
        let (worse, within) = (
            change.map(|change| -change),
            band.map(|[low, high]| [-high, -low]),
        );
        Some(Compared {
            route: pair.route.map(str::to_owned),
            metric: "rate".to_owned(),
            unit: Unit::PerSecond,
            before,
            after,
            change,
            band,
            verdict: match self.rates_count {
                true => verdict(worse, within, self.max_regression),
                false => Change::Unchanged,
            },
        })
    }

    fn share(
        &self,
        pair: &Pair<'_>,
        name: &str,
        of: impl Fn(&Figures) -> Option<Share>,
    ) -> Option<Compared> {
        let shares =
            |side: &[&Figures]| -> Vec<Share> { side.iter().filter_map(|it| of(it)).collect() };
        let (before, after) = (shares(&pair.before), shares(&pair.after));
        let values = |side: &[Share]| side.iter().map(|share| share.value()).collect();
        let sides = Sides {
            before: values(&before),
            after: values(&after),
        };
        let (median_before, median_after) = sides.medians()?;
        let samples = Some(band::of_shares(sum(&before), sum(&after), pair.risk));
        let pairs = sides.pairs(|before, after| after - before);
        let change = band::estimate(&pairs);
        let band = sides.band(&pairs, samples);
        let allowed = (self.max_regression * median_before).max(LEAST_POINTS);
        Some(Compared {
            route: pair.route.map(str::to_owned),
            metric: name.to_owned(),
            unit: Unit::Share,
            before: median_before,
            after: median_after,
            change,
            band,
            verdict: verdict(change, band, allowed),
        })
    }
}

/// A share of what is bad, with the share of what is good in its place.
fn as_what_is_good(row: Compared) -> Compared {
    Compared {
        before: 1.0 - row.before,
        after: 1.0 - row.after,
        change: row.change.map(|change| 0.0 - change),
        band: row.band.map(|[low, high]| [0.0 - high, 0.0 - low]),
        ..row
    }
}

/// What to make of a change for the worse, or of one for the better below 0.
fn verdict(change: Option<f64>, band: Option<Band>, allowed: f64) -> Change {
    // What is worse by 10 % is not worse by more than that, however it is rounded.
    let allowed = allowed + 1e-9;
    match change.zip(band) {
        Some((change, [low, _])) if change > allowed && low > 0.0 => Change::Regressed,
        Some((change, [_, high])) if change < -allowed && high < 0.0 => Change::Improved,
        _ => Change::Unchanged,
    }
}

/// A value of each run.
struct Sides {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Sides {
    fn medians(&self) -> Option<(f64, f64)> {
        Some((band::estimate(&self.before)?, band::estimate(&self.after)?))
    }

    fn pairs(&self, change: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let change = &change;
        let pairs = self.before.iter().flat_map(|&before| {
            let after = self.after.iter();
            after.map(move |&after| change(before, after))
        });
        pairs.collect()
    }

    /// What runs and samples say together. That runs are apart by chance is seen from three on.
    fn band(&self, pairs: &[f64], samples: Option<Band>) -> Option<Band> {
        let (before, after) = (self.before.len(), self.after.len());
        if before.min(after) < ENOUGH_RUNS {
            return Some(band::widest(band::range(pairs)?, samples?));
        }
        let (runs, _) = band::between_runs(pairs, before, after, Risk::ONE_IN_20)?;
        Some(samples.map_or(runs, |samples| band::widest(runs, samples)))
    }
}

/// The quantile of each run that has one, with what it is of.
fn valued<'a>(side: &[&'a Figures], clock: Clock, quantile: f64) -> Vec<(f64, &'a Durations)> {
    let durations = side.iter().filter_map(|figures| figures.durations(clock));
    let valued = durations.filter_map(|it| Some((it.value(quantile)?, it)));
    valued.collect()
}

/// The quantile of all runs of a side: of their histograms together, else all that any tells.
fn about(side: &[(f64, &Durations)], quantile: f64, risk: Risk) -> Option<About> {
    let durations: Vec<_> = side.iter().map(|&(_, durations)| durations).collect();
    if let Some(all) = Durations::together(&durations) {
        return Some(About {
            value: all.value(quantile)?,
            within: all.interval(quantile, risk)?,
        });
    }
    let values: Vec<_> = side.iter().map(|&(value, _)| value).collect();
    let mut within = durations.iter().map(|it| it.interval(quantile, risk));
    let first = within.next()??;
    let within = within.try_fold(first, |all, next| Some(band::widest(all, next?)))?;
    Some(About {
        value: band::estimate(&values)?,
        within,
    })
}

fn sum(shares: &[Share]) -> Share {
    Share {
        part: shares.iter().map(|share| share.part).sum(),
        of: shares.iter().map(|share| share.of).sum(),
    }
}

/// All rows in one word.
fn together(rows: &[Compared]) -> Change {
    let any = |verdict| rows.iter().any(|row| row.verdict == verdict);
    match (any(Change::Improved), any(Change::Regressed)) {
        (true, true) => Change::Mixed,
        (true, false) => Change::Improved,
        (false, true) => Change::Regressed,
        (false, false) => Change::Unchanged,
    }
}

const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];
/// By less than this a share neither regresses nor improves: 0.1 percentage points.
const LEAST_POINTS: f64 = 0.001;
/// From so many runs on, how they differ says how much of a change is noise.
pub(super) const ENOUGH_RUNS: usize = 3;

#[cfg(test)]
mod tests;
