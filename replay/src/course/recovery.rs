//! How a target comes back after a peak: when its answers are as they were before, and stay so.

use crate::stats::median;
use crate::summary::Second;

use super::answers;
use super::smooth::{around, weighted_median};

/// How it came back.
pub(super) struct Recovery {
    /// The second of those after the peak from which on answers were as before.
    pub(super) back: Option<usize>,
    /// The share of seconds from then on in which they were; of all after the peak without that.
    pub(super) share: f64,
}

impl Recovery {
    /// What the seconds before a peak and those after it tell.
    pub(super) fn of(before: &[Second], after: &[Second]) -> Self {
        let usual = Usual::of(&Smooth::all(before));
        let after = Smooth::all(after);
        let good: Vec<_> = after.iter().map(|second| usual.covers(second)).collect();
        let back = back(&good);
        let rest = &good[back.unwrap_or(0)..];
        Self {
            back: back.map(|back| after[back].place),
            share: share(rest),
        }
    }
}

/// Where what came before was mostly not as usual and what follows mostly is: the split at which the
/// fewest seconds are on the wrong side.
fn back(good: &[bool]) -> Option<usize> {
    let (mut best, mut sum) = ((0, None), 0);
    for (place, is_good) in good.iter().enumerate().rev() {
        sum += if *is_good { 1 } else { -1 };
        if sum > best.0 {
            best = (sum, Some(place));
        }
    }
    let back = best.1?;
    let rest = &good[back..];
    (rest.len() >= LASTS && share(rest) >= STAYS).then_some(back)
}

fn share(good: &[bool]) -> f64 {
    let count = good.iter().filter(|is_good| **is_good).count();
    count as f64 / good.len().max(1) as f64
}

/// A second with answers, and what is around it.
struct Smooth {
    /// Its place among all seconds.
    place: usize,
    p95: u64,
    answers: u64,
    failed: u64,
}

impl Smooth {
    fn all(seconds: &[Second]) -> Vec<Self> {
        let seconds = seconds.iter().enumerate();
        let seconds: Vec<_> = seconds.filter(|(_, second)| answers(second) > 0).collect();
        let around = around(seconds.len(), WIDTH);
        let smooth = seconds.iter().zip(around).map(|(&(place, _), range)| {
            let few = || seconds[range.clone()].iter().map(|(_, second)| *second);
            let mut values: Vec<_> = few().map(|second| (second.p95, answers(second))).collect();
            Self {
                place,
                p95: weighted_median(&mut values),
                answers: few().map(answers).sum(),
                failed: few().map(|second| second.failed).sum(),
            }
        });
        smooth.collect()
    }
}

/// How answers are without a peak.
struct Usual {
    /// No second's 95th percentile is above this.
    p95: f64,
    /// The share that fails.
    failed: f64,
}

impl Usual {
    fn of(seconds: &[Smooth]) -> Self {
        let mut values: Vec<_> = seconds.iter().map(|second| second.p95 as f64).collect();
        let middle = median(&mut values);
        let mut away: Vec<_> = values.iter().map(|value| (value - middle).abs()).collect();
        // What few answers scatter by chance is not the peak's doing.
        let scatter = DEVIATIONS * median(&mut away);
        let (failed, answers) = seconds.iter().fold((0, 0), |(failed, answers), second| {
            (failed + second.failed, answers + second.answers)
        });
        Self {
            p95: middle + scatter.max((SLOWER - 1.0) * middle + SLACK_US),
            failed: failed as f64 / answers.max(1) as f64,
        }
    }

    /// Whether a second is as usual: as quick, and with no more failures, one and chance apart.
    fn covers(&self, second: &Smooth) -> bool {
        let answers = second.answers as f64;
        let expected = self.failed * answers;
        let chance = 2.0 * expected.sqrt() + (answers / 100.0).max(1.0);
        second.p95 as f64 <= self.p95 && second.failed as f64 <= SLOWER * expected + chance
    }
}

/// Seconds with answers that are looked at together.
const WIDTH: usize = 5;
/// As before is up to so many times what it was…
const SLOWER: f64 = 1.2;
/// …and so many microseconds more…
const SLACK_US: f64 = 5_000.0;
/// …or what is within three standard deviations of it, told by the median of all deviations.
const DEVIATIONS: f64 = 3.0 * 1.4826;
/// Fewer seconds don't show that answers stay as they were.
const LASTS: usize = 5;
/// The share of seconds in which they have to be.
const STAYS: f64 = 0.8;
