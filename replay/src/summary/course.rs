//! How the target did over time: whether it became slower, and how it came back from a peak.

use serde::{Deserialize, Serialize};

/// How the target did over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Course {
    /// Whether answers became slower; `null` where the run was too short to say.
    pub trend: Option<Trend>,
    /// The highest peak of the load, and how the target came back from it; `null` where there is none.
    pub peak: Option<Peak>,
    /// The memory of the target, where it tells.
    pub memory: Option<Memory>,
}

/// Whether answers became slower or quicker over the run: the slope is that of Theil and Sen, its
/// significance that of Mann and Kendall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trend {
    /// Spans of the run of which each has one median response time.
    pub spans: u64,
    /// By how many microseconds the median response time grows in an hour.
    pub slope_us_per_hour: f64,
    /// What that makes of the median over the run, as a share of where it began: 0.1 is 10 % more.
    pub change: f64,
    /// How probable such a trend is where there is none (two-sided).
    pub p_value: f64,
    /// Whether it is upward, more than chance and more than a tenth.
    pub rising: bool,
    /// Whether the load was steady: else the trend may be that of the load.
    pub steady: bool,
}

/// A peak of the load, and what came after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peak {
    /// The second in which it begins.
    pub from: u64,
    /// The second after its last one.
    pub until: u64,
    /// Requests planned a second before it.
    pub rate_before: f64,
    /// Requests planned a second in it.
    pub rate: f64,
    /// The 95th percentile of response times before it, in microseconds.
    pub p95_before: u64,
    /// The same in it.
    pub p95: u64,
    /// The same after it, once it had recovered or over all of what came after.
    pub p95_after: u64,
    /// Seconds from its end until answers were as before and stayed so; `null` where they were not.
    pub recovery_s: Option<f64>,
    /// The share of seconds after it in which they were as before.
    pub recovered: f64,
    /// Seconds with requests after it.
    pub seconds_after: u64,
}

/// The memory of the target over the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Memory {
    /// Where it was read.
    pub url: String,
    /// What was read.
    pub samples: Vec<MemorySample>,
    /// Last over first, as medians of a tenth of the samples, less 1; `null` where there are too few.
    pub growth: Option<f64>,
}

/// The memory of the target at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemorySample {
    /// From the start.
    pub second: u64,
    /// Resident bytes.
    pub bytes: u64,
}
