//! How the target did over time: whether it became slower, and how it came back from a peak.

use serde::{Deserialize, Serialize};

/// How the target did over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Course {
    /// Whether answers became slower; `null` where the run was too short to say.
    pub trend: Option<Trend>,
    /// The same of the 95th percentile: that it rises alone says that some answers became slower.
    #[serde(default)]
    pub trend_p95: Option<Trend>,
    /// The highest peak of the load, and how the target came back from it; `null` where there is none.
    pub peak: Option<Peak>,
    /// The memory of the target, where it tells.
    pub memory: Option<Memory>,
}

impl Course {
    /// By how much response times rose, as a share of where they began; 0 where they did not.
    pub fn slowdown(&self) -> Option<f64> {
        let trend = self.trend.as_ref()?;
        Some(if trend.rising { trend.change } else { 0.0 })
    }

    /// Seconds that the target took to come back from the peak; infinite where it did not.
    pub fn recovery_s(&self) -> Option<f64> {
        let peak = self.peak.as_ref()?;
        Some(peak.recovery_s.unwrap_or(f64::INFINITY))
    }

    /// The share of seconds after that in which answers were as before the peak.
    pub fn recovered(&self) -> Option<f64> {
        Some(self.peak.as_ref()?.recovered)
    }

    /// By how much the target's memory grew, as a share of where it began.
    pub fn memory_growth(&self) -> Option<f64> {
        self.memory.as_ref()?.growth
    }
}

/// Whether answers became slower or quicker over the run, less its ramps: the slope is that of Theil
/// and Sen, its significance that of Mann and Kendall, corrected for spans that depend on each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trend {
    /// Equal spans of the run, of which each has one value: that of its typical second.
    pub spans: u64,
    /// By how many microseconds the response time grows in an hour.
    pub slope_us_per_hour: f64,
    /// What that makes of it over the run, as a share of where it began: 0.1 is 10 % more.
    pub change: f64,
    /// How probable such a trend is where there is none (two-sided).
    pub p_value: f64,
    /// Whether it is upward at a steady load, more than chance (p < 0.01) and more than a tenth.
    pub rising: bool,
    /// Whether the load was steady: nine of ten spans within a fifth of their median, and no trend of
    /// its own. Else the trend may be that of the load.
    pub steady: bool,
}

/// A peak of the load, and what came after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peak {
    /// The second in which it begins to rise.
    pub from: u64,
    /// The first second in which the load is down again.
    pub until: u64,
    /// Requests planned a second before it.
    pub rate_before: f64,
    /// Requests planned a second in it.
    pub rate: f64,
    /// The 95th percentile of response times in a typical second before it, in microseconds.
    pub p95_before: u64,
    /// The same in it.
    pub p95: u64,
    /// The same after it, once it had recovered or over all of what came after.
    pub p95_after: u64,
    /// Seconds from its end until answers were as before, quick and without failures, and stayed so;
    /// `null` where they did not come back.
    pub recovery_s: Option<f64>,
    /// The share of seconds from then on in which they were as before; of all seconds after the peak
    /// where they did not come back.
    pub recovered: f64,
    /// Seconds with requests after it, up to the next peak.
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
    /// Last over first, as medians of a tenth of the samples, less 1; `null` with fewer than 5.
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
