//! Whether numbers that follow each other go up or down, and by how much.
//!
//! Pure. Both are made of signs and medians, which outliers change little.

use crate::normal;

/// The slope of Theil and Sen: the median of the slopes between any two points; 0 where no two
/// points have different places.
pub(crate) fn theil_sen(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<_> = pairs(points)
        .filter(|((x1, _), (x2, _))| x1 < x2 || x2 < x1)
        .map(|((x1, y1), (x2, y2))| (y2 - y1) / (x2 - x1))
        .collect();
    median(&mut slopes)
}

/// How probable a trend such as that of the values is where there is none, upward or downward
/// (Mann 1945, Kendall 1975): exact for few values that are all different, else by the normal
/// approximation with the correction for ties. The values are taken for independent.
pub(crate) fn mann_kendall(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let has_ties = sorted
        .windows(2)
        .any(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    if (3..=MOST_EXACT).contains(&values.len()) && !has_ties {
        exact(values.len(), score(values).abs())
    } else {
        approximate(values)
    }
}

fn approximate(values: &[f64]) -> f64 {
    two_sided(score(values), variance(values))
}

/// The same of values that may depend on the one before them, as those of a busy target do: then
/// fewer of them count (Hamed and Rao 1998), by how much is told by the ranks of what remains
/// without the trend. Their first autocorrelation stands for all (Yue and Wang 2004), and is rid of
/// its bias: with few values the others are mostly noise.
pub(crate) fn mann_kendall_dependent(values: &[f64]) -> f64 {
    let widened = variance(values) * dependence(values);
    two_sided(score(values), widened)
}

/// The median, or 0 of nothing; puts what it is given into another order.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let (count, middle) = (values.len(), values.len() / 2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if count % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

/// The share of all orders of so many values whose score is as far from 0. An order's score is
/// the number of its pairs less twice that of its inversions.
fn exact(count: usize, score: f64) -> f64 {
    // How many orders have so many inversions, one more value at a time (Mahonian numbers).
    let mut orders = vec![1.0];
    for value in 1..count {
        let mut more = vec![0.0; orders.len() + value];
        for (inversions, number) in orders.iter().enumerate() {
            for inversion in &mut more[inversions..=inversions + value] {
                *inversion += number;
            }
        }
        orders = more;
    }
    let pairs = orders.len() as f64 - 1.0;
    let extreme = (0..).map(f64::from).zip(&orders).filter(|(inversions, _)| {
        let of_order = (pairs - 2.0 * inversions).abs();
        of_order >= score
    });
    extreme.map(|(_, number)| number).sum::<f64>() / orders.iter().sum::<f64>()
}

/// Pairs that go up less those that go down.
fn score(values: &[f64]) -> f64 {
    pairs(values)
        .map(|(earlier, later)| f64::from(later.total_cmp(earlier) as i8))
        .sum()
}

/// The variance of the score of independent values.
fn variance(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let part = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0) / 18.0
    };
    let ties = sorted.chunk_by(|one, other| one.total_cmp(other).is_eq());
    part(values.len()) - ties.map(|tied| part(tied.len())).sum::<f64>()
}

/// By how much dependence widens the variance of the score; never below 1.
fn dependence(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    if values.len() < FEWEST {
        return 1.0;
    }
    let points: Vec<_> = (0..).map(f64::from).zip(values.iter().copied()).collect();
    let slope = theil_sen(&points);
    let rests: Vec<_> = points.iter().map(|(x, y)| y - slope * x).collect();
    let seen = autocorrelation(&ranks(&rests));
    let first = ((count * seen + 2.0) / (count - 4.0)).clamp(0.0, MOST_DEPENDENT);
    let mut power = 1.0;
    let sum: f64 = (1..values.len().saturating_sub(2))
        .map(|lag| {
            power *= first;
            let left = count - lag as f64;
            left * (left - 1.0) * (left - 2.0) * power
        })
        .sum();
    1.0 + 2.0 / (count * (count - 1.0) * (count - 2.0)) * sum
}

/// The place of each value among all, the mean of places where some are equal.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + equal as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

/// How much each value tells of the next one, from -1 to 1.
fn autocorrelation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let together = values.windows(2);
    let together: f64 = together
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

/// The probability of such a score, or a greater one, either way, as of a normal distribution.
fn two_sided(score: f64, variance: f64) -> f64 {
    // Scores are whole numbers, two apart: half of that is the correction for continuity.
    let beyond = (score.abs() - 1.0).max(0.0);
    if variance > 0.0 {
        (2.0 * normal::above(beyond / variance.sqrt())).min(1.0)
    } else {
        1.0
    }
}

fn pairs<T>(values: &[T]) -> impl Iterator<Item = (&T, &T)> {
    let each = values.iter().enumerate();
    each.flat_map(|(place, earlier)| {
        values[place + 1..]
            .iter()
            .map(move |later| (earlier, later))
    })
}

