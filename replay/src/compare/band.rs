//! Between which changes the true one is.
//!
//! Pure. Within a run from its samples, as if these were independent; between runs from how they
//! differ. Nothing is asked of how durations are distributed.

use crate::quantile::Risk;

use super::measured::Share;

/// The lower and the upper end of what a change can be.
pub(super) type Band = [f64; 2];

/// The estimate after Hodges and Lehmann: the median of all pairs of a run before and one after.
pub(super) fn estimate(pairs: &[f64]) -> Option<f64> {
    let sorted = sorted(pairs);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => None,
        1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// From the lowest pair to the highest.
pub(super) fn range(pairs: &[f64]) -> Option<Band> {
    let sorted = sorted(pairs);
    Some([*sorted.first()?, *sorted.last()?])
}

/// The interval of that estimate, from the ranks of the pairs (Lehmann, Nonparametrics, §2.6), and
/// the confidence that it has: less than what is asked for where there are too few runs.
pub(super) fn between_runs(
    pairs: &[f64],
    before: usize,
    after: usize,
    risk: Risk,
) -> Option<(Band, f64)> {
    let sorted = sorted(pairs);
    if sorted.is_empty() || sorted.len() != before * after {
        return None;
    }
    let chances = rank_sums(before, after);
    // The chance that the true one is below the lowest pairs, of how many is to be found.
    let mut below = chances[0];
    let mut rank = 0;
    while rank + 1 < sorted.len() / 2 && below + chances[rank + 1] <= risk.share / 2.0 {
        rank += 1;
        below += chances[rank];
    }
    let band = [sorted[rank], sorted[sorted.len() - 1 - rank]];
    Some((band, 1.0 - 2.0 * below))
}

/// The chances that so many pairs of a run before and one after are in order, where nothing
/// changed: those of Mann and Whitney's U.
fn rank_sums(before: usize, after: usize) -> Vec<f64> {
    // The product of (1 - x^(after + i)) / (1 - x^i) for i up to `before`, as a polynomial.
    let most = before * after;
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for step in 1..=before {
        for at in (after + step..=most).rev() {
            ways[at] -= ways[at - after - step];
        }
        for at in step..=most {
            ways[at] += ways[at - step];
        }
    }
    let all: f64 = ways.iter().sum();
    ways.iter().map(|ways| ways / all).collect()
}

/// A number that is about so much, at least and at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// The estimate.
    pub(super) value: f64,
    /// Between which two the true one is.
    pub(super) within: Band,
}

/// The change of a duration, as a ratio less 1: each side's distance from its estimate counts as
/// far as it goes in that direction (Zou and Donner, Statistics in Medicine 27, 2008).
pub(super) fn of_durations(before: About, after: About) -> Band {
    // What is shorter than a microsecond is told as 0.
    let ln = |value: f64| value.max(1.0).ln();
    let ends = |about: About| (ln(about.within[0]), ln(about.value), ln(about.within[1]));
    let (before_low, before, before_high) = ends(before);
    let (after_low, after, after_high) = ends(after);
    let down = (after - after_low).hypot(before_high - before);
    let up = (after_high - after).hypot(before - before_low);
    [after - before - down, after - before + up].map(f64::exp_m1)
}

/// The change of a share, after less before, from the score intervals of both (Newcombe, Statistics
/// in Medicine 17, 1998).
pub(super) fn of_shares(before: Share, after: Share, risk: Risk) -> Band {
    let [before, after] = [before, after].map(|share| wilson(share, risk));
    let down = (after.value - after.within[0]).hypot(before.within[1] - before.value);
    let up = (after.within[1] - after.value).hypot(before.value - before.within[0]);
    let change = after.value - before.value;
    [(change - down).max(-1.0), (change + up).min(1.0)]
}

fn wilson(share: Share, risk: Risk) -> About {
    let (of, value) = (share.of as f64, share.value());
    let squared = risk.deviations * risk.deviations;
    let middle = (value + squared / (2.0 * of)) / (1.0 + squared / of);
    let spread = value * (1.0 - value) / of + squared / (4.0 * of * of);
    let half = risk.deviations * spread.sqrt() / (1.0 + squared / of);
    About {
        value,
        within: [
            (middle - half).clamp(0.0, value),
            (middle + half).clamp(value, 1.0),
        ],
    }
}

