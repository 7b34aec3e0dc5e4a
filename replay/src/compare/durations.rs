//! Durations of a run, in microseconds: as a histogram, or as the percentiles that a tool tells.
//!
//! Pure.

use hdrhistogram::Histogram;

use crate::hdr::{self, HdrError};
use crate::quantile::{self, Risk};
use crate::summary::Distribution;

/// How long requests took.
#[derive(Debug, Clone)]
pub(crate) enum Durations {
    /// All of them, within the histogram's precision.
    Histogram(Box<Histogram<u32>>),
    /// What a tool tells of them.
    Told(Told),
}

/// Percentiles, and of how many samples they are, where the tool tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// Of how many samples; 0 where the tool does not tell.
    pub(crate) samples: u64,
    /// Shares and the values that are not exceeded by them, in order: 0 is the shortest, 1 the
    /// longest.
    points: Vec<(f64, f64)>,
}

impl Durations {
    /// Those of a summary; of one without a histogram what its fields tell.
    pub(crate) fn of(distribution: &Distribution) -> Result<Self, HdrError> {
        if !distribution.hdr.is_empty() {
            return Ok(Self::Histogram(Box::new(hdr::decode(&distribution.hdr)?)));
        }
        let Distribution {
            count,
            min,
            p50,
            p90,
            p95,
            p99,
            p999,
            max,
            ..
        } = *distribution;
        let points = [
            (0.0, min),
            (0.5, p50),
            (0.9, p90),
            (0.95, p95),
            (0.99, p99),
            (0.999, p999),
            (1.0, max),
        ];
        let points = points.map(|(share, micros)| (share, micros as f64));
        Ok(Self::Told(Told::new(count, points)))
    }

    /// What this share of them does not exceed, where that is known.
    pub(crate) fn value(&self, quantile: f64) -> Option<f64> {
        match self {
            Self::Histogram(histogram) if histogram.is_empty() => None,
            Self::Histogram(histogram) => {
                // The upper end of a bucket can lie above all that is in it.
                let value = histogram.value_at_quantile(quantile).min(histogram.max());
                Some(value as f64)
            }
            Self::Told(told) => told.exactly(quantile),
        }
    }

    /// Between which two values the quantile is, but for this risk.
    pub(crate) fn interval(&self, quantile: f64, risk: Risk) -> Option<[f64; 2]> {
        match self {
            Self::Histogram(histogram) => quantile::interval_at(risk, histogram, quantile)
                .map(|interval| interval.map(|micros| micros as f64)),
            Self::Told(told) => told.interval(quantile, risk),
        }
    }

    /// Those of several runs as if of one: where all are histograms.
    pub(crate) fn together(runs: &[&Self]) -> Option<Self> {
        let mut histograms = runs.iter().map(|run| match run {
            Self::Histogram(histogram) => Some(histogram.as_ref()),
            Self::Told(_) => None,
        });
        let mut all = histograms.next()??.clone();
        for histogram in histograms {
            // Ours grow as they have to.
            all.add(histogram?).ok()?;
        }
        Some(Self::Histogram(Box::new(all)))
    }
}

impl Told {
    /// What a tool tells, in any order; what it tells twice counts once.
    pub(crate) fn new(samples: u64, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut points: Vec<_> = points.into_iter().collect();
        points.sort_by(|(first, _), (second, _)| first.total_cmp(second));
        points.dedup_by(|(second, _), (first, _)| first == second);
        Self { samples, points }
    }

    fn exactly(&self, quantile: f64) -> Option<f64> {
        let near = |&&(share, _): &&(f64, f64)| (share - quantile).abs() < 1e-9;
        self.points.iter().find(near).map(|&(_, value)| value)
    }

    /// From ranks, as with a histogram, with what lies between two percentiles spread evenly:
    /// where few are told, the upper end is further up than it is.
    fn interval(&self, quantile: f64, risk: Risk) -> Option<[f64; 2]> {
        if !quantile::is_known_at(risk, self.samples, quantile) {
            return None;
        }
        let samples = self.samples as f64;
        let [low, high] = quantile::ranks_at(risk, self.samples, quantile);
        Some([self.about(low / samples)?, self.about(high / samples)?])
    }

    fn about(&self, share: f64) -> Option<f64> {
        let above = self.points.partition_point(|&(at, _)| at < share);
        let &(to, highest) = self.points.get(above)?;
        if above == 0 {
            return (to <= share).then_some(highest);
        }
        let (from, lowest) = self.points[above - 1];
        Some(lowest + (highest - lowest) * (share - from) / (to - from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn a_summary_is_read_with_its_histogram_or_without() {
        let mut distribution = summary().latency.response;
        let whole = Durations::of(&distribution).unwrap();
        distribution.hdr.clear();
        let told = Durations::of(&distribution).unwrap();
        for quantile in [0.5, 0.95, 0.99] {
            assert_eq!(whole.value(quantile), told.value(quantile));
            let [exact, about] = [&whole, &told]
                .map(|durations| durations.interval(quantile, Risk::ONE_IN_20).unwrap());
            let near = |at: usize| (about[at] / exact[at] - 1.0).abs() < 0.1;
            assert!(near(0) && near(1), "{quantile}: {exact:?} {about:?}");
        }
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        let told = |samples, points: &[(f64, f64)]| {
            Durations::Told(Told::new(samples, points.iter().copied()))
        };
        let some = told(1_000, &[(0.95, 40.0), (0.5, 10.0), (0.9, 30.0)]);
        assert_eq!(some.value(0.95), Some(40.0));
        assert_eq!(some.value(0.99), None);
        // Its upper end is beyond what is told.
        assert_eq!(some.interval(0.95, Risk::ONE_IN_20), None);
        let longest = told(1_000, &[(0.9, 30.0), (0.95, 40.0), (1.0, 90.0)]);
        let [low, high] = longest.interval(0.95, Risk::ONE_IN_20).unwrap();
        assert!((35.0..40.0).contains(&low) && (50.0..60.0).contains(&high));
        assert_eq!(told(0, &[(0.5, 1.0)]).interval(0.5, Risk::ONE_IN_20), None);
    }

    #[test]
    fn runs_are_put_together_where_all_are_histograms() {
        let distribution = summary().latency.response;
        let whole = Durations::of(&distribution).unwrap();
        let both = Durations::together(&[&whole, &whole]).unwrap();
        let [once, twice] = [&whole, &both].map(|it| it.interval(0.95, Risk::ONE_IN_20).unwrap());
        assert!(
            once[0] <= twice[0] && twice[1] < once[1],
            "more samples say it more exactly"
        );
        assert_eq!(both.value(0.95), whole.value(0.95));
        let told = Durations::Told(Told::new(9, [(0.5, 1.0)]));
        assert!(Durations::together(&[&whole, &told]).is_none());
        assert!(Durations::together(&[]).is_none());
    }
}
