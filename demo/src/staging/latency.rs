//! How long each kind of request takes: log-normal around a median, scaled.
//!
//! Pure: the draw takes its generator from outside. Medians and tails are those of the declared baseline measurements.

use std::str::FromStr;
use std::time::Duration;

use crate::random::{self, Seeded};

/// A kind of request with a latency of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Password check, bound by its deliberate cost.
    Login,
    /// Questions about the own session.
    Session,
    /// A new pair of tokens.
    Refresh,
    /// Lists and single objects.
    Read,
    /// Assignments and calendars, the larger reads.
    Assignments,
    /// Checking work-hour rules.
    Validate,
    /// Creating and changing people and absences.
    Write,
    /// Creating and changing assignments.
    Assign,
    /// Requesting, checking and approving swaps.
    Swap,
    /// Deleting.
    Delete,
    /// The solver.
    Generate,
    /// Health and metrics.
    Health,
}

/// Medians and spreads of all classes, and the factor on everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies {
    scale: f64,
    laws: [LogNormal; CLASSES.len()],
}

impl Latencies {
    /// The declared baseline times `scale`; `None` unless it is finite and not negative.
    pub fn scaled(scale: f64) -> Option<Self> {
        (scale.is_finite() && scale >= 0.0).then(|| Self {
            scale,
            laws: CLASSES.map(|row| LogNormal::of(row.2, row.3)),
        })
    }

    /// The same with another median for one class, before scaling; the relative spread stays.
    #[must_use]
    pub fn with_median(mut self, class: Class, median: Duration) -> Self {
        self.laws[class as usize].median = median;
        self
    }

    /// One latency for a request of `class`.
    pub(crate) fn draw(&self, class: Class, rng: &mut Seeded) -> Duration {
        self.laws[class as usize].draw(rng).mul_f64(self.scale)
    }
}

impl Default for Latencies {
    /// A tenth of the baseline: quick enough for CI, with the ratios kept.
    fn default() -> Self {
        Self {
            scale: 0.1,
            laws: CLASSES.map(|row| LogNormal::of(row.2, row.3)),
        }
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = CLASSES.iter().find(|row| row.1 == name);
        found.map(|row| row.0).ok_or_else(|| {
            let known = CLASSES.map(|row| row.1).join(", ");
            format!("no latency class `{name}`; there are {known}")
        })
    }
}

/// A log-normal law, by its median and the deviation of the logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LogNormal {
    median: Duration,
    sigma: f64,
}

impl LogNormal {
    fn of(median_ms: f64, p95_ms: f64) -> Self {
        Self {
            median: Duration::from_secs_f64(median_ms / 1000.0),
            sigma: (p95_ms / median_ms).ln() / Z95,
        }
    }

    fn draw(self, rng: &mut Seeded) -> Duration {
        self.median
            .mul_f64((self.sigma * random::normal(rng)).exp())
    }
}

/// The 95th percentile of the standard normal distribution.
const Z95: f64 = 1.6449;

/// Class, name, median and 95th percentile in milliseconds; in the order of the enum.
const CLASSES: [(Class, &str, f64, f64); 12] = [
    (Class::Login, "login", 650.0, 980.0),
    (Class::Session, "session", 135.0, 260.0),
    (Class::Refresh, "refresh", 170.0, 320.0),
    (Class::Read, "read", 135.0, 280.0),
    (Class::Assignments, "assignments", 165.0, 320.0),
    (Class::Validate, "validate", 580.0, 980.0),
    (Class::Write, "write", 240.0, 430.0),
    (Class::Assign, "assign", 360.0, 680.0),
    (Class::Swap, "swap", 395.0, 750.0),
    (Class::Delete, "delete", 170.0, 340.0),
    (Class::Generate, "generate", 6200.0, 9800.0),
    (Class::Health, "health", 30.0, 70.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_enum() {
        for (index, row) in CLASSES.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
            assert_eq!(row.1.parse(), Ok(row.0));
        }
    }

    #[test]
    fn draws_keep_median_and_tail() {
        let latencies = Latencies::scaled(0.1).unwrap();
        for (class, name, median, p95) in CLASSES {
            let mut rng = random::stream(7, 0);
            let mut draws: Vec<f64> = (0..20_000)
                .map(|_| latencies.draw(class, &mut rng).as_secs_f64() * 1e4)
                .collect();
            draws.sort_by(f64::total_cmp);
            let error = |at: usize, wanted: f64| (draws[at] / wanted - 1.0).abs();
            assert!(
                error(10_000, median) < 0.02,
                "median of {name}: {}",
                draws[10_000]
            );
            assert!(
                error(19_000, p95) < 0.04,
                "p95 of {name}: {}",
                draws[19_000]
            );
        }
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| Latencies::default().draw(Class::Read, &mut random::stream(seed, 3));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_scale_below_zero_is_refused() {
        assert_eq!(Latencies::scaled(-1.0), None);
        assert_eq!(Latencies::scaled(f64::NAN), None);
    }
}
