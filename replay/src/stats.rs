//! Whether values rise or fall: the slope of Theil and Sen, and how probable such a trend is by
//! chance, after Mann and Kendall.
//!
//! Pure. Neither asks how values are distributed, and single ones that stray move neither.

use std::cmp::Ordering;

use crate::normal;

/// The slope of a line through points of (x, y): the median of the slopes between any two of
/// different x; 0 where there are no such two.
pub(crate) fn theil_sen(points: &[(f64, f64)]) -> f64 {
    let pairs = points
        .iter()
        .enumerate()
        .flat_map(|(at, first)| points[at + 1..].iter().map(move |second| (first, second)));
    let mut slopes: Vec<_> = pairs
        .filter(|((x1, _), (x2, _))| x1 != x2)
        .map(|((x1, y1), (x2, y2))| (y2 - y1) / (x2 - x1))
        .collect();
    slopes.sort_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    match (slopes.len() % 2, slopes.as_slice()) {
        (_, []) => 0.0,
        (1, slopes) => slopes[middle],
        (_, slopes) => f64::midpoint(slopes[middle - 1], slopes[middle]),
    }
}

/// How probable it is that values without a trend rise or fall as much as these (two-sided): exact
/// for few values that are all different, else by the normal approximation; 1 for fewer than three.
pub(crate) fn mann_kendall(values: &[f64]) -> f64 {
    let pairs = values
        .iter()
        .enumerate()
        .flat_map(|(at, first)| values[at + 1..].iter().map(move |second| (first, second)));
    let score: i64 = pairs
        .map(|(first, second)| match second.total_cmp(first) {
            Ordering::Greater => 1,
            Ordering::Equal => 0,
            Ordering::Less => -1,
        })
        .sum();
    let ties = ties(values);
    match values.len() {
        ..3 => 1.0,
        ..=MOST_EXACT if ties.is_empty() => exact(values.len(), score.unsigned_abs()),
        count => approximate(count as f64, score.abs() as f64, &ties),
    }
}

/// The share of all orders of so many values whose score is as far from 0. An order's score is
/// the number of its pairs less twice that of its inversions.
fn exact(count: usize, score: u64) -> f64 {
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
    let pairs = orders.len() as u64 - 1;
    let extreme = (0..).zip(&orders).filter(|(inversions, _)| {
        let of_order = pairs.abs_diff(2 * inversions);
        of_order >= score
    });
    extreme.map(|(_, number)| number).sum::<f64>() / orders.iter().sum::<f64>()
}

fn approximate(count: f64, score: f64, ties: &[f64]) -> f64 {
    let spread = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let variance = (spread(count) - ties.iter().copied().map(spread).sum::<f64>()) / 18.0;
    if variance <= 0.0 {
        return 1.0;
    }
    // Scores are two apart, so that half of that is corrected for.
    let z = (score - 1.0).max(0.0) / variance.sqrt();
    (2.0 * normal::above(z)).min(1.0)
}

/// How many values each group of equal ones has.
fn ties(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = sorted.chunk_by(|first, second| first == second);
    let groups = groups.map(|group| group.len() as f64);
    groups.filter(|&size| size > 1.0).collect()
}

/// Up to so many values their orders are counted.
const MOST_EXACT: usize = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[track_caller]
    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 5e-4, "{found} is not {wanted}");
    }

    #[test]
    fn a_slope_is_the_median_of_those_between_points() {
        assert_eq!(theil_sen(&[]), 0.0);
        assert_eq!(theil_sen(&[(1.0, 5.0)]), 0.0);
        assert_eq!(theil_sen(&[(1.0, 5.0), (1.0, 9.0)]), 0.0);
        let line = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (4.0, 9.0)];
        assert_eq!(theil_sen(&line), 2.0);
        let strayed = [(0.0, 1.0), (1.0, 3.0), (2.0, 500.0), (3.0, 7.0), (4.0, 9.0)];
        assert_eq!(theil_sen(&strayed), 2.0);
    }

    /// The tabulated tails of Kendall's score, twice: 4 values 1/24, 5 values 1/120, and for
    /// 10 values a score of 27 or more 0.0083.
    #[test]
    fn the_chance_of_a_trend_is_as_tabulated() {
        close(mann_kendall(&[1.0, 2.0, 3.0, 4.0]), 2.0 / 24.0);
        close(mann_kendall(&[4.0, 3.0, 2.0, 1.0]), 2.0 / 24.0);
        close(mann_kendall(&[1.0, 2.0, 3.0, 4.0, 5.0]), 2.0 / 120.0);
        let ten = [1.0, 4.0, 2.0, 9.0, 3.0, 5.0, 8.0, 6.0, 7.0, 10.0];
        close(mann_kendall(&ten), 2.0 * 0.0083);
    }

    #[test]
    fn what_has_no_trend_is_chance() {
        for values in [&[][..], &[1.0], &[1.0, 2.0], &[3.0; 9]] {
            assert_eq!(mann_kendall(values), 1.0);
        }
        assert_eq!(mann_kendall(&[2.0, 1.0, 4.0, 3.0, 1.5, 2.5]), 1.0);
    }

    /// Where both are used the approximation is near what is exact.
    #[test]
    fn few_and_many_values_agree() {
        let mut random = StdRng::seed_from_u64(3);
        let values: Vec<f64> = (0..MOST_EXACT)
            .map(|at| at as f64 * 0.01 + random.random::<f64>())
            .collect();
        let exact = mann_kendall(&values);
        let mut tied = values.clone();
        tied[1] = tied[0];
        assert!((mann_kendall(&tied) - exact).abs() < 0.02, "{exact}");
    }

    /// Of series without a trend, about one in twenty has one with p < 0.05.
    #[test]
    fn chance_is_as_frequent_as_it_says() {
        let mut random = StdRng::seed_from_u64(5);
        for count in [8, 30, 60] {
            let trends = (0..1_000).filter(|_| {
                let values: Vec<f64> = (0..count).map(|_| random.random()).collect();
                mann_kendall(&values) < 0.05
            });
            let trends = trends.count();
            assert!((20..=75).contains(&trends), "{count}: {trends}");
        }
    }

    proptest! {
        #[test]
        fn backwards_the_slope_turns_and_the_chance_stays(
            values in prop::collection::vec(-1e6..1e6, 0..60),
        ) {
            let points = |values: &[f64]| -> Vec<_> {
                (0_u32..).map(f64::from).zip(values.iter().copied()).collect()
            };
            let turned: Vec<f64> = values.iter().rev().copied().collect();
            prop_assert_eq!(theil_sen(&points(&values)), -theil_sen(&points(&turned)));
            prop_assert!((mann_kendall(&values) - mann_kendall(&turned)).abs() < 1e-12);
        }
    }
}
