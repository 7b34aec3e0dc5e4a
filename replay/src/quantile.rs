//! How sure a quantile of samples is, from their ranks alone, whatever their distribution.
//!
//! Pure. The interval is that of order statistics (David and Nagaraja, Order Statistics, §7.1): as
//! if samples were independent, which answers of a busy target are not quite.

use hdrhistogram::Histogram;

use crate::normal;

/// Whether so many samples are enough to say between which two of them the quantile is, with a
/// confidence of 95 %: 6 for the median, 72 for p95, 368 for p99.
pub(crate) fn is_known(samples: u64, quantile: f64) -> bool {
    is_known_at(Risk::ONE_IN_20, samples, quantile)
}

/// The same with another risk to be wrong.
pub(crate) fn is_known_at(risk: Risk, samples: u64, quantile: f64) -> bool {
    let exponent = samples as f64;
    // Else all samples may well be on one side of it.
    let one_sided = quantile.powf(exponent).max((1.0 - quantile).powf(exponent));
    one_sided <= risk.share / 2.0
}

/// Between which two values the quantile is, with a confidence of 95 %.
pub(crate) fn interval(histogram: &Histogram<u32>, quantile: f64) -> Option<[u64; 2]> {
    interval_at(Risk::ONE_IN_20, histogram, quantile)
}

/// The same with another risk to be wrong.
pub(crate) fn interval_at(
    risk: Risk,
    histogram: &Histogram<u32>,
    quantile: f64,
) -> Option<[u64; 2]> {
    let samples = histogram.len();
    if !is_known_at(risk, samples, quantile) {
        return None;
    }
    let [low, high] = ranks_at(risk, samples, quantile);
    let at = |rank: f64| {
        let value = histogram.value_at_quantile(rank / samples as f64);
        value.clamp(histogram.min(), histogram.max())
    };
    Some([at(low), at(high)])
}

/// The ranks, from 1, between which the quantile is: the binomial distribution of how many samples
/// are below it, as a normal one.
pub(crate) fn ranks_at(risk: Risk, samples: u64, quantile: f64) -> [f64; 2] {
    let count = samples as f64;
    let (mean, deviation) = (
        count * quantile,
        (count * quantile * (1.0 - quantile)).sqrt(),
    );
    let [low, high] = [
        mean - risk.deviations * deviation,
        mean + risk.deviations * deviation + 1.0,
    ];
    [low.floor().clamp(1.0, count), high.ceil().clamp(1.0, count)]
}

/// How probable it may be that a statement is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Risk {
    /// 0.05 is a confidence of 95 %.
    pub(crate) share: f64,
    /// Within how many standard deviations all but that share of a normal distribution is.
    pub(crate) deviations: f64,
}

impl Risk {
    /// A confidence of 95 %.
    pub(crate) const ONE_IN_20: Self = Self {
        share: 0.05,
        deviations: 1.959_964,
    };

    /// That each of so many statements may have, so that all of them together have this one.
    pub(crate) fn each_of(self, statements: usize) -> Self {
        if statements < 2 {
            return self;
        }
        let share = self.share / statements as f64;
        Self {
            share,
            deviations: normal::within_all_but(share),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    #[test]
    fn it_takes_enough_samples_on_both_sides() {
        let fewest = |quantile| (1..).find(|&samples| is_known(samples, quantile));
        assert_eq!(fewest(0.5), Some(6));
        assert_eq!(fewest(0.95), Some(72));
        assert_eq!(fewest(0.99), Some(368));
        assert_eq!(fewest(0.05), Some(72));
        assert!(!is_known(0, 0.5));
    }

    #[test]
    fn many_statements_need_more_samples() {
        let risk = Risk::ONE_IN_20.each_of(40);
        let fewest = |quantile| (1..).find(|&samples| is_known_at(risk, samples, quantile));
        assert_eq!(fewest(0.5), Some(11));
        let [wide, narrow] =
            [risk, Risk::ONE_IN_20.each_of(1)].map(|risk| ranks_at(risk, 1_000, 0.95));
        assert!(wide[0] < narrow[0] && narrow[1] < wide[1]);
    }

    /// Of many samplings of a known distribution, about 95 % have the quantile in their interval.
    #[test]
    fn the_interval_has_the_quantile_as_often_as_it_says() {
        let mut random = StdRng::seed_from_u64(7);
        for (quantile, samples) in [(0.5, 60), (0.95, 400), (0.99, 800)] {
            let rounds = 600;
            let within = (0..rounds).filter(|_| {
                let mut histogram = Histogram::<u32>::new(3).unwrap();
                for _ in 0..samples {
                    histogram.record(random.random_range(0..2_000)).unwrap();
                }
                let [low, high] = interval(&histogram, quantile).unwrap();
                let truth = 2_000.0 * quantile;
                low as f64 <= truth && truth <= high as f64 + 1.0
            });
            let share = within.count() as f64 / f64::from(rounds);
            assert!((0.91..0.995).contains(&share), "{quantile}: {share}");
        }
    }
}