/// Up to so many values their orders are counted.
const MOST_EXACT: usize = 40;
/// Fewer values do not tell how they depend on each other.
const FEWEST: usize = 8;
/// More than that can't be told from a trend.
const MOST_DEPENDENT: f64 = 0.95;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn points(values: &[f64]) -> Vec<(f64, f64)> {
        (0..).map(f64::from).zip(values.iter().copied()).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        let error = (found / expected - 1.0).abs();
        assert!(error < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn the_slope_ignores_outliers() {
        let mut values: Vec<f64> = (0..20).map(|x| 3.0 + 0.5 * f64::from(x)).collect();
        values[4] = 1e9;
        values[17] = -1e9;
        near(theil_sen(&points(&values)), 0.5);
        assert_eq!(theil_sen(&[]), 0.0);
        assert_eq!(theil_sen(&[(1.0, 1.0), (1.0, 2.0)]), 0.0);
    }

    /// By the textbook: S = 45, variance 125, z = 44/√125.
    #[test]
    fn ten_values_that_only_grow_are_hardly_chance() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        near(approximate(&values), 8.303_070_332_638_9e-5);
        let falling: Vec<f64> = values.iter().map(|value| -value).collect();
        near(approximate(&falling), 8.303_070_332_638_9e-5);
    }

    /// Of 10 pairs 8 go up; the variance is 50/3, less 1 for each of two pairs of equals.
    #[test]
    fn ties_narrow_the_variance() {
        let values = [1.0, 1.0, 2.0, 2.0, 3.0];
        assert_eq!(score(&values), 8.0);
        near(variance(&values), 44.0 / 3.0);
        assert_eq!(mann_kendall(&[5.0; 9]), 1.0);
        assert_eq!(mann_kendall(&[]), 1.0);
    }

    /// Of 24 orders of four values one only rises, and one only falls.
    #[test]
    fn few_values_are_counted() {
        near(mann_kendall(&[1.0, 2.0, 3.0, 4.0]), 2.0 / 24.0);
        near(mann_kendall(&[1.0, 2.0, 4.0, 3.0]), 8.0 / 24.0);
        assert_eq!(mann_kendall(&[1.0, 2.0]), 1.0);
    }

    /// Values of which each keeps `kept` of the one before it.
    fn noise(random: &mut StdRng, count: usize, kept: f64) -> Vec<f64> {
        let mut last = 0.0;
        let mut next = || {
            let fresh: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            last = kept * last + (1.0 - kept * kept).sqrt() * fresh;
            last
        };
        let _settled: Vec<f64> = (0..50).map(|_| next()).collect();
        (0..count).map(|_| next()).collect()
    }

    fn alarms(of: fn(&[f64]) -> f64, count: usize, kept: f64) -> f64 {
        let mut random = StdRng::seed_from_u64(11);
        let rounds = 400;
        let alarms = (0..rounds).filter(|_| of(&noise(&mut random, count, kept)) < 0.01);
        alarms.count() as f64 / f64::from(rounds)
    }

    #[test]
    fn independent_noise_seldom_looks_like_a_trend() {
        for count in [12, 24, 60] {
            for test in [mann_kendall, mann_kendall_dependent] {
                let share = alarms(test, count, 0.0);
                assert!(share <= 0.018, "{count}: {share}");
            }
        }
    }

    /// The test for independent values takes waves for a trend in up to a third of all cases.
    #[test]
    fn dependent_noise_seldom_looks_like_a_trend_once_that_is_corrected() {
        assert!(alarms(mann_kendall, 60, 0.8) > 0.25);
        for (count, kept) in [(12, 0.5), (24, 0.5), (24, 0.8), (60, 0.5), (60, 0.8)] {
            let share = alarms(mann_kendall_dependent, count, kept);
            assert!(share <= 0.075, "{count}, {kept}: {share}");
        }
    }

    proptest! {
        #[test]
        fn slopes_and_probabilities_follow_the_values(
            values in prop::collection::vec(0_u32..100_000, 0..40),
            factor in 1_u32..1_000,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let factor = f64::from(factor);
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            let (slope, steeper) = (theil_sen(&points(&values)), theil_sen(&points(&scaled)));
            prop_assert!((slope * factor - steeper).abs() <= 1e-9 * steeper.abs());
            for test in [mann_kendall, mann_kendall_dependent] {
                let probability = test(&values);
                prop_assert!((0.0..=1.0).contains(&probability));
            }
            prop_assert_eq!(mann_kendall(&values), mann_kendall(&scaled));
            prop_assert!(mann_kendall_dependent(&values) >= approximate(&values));
            let reversed: Vec<f64> = values.iter().rev().copied().collect();
            prop_assert!((mann_kendall(&reversed) - mann_kendall(&values)).abs() < 1e-12);
        }
    }
}
