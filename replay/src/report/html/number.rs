//! Numbers of the page: as people read them, and as `summary.json` has them.
//!
//! Pure.

use std::fmt::Display;

use crate::quantile::is_known;
use crate::summary::{Distribution, Intervals, Unit};
use crate::words;

/// A number, which says where it stands in `summary.json`.
pub(super) struct Number {
    /// The way there: `latency.response.p95`.
    pub(super) name: String,
    /// The value there.
    pub(super) value: String,
    /// The value as people read it.
    pub(super) text: String,
    /// Whether there are enough samples to know it.
    pub(super) is_known: bool,
    /// Between which values it is.
    pub(super) between: Option<String>,
}

impl Number {
    /// A value with its words.
    pub(super) fn new(
        name: impl Into<String>,
        value: impl Display,
        text: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.to_string(),
            text: text.into(),
            is_known: true,
            between: None,
        }
    }

    /// How many.
    pub(super) fn count(name: impl Into<String>, count: u64) -> Self {
        Self::new(name, count, words::grouped(count))
    }

    /// A share of one.
    pub(super) fn share(name: impl Into<String>, share: f64) -> Self {
        Self::new(name, share, words::percent(share))
    }

    /// Microseconds.
    pub(super) fn micros(name: impl Into<String>, micros: u64) -> Self {
        Self::new(name, micros, words::micros(micros))
    }

    /// A measured value with its unit; a dash where there is none.
    pub(super) fn measured(name: impl Into<String>, value: Option<f64>, unit: Unit) -> Self {
        match value {
            Some(value) => Self::new(name, value, measured(value, unit)),
            None => Self::new(name, "null", "–"),
        }
    }
}

/// The numbers of a distribution from its mean to its maximum; the head of such a table is
/// [`TIMES`].
pub(super) fn times(path: &str, times: &Distribution) -> Vec<Number> {
    let intervals = times.intervals.as_ref();
    let between = |of: fn(&Intervals) -> Option<[u64; 2]>| intervals.and_then(of).map(range);
    let quantile = |name: &str, quantile, value, between| Number {
        is_known: times.count == 0 || is_known(times.count, quantile),
        between,
        ..Number::micros(format!("{path}.{name}"), value)
    };
    vec![
        Number::new(
            format!("{path}.mean"),
            times.mean,
            words::micros_f64(times.mean),
        ),
        quantile("p50", 0.5, times.p50, between(|it| it.p50)),
        quantile("p90", 0.9, times.p90, between(|it| it.p90)),
        quantile("p95", 0.95, times.p95, between(|it| it.p95)),
        quantile("p99", 0.99, times.p99, between(|it| it.p99)),
        quantile("p99.9", 0.999, times.p999, between(|it| it.p999)),
        Number::micros(format!("{path}.max"), times.max),
    ]
}

/// What [`times`] gives.
pub(super) const TIMES: [&str; 7] = ["mean", "p50", "p90", "p95", "p99", "p99.9", "max"];

/// A value with its unit.
pub(super) fn measured(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => words::grouped(whole(value)),
        _ => words::amount(value, unit),
    }
}

/// A difference as a share, with its sign.
pub(super) fn change(change: f64) -> String {
    // Else a little less than nothing would be `-0.0 %`.
    let percent = (change * 1e3).round() / 10.0 + 0.0;
    format!("{percent:+.1} %")
}

fn range([low, high]: [u64; 2]) -> String {
    // It may be broken at the dash alone.
    format!("{} – {}", words::micros(low), words::micros(high))
        .replace(' ', "\u{a0}")
        .replace("–\u{a0}", "– ")
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float that does not fit becomes the nearest number that does"
)]
#[expect(clippy::cast_sign_loss, reason = "a number of things, not below 0")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well_in_each_unit() {
        let told = [
            (14.2, Unit::Milliseconds),
            (2.5, Unit::Seconds),
            (0.001, Unit::Share),
            (1_234_567.0, Unit::Count),
            (166.64, Unit::PerSecond),
            (2_500_000.0, Unit::Bytes),
            (900.0, Unit::BytesPerSecond),
        ]
        .map(|(value, unit)| measured(value, unit));
        assert_eq!(
            told,
            [
                "14.2 ms",
                "2.50 s",
                "0.10 %",
                "1,234,567",
                "166.6/s",
                "2.5 MB",
                "900 B/s"
            ]
        );
        assert_eq!(
            [0.3667, -0.00001, -0.05].map(change),
            ["+36.7 %", "+0.0 %", "-5.0 %"]
        );
    }
}
