//! Metrics as k6 has them, wherever they come from.
//!
//! Pure.

use crate::summary::{Check, Distribution, Unit};

/// All that is told at the end of a test.
#[derive(Debug)]
pub(super) struct Results {
    /// By name, those with tags after the one without.
    pub(super) metrics: Vec<Metric>,
    /// Checks on answers.
    pub(super) checks: Vec<Check>,
    /// How many of them a second.
    pub(super) checks_rate: f64,
}

/// One metric, or the part of it that has certain tags.
#[derive(Debug)]
pub(super) struct Metric {
    /// `http_req_duration`, or `http_req_duration{clock:service}`.
    pub(super) key: String,
    /// What its values are of.
    pub(super) contains: Contains,
    /// What was measured.
    pub(super) values: Values,
    /// What it was asked to hold.
    pub(super) rules: Vec<Rule>,
}

/// What values are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contains {
    /// Bytes.
    Data,
    /// Anything else.
    Default,
    /// Milliseconds.
    Time,
}

/// What was measured, by the kind of the metric.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// A sum.
    Counter { count: u64, rate: f64 },
    /// The last value, and between which two it was.
    Gauge { value: f64, min: f64, max: f64 },
    /// How many of all are so.
    Rate { matches: u64, total: u64 },
    /// A distribution.
    Trend(Trend),
    /// Nothing is known of it but what its rules have measured.
    OfRules,
}

/// A distribution, in milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Trend {
    pub(super) avg: f64,
    pub(super) min: f64,
    pub(super) med: f64,
    pub(super) max: f64,
    pub(super) p90: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
}

/// A rule on a metric, and how it went.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// As it was written: `p(95)<500`.
    pub(super) expression: String,
    /// What was measured, in the unit.
    pub(super) value: Option<f64>,
    pub(super) unit: Unit,
    pub(super) ok: bool,
}

impl Metric {
    /// What it is called without its tags.
    pub(super) fn name(&self) -> &str {
        self.key.split('{').next().unwrap_or_default()
    }

    /// Its tags, as they were written.
    pub(super) fn tags(&self) -> Option<&str> {
        let (_, tags) = self.key.split_once('{')?;
        // A route has braces of its own: the last one closes the tags.
        tags.strip_suffix('}')
    }
}

impl Values {
    /// How many of all are so; of none, none.
    pub(super) fn share(matches: u64, total: u64) -> f64 {
        matches as f64 / total.max(1) as f64
    }
}

impl Trend {
    /// The six that k6 tells where nothing else is asked for.
    pub(super) const fn stats(&self) -> [(&'static str, f64); 6] {
        [
            ("avg", self.avg),
            ("min", self.min),
            ("med", self.med),
            ("max", self.max),
            ("p(90)", self.p90),
            ("p(95)", self.p95),
        ]
    }
}

impl From<&Distribution> for Trend {
    fn from(times: &Distribution) -> Self {
        let ms = |micros: u64| micros as f64 / 1e3;
        Self {
            avg: times.mean / 1e3,
            min: ms(times.min),
            med: ms(times.p50),
            max: ms(times.max),
            p90: ms(times.p90),
            p95: ms(times.p95),
            p99: ms(times.p99),
        }
    }
}

impl Rule {
    /// What it is about: `p(95)` of `p(95)<500`.
    pub(super) fn measure(&self) -> &str {
        let end = self.expression.find(['<', '>', '=', '!']);
        let measure = self.expression[..end.unwrap_or(0)].trim();
        if measure.is_empty() { "value" } else { measure }
    }
}