/// The change of a rate, as a ratio less 1, as if requests came by chance: more than what they
/// vary by when a plan sends them.
pub(super) fn of_rates(rates: [f64; 2], counts: [u64; 2], risk: Risk) -> Band {
    let spread = counts.map(|count| (count as f64).recip());
    let spread = (spread[0] + spread[1]).sqrt();
    let change = (rates[1] / rates[0]).ln();
    let half = risk.deviations * spread;
    [change - half, change + half].map(f64::exp_m1)
}

/// All that either holds.
pub(super) fn widest(one: Band, other: Band) -> Band {
    [one[0].min(other[0]), one[1].max(other[1])]
}

fn sorted(pairs: &[f64]) -> Vec<f64> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    #[test]
    fn ranks_of_few_runs_are_as_tabulated() {
        let confidence = |before, after| {
            let pairs: Vec<f64> = (0..before * after).map(|at| at as f64).collect();
            let ([low, high], confidence) =
                between_runs(&pairs, before, after, Risk::ONE_IN_20).unwrap();
            (low, high, (confidence * 1e4).round() / 1e4)
        };
        // Of 20 orders of three and three, one on each side is the most extreme.
        assert_eq!(confidence(3, 3), (0.0, 8.0, 0.9));
        assert_eq!(confidence(4, 4), (0.0, 15.0, 0.9714));
        // U of 2 or less has a chance of 0.0159 with five and five, of 3 or less one of 0.0278.
        assert_eq!(confidence(5, 5), (2.0, 22.0, 0.9683));
        assert_eq!(between_runs(&[], 0, 3, Risk::ONE_IN_20), None);
    }

    /// Runs of which each differs by chance: the band has the true change as often as it says.
    #[test]
    fn a_band_between_runs_has_the_change() {
        let mut random = StdRng::seed_from_u64(11);
        let mut run = |scale: f64| scale * (1.0 + random.random::<f64>().powi(3));
        for (before, after) in [(4, 4), (5, 7), (12, 12)] {
            let rounds = 2_000;
            let within = (0..rounds).filter(|_| {
                let first: Vec<f64> = (0..before).map(|_| run(1.0)).collect();
                let second: Vec<f64> = (0..after).map(|_| run(1.0)).collect();
                let pairs: Vec<f64> = first
                    .iter()
                    .flat_map(|first| second.iter().map(move |second| second - first))
                    .collect();
                let ([low, high], confidence) =
                    between_runs(&pairs, before, after, Risk::ONE_IN_20).unwrap();
                assert!(confidence >= 0.95);
                low <= 0.0 && 0.0 <= high
            });
            let share = within.count() as f64 / f64::from(rounds);
            assert!(share > 0.94, "{before} and {after}: {share}");
        }
    }

    #[test]
    fn an_estimate_is_in_the_middle() {
        assert_eq!(estimate(&[]), None);
        assert_eq!(estimate(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(estimate(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(range(&[2.0, 1.0, 3.0]), Some([1.0, 3.0]));
    }

    /// Newcombe's own example: 56 of 70 and 48 of 80.
    #[test]
    fn shares_have_the_published_interval() {
        let share = |part, of| Share { part, of };
        let [low, high] = of_shares(share(48, 80), share(56, 70), Risk::ONE_IN_20);
        assert!((low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4);
        let [low, high] = of_shares(share(0, 10), share(0, 20), Risk::ONE_IN_20);
        assert!((low + 0.2775).abs() < 1e-4 && (high - 0.1611).abs() < 1e-4);
    }

    #[test]
    fn durations_and_rates_are_compared_as_ratios() {
        let about = |value: f64, low, high| About {
            value,
            within: [low, high],
        };
        let [low, high] = of_durations(about(100.0, 100.0, 100.0), about(120.0, 110.0, 130.0));
        assert!((low - 0.1).abs() < 1e-9 && (high - 0.3).abs() < 1e-9);
        let nothing = of_durations(about(0.0, 0.0, 0.0), about(0.0, 0.0, 1.0));
        assert_eq!(nothing, [0.0, 0.0]);
        let [low, high] = of_rates([100.0; 2], [10_000; 2], Risk::ONE_IN_20);
        assert!((high - 0.0281).abs() < 1e-4 && (low + 0.0273).abs() < 1e-4);
        assert_eq!(widest([-1.0, 2.0], [0.0, 3.0]), [-1.0, 3.0]);
    }
}
