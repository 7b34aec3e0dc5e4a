//! Medians that move along: they take bursts away and leave steps where they are.

use std::ops::Range;

use crate::stats::median;

/// How many seconds of a run are looked at together: long runs have longer peaks.
pub(super) fn width(seconds: usize) -> usize {
    (seconds / 30).clamp(5, 31) | 1
}

/// For each value the median of those around it.
pub(super) fn moving_median(values: &[f64], width: usize) -> Vec<f64> {
    let around = around(values.len(), width);
    around
        .map(|range| median(&mut values[range].to_vec()))
        .collect()
}

/// For each value the mean of those around it.
pub(super) fn moving_mean(values: &[f64], width: usize) -> Vec<f64> {
    let around = around(values.len(), width);
    around
        .map(|range| values[range.clone()].iter().sum::<f64>() / range.len() as f64)
        .collect()
}

/// The places around each of so many; there are fewer near both ends.
pub(super) fn around(count: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    let half = width / 2;
    (0..count).map(move |place| place.saturating_sub(half)..(place + half + 1).min(count))
}

/// The value that half of the weight is below; 0 where nothing has a weight.
pub(super) fn weighted_median(values: &mut [(u64, u64)]) -> u64 {
    values.sort_unstable();
    let whole: u64 = values.iter().map(|(_, weight)| weight).sum();
    let mut below = 0;
    let middle = values.iter().find(|(_, weight)| {
        below += weight;
        *weight > 0 && 2 * below >= whole
    });
    middle.map_or(0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_and_a_step_stays() {
        let values = [1.0, 1.0, 9.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0];
        let smooth = moving_median(&values, 5);
        assert_eq!(smooth, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0]);
    }

    #[test]
    fn weight_decides_what_is_in_the_middle() {
        assert_eq!(weighted_median(&mut [(9, 3), (1, 1), (5, 1)]), 9);
        assert_eq!(weighted_median(&mut [(9, 1), (1, 1)]), 1);
        assert_eq!(weighted_median(&mut [(9, 0), (7, 2)]), 7);
        assert_eq!(weighted_median(&mut [(9, 0)]), 0);
    }
}
