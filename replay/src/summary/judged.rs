//! What a run was asked to hold, and whether it did.

use serde::{Deserialize, Serialize};

/// Whether the numbers can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The short answer.
    pub status: Status,
    /// Why, when it is not `pass`. Of an interrupted run the first is the interruption; any
    /// other says that its numbers can't be trusted.
    pub reasons: Vec<String>,
}

/// The short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not one request succeeded, a rule on the numbers was broken, or they are worse than the
    /// baseline's.
    Fail,
    /// The generator limited the run: its numbers say nothing about the target.
    Invalid,
    /// The run kept its schedule, and no rule was broken.
    Pass,
}

/// A rule on the numbers and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Threshold {
    /// What is measured, as it was written: `http_req_duration{clock:service}`.
    pub metric: String,
    /// The rule as it was written: `p(95)<500`.
    pub expression: String,
    /// What was measured; of a rule with a window the worst one. `null` where there was nothing to
    /// measure, and then the rule holds, as with k6.
    pub value: Option<f64>,
    /// What it is compared with, where that is known: of a rule on the baseline that of this run.
    pub limit: Option<f64>,
    /// The unit of both.
    pub unit: Unit,
    /// Whether the rule held.
    pub ok: bool,
    /// How many samples the value is made of.
    pub samples: u64,
    /// Whether these are enough to know such a percentile.
    pub known: bool,
    /// The second in which the worst window begins, of a rule with a window.
    pub second: Option<u64>,
    /// Whether the run was ended because of it.
    pub aborted: bool,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// A share of one.
    #[serde(rename = "share")]
    Share,
    /// How many.
    #[serde(rename = "count")]
    Count,
    /// How many a second.
    #[serde(rename = "count/s")]
    PerSecond,
    /// Bytes.
    #[serde(rename = "bytes")]
    Bytes,
    /// Bytes a second.
    #[serde(rename = "bytes/s")]
    BytesPerSecond,
}

/// A check on answers, and how often it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Answers for which it held.
    pub passes: u64,
    /// Answers for which it did not, and requests without an answer.
    pub fails: u64,
}

/// Where each metric stands among the levels of a service level objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slo {
    /// The level that was asked for: `normal`, `load` or `critical`.
    pub asked: Option<Level>,
    /// Where the worst metric stands.
    pub stands: Level,
    /// By metric.
    pub rows: Vec<SloRow>,
}

/// One metric of a service level objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SloRow {
    /// What people call it: `API p95`.
    pub name: String,
    /// What is measured: `http_req_duration`, `p(95)`.
    pub metric: String,
    /// What was measured; `null` where there was nothing to measure.
    pub value: Option<f64>,
    /// The unit of the value.
    pub unit: Unit,
    /// What it has to be in normal times: `<500ms`.
    pub normal: Option<String>,
    /// What it has to be under load.
    pub load: Option<String>,
    /// From where on it is critical: `>5s`.
    pub critical: Option<String>,
    /// Where it stands.
    pub level: Level,
    /// Whether that is good enough for the level that was asked for.
    pub ok: bool,
}

/// Levels of a service level objective, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// There was nothing to measure.
    Unknown,
    /// As it has to be in normal times.
    Normal,
    /// As it has to be under load.
    Load,
    /// Neither that nor critical.
    Degraded,
    /// Critical.
    Critical,
}
