//! How true a run was to its plan.

use serde::{Deserialize, Serialize};

/// How true the run was to its plan. The whole distribution of lateness is among the clocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fidelity {
    /// From first to last request, over the same in the plan.
    pub duration_ratio: f64,
    /// Sent over planned, those apart that were dropped as was asked.
    pub achieved_ratio: f64,
    /// Lateness at p99, in microseconds, of the arrivals that neither waited for an earlier answer
    /// nor queued behind one that did: what the verdict looks at. The others go out together once
    /// a slow target answers, and how they queue then is its doing; `latency.lateness` has all.
    pub judged_lateness_p99: u64,
    /// How many arrivals that is.
    pub judged_arrivals: u64,
    /// What a bare timer on the same machine was late by at p99 meanwhile, in microseconds: where
    /// this is as much, the machine is shared or too busy.
    pub machine_lateness_p99: u64,
    /// Arrivals that were sent in another window of time than planned.
    pub window_error: WindowError,
    /// Kolmogorov–Smirnov distance of the gaps between arrivals, rounded to 0.1 ms, of the plan's
    /// beginning (some hundred thousand).
    pub ks_gaps: f64,
    /// Requests sent in another order than planned, each compared with the latest of its session.
    pub order_inversions: u64,
    /// Arrivals dropped because too many requests were on their way, as `--on-overload drop` asks.
    pub dropped_as_asked: u64,
    /// Arrivals dropped because a link had no live value, as `--on-unresolved skip` asks.
    pub skipped_as_asked: u64,
    /// Links without a live value; `divergence.links` says why.
    pub unresolved_links: u64,
    /// Requests sent with a recorded identifier that no answer gave: the target may not know it.
    pub identifier_requests: u64,
}

/// What was done outside the plan, and is in no other number, so that sessions are logged in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Upkeep {
    /// Log-ins.
    pub log_ins: u64,
    /// Tokens refreshed before their time was over.
    pub refreshes: u64,
    /// Requests sent a second time, after a 401 that was not recorded and a fresh log-in. They are
    /// in all numbers once, as the second answer says.
    pub retries: u64,
    /// Log-ins and refreshes that brought no token.
    pub failed: u64,
}

/// The share of arrivals that were sent in another window than planned, by width of window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WindowError {
    /// Windows of 10 ms.
    #[serde(rename = "10ms")]
    pub ms_10: f64,
    /// Windows of 100 ms.
    #[serde(rename = "100ms")]
    pub ms_100: f64,
    /// Windows of a second.
    #[serde(rename = "1s")]
    pub s_1: f64,
}
