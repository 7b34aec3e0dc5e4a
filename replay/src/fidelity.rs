//! How true the run was to its plan: the distribution of gaps, and its length.
//!
//! Pure.

/// Kolmogorov–Smirnov distance between the planned and the actual gaps of arrivals: 0 when they
/// are distributed alike, 1 at worst; `sends` are moments at which arrivals were due, and at which
/// they were sent.
pub(crate) fn ks_gaps(sends: &[(u64, u64)]) -> f64 {
    let planned = gaps(sends.iter().map(|(due_ns, _)| *due_ns).collect());
    let actual = gaps(sends.iter().map(|(_, sent_ns)| *sent_ns).collect());
    ks_distance(&planned, &actual)
}

/// How long the run took against the plan: from the first to the last request.
pub(crate) fn duration_ratio(planned_ns: u64, first_sent_ns: u64, last_sent_ns: u64) -> f64 {
    match planned_ns {
        0 => 1.0,
        _ => last_sent_ns.saturating_sub(first_sent_ns) as f64 / planned_ns as f64,
    }
}

/// Sorted gaps between the sorted times, in whole tenths of a millisecond: a plan of equal gaps
/// would otherwise be as far as can be from a run that is a microsecond off.
fn gaps(mut times: Vec<u64>) -> Vec<u64> {
    times.sort_unstable();
    let gap = |pair: &[u64]| (pair[1] - pair[0] + GAP_NS / 2) / GAP_NS;
    let mut gaps: Vec<_> = times.windows(2).map(gap).collect();
    gaps.sort_unstable();
    gaps
}

/// The largest difference between the two empirical distributions of sorted samples.
fn ks_distance(a: &[u64], b: &[u64]) -> f64 {
    let (mut at_a, mut at_b, mut largest) = (0, 0, 0.0_f64);
    while let (Some(&next_a), Some(&next_b)) = (a.get(at_a), b.get(at_b)) {
        let value = next_a.min(next_b);
        at_a += a[at_a..].iter().take_while(|&&gap| gap == value).count();
        at_b += b[at_b..].iter().take_while(|&&gap| gap == value).count();
        let difference = at_a as f64 / a.len() as f64 - at_b as f64 / b.len() as f64;
        largest = largest.max(difference.abs());
    }
    largest
}

const GAP_NS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ks_of_equal_shifted_and_disjoint_samples() {
        assert_eq!(ks_distance(&[1, 2, 3], &[1, 2, 3]), 0.0);
        assert_eq!(ks_distance(&[1, 2], &[3, 4]), 1.0);
        assert_eq!(ks_distance(&[1, 2, 3, 4], &[3, 4, 5, 6]), 0.5);
        assert_eq!(ks_distance(&[], &[1]), 0.0);
    }

    #[test]
    fn gaps_do_not_depend_on_the_order_of_ends() {
        assert_eq!(gaps(vec![3_049_999, 0, 1_000_000]), [10, 20]);
    }

    #[test]
    fn a_run_that_took_longer_has_a_ratio_above_one() {
        assert_eq!(duration_ratio(10, 0, 20), 2.0);
        assert_eq!(duration_ratio(0, 5, 5), 1.0);
    }

    proptest! {
        #[test]
        fn ks_is_symmetric_and_within_bounds(
            mut a in prop::collection::vec(0_u64..50, 1..40),
            mut b in prop::collection::vec(0_u64..50, 1..40),
        ) {
            a.sort_unstable();
            b.sort_unstable();
            let distance = ks_distance(&a, &b);
            prop_assert!((0.0..=1.0).contains(&distance));
            prop_assert_eq!(distance, ks_distance(&b, &a));
            prop_assert_eq!(ks_distance(&a, &a), 0.0);
        }
    }
}
