//! A run, or several, against a baseline.

use serde::{Deserialize, Serialize};

use super::Unit;

/// How the numbers of some runs differ from those of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The runs that are compared with.
    pub baseline: Vec<String>,
    /// The runs that are compared.
    pub runs: Vec<String>,
    /// By how much something may be worse, as a share: 0.1 is 10 %.
    pub max_regression: f64,
    /// All rows together.
    pub verdict: Change,
    /// What makes the runs hard to compare, in full sentences: other settings, too few runs.
    pub notes: Vec<String>,
    /// By metric and route; those of all requests first.
    pub rows: Vec<Compared>,
}

/// One metric of one route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Compared {
    /// Method and path template; `null` for all requests.
    pub route: Option<String>,
    /// What is compared: `response p50`, `p95` and `p99` (`service p50` where a run is of a tool
    /// that measures from sending), `failed requests`, `rate`, `checks passed`, `equal statuses`.
    pub metric: String,
    /// The unit of both numbers.
    pub unit: Unit,
    /// The baseline's; of several runs the median.
    pub before: f64,
    /// That of the runs that are compared.
    pub after: f64,
    /// After over before, less 1; of shares after less before. `null` where before is 0. Of several
    /// runs the median of all pairs of one before and one after.
    pub change: Option<f64>,
    /// Between which changes the true one is with a confidence of 95 %, of routes that of all their
    /// rows together; `null` where there are too few samples and runs to say.
    pub band: Option<[f64; 2]>,
    /// What to make of it.
    pub verdict: Change,
}

/// What became of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Better, by more than it would be allowed to be worse, and by more than noise.
    Improved,
    /// Some better, others worse.
    Mixed,
    /// Worse, by more than is allowed, and by more than noise: durations and rates by a share of
    /// what they were; shares if what is bad of them grew by that share of what it was, and by
    /// 0.001 or more.
    Regressed,
    /// Neither.
    Unchanged,
}
