//! How long things took: distributions, and one second after the other.

use serde::{Deserialize, Serialize};

/// The clocks of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Latency {
    /// Due to last byte, of requests that were answered or timed out.
    pub response: Distribution,
    /// Sent (or connecting, where a connection had to be opened) to last byte, of the same.
    pub service: Distribution,
    /// Due to sent, less the link wait: what the generator was late by.
    pub lateness: Distribution,
    /// How long arrivals waited for an answer that they depend on, as far as it was the target's.
    pub link_wait: Distribution,
}

/// What the service time is made of, as k6 divides it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phases {
    /// Waiting for a free connection; 0 where one was free.
    pub blocked: Distribution,
    /// Connecting and agreeing on TLS and HTTP/2; 0 on a connection that stood.
    pub connecting: Distribution,
    /// From the first byte of the request to its last.
    pub sending: Distribution,
    /// From the last byte of the request to the first of the answer.
    pub waiting: Distribution,
    /// From the first byte of the answer to its last.
    pub receiving: Distribution,
}

/// Durations in microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Distribution {
    /// How many.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 95th percentile.
    pub p95: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The whole histogram, V2 with deflate, base64: what merges exactly with others.
    pub hdr: String,
    /// How sure the percentiles are, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
}

/// Between which two values each percentile is with a confidence of 95 %, from the ranks of the
/// samples, as if these were independent; `null` where there are too few to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Intervals {
    /// Of the median.
    pub p50: Option<[u64; 2]>,
    /// Of the 90th percentile.
    pub p90: Option<[u64; 2]>,
    /// Of the 95th percentile.
    pub p95: Option<[u64; 2]>,
    /// Of the 99th percentile.
    pub p99: Option<[u64; 2]>,
    /// Of the 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p999: Option<[u64; 2]>,
}

/// One second of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Second {
    /// From the start.
    pub second: u64,
    /// Arrivals due in it.
    pub planned: u64,
    /// Requests sent in it.
    pub sent: u64,
    /// Requests due in it that failed.
    pub failed: u64,
    /// Median response time of requests due in it; 0 where there is none.
    pub p50: u64,
    /// Their 95th percentile.
    pub p95: u64,
    /// Their 99th percentile.
    pub p99: u64,
    /// What the generator was late by at worst with those, in microseconds.
    pub lateness_max: u64,
    /// What became of those that were sent.
    pub outcomes: Outcomes,
}

/// What became of requests, by the kind of their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcomes {
    /// Statuses below 300.
    #[serde(rename = "2xx")]
    pub c2xx: u64,
    /// Statuses from 300.
    #[serde(rename = "3xx")]
    pub c3xx: u64,
    /// Statuses from 400.
    #[serde(rename = "4xx")]
    pub c4xx: u64,
    /// Statuses from 500.
    #[serde(rename = "5xx")]
    pub c5xx: u64,
    /// No complete answer.
    pub error: u64,
}
