//! The summary: all numbers of a run, as `summary.json` publishes them.
//!
//! Other crates read it with `serde_json::from_str::<Summary>`.
//!
//! Others can read `replay/summary.schema.json`.
//!
//! This is a versioned format of its own. Durations are in microseconds unless the name says
//! otherwise. What counts how is said at each field; live state never derives serde.

mod comparison;
mod course;
mod divergence;
mod fidelity;
mod judged;
mod latency;
#[cfg(test)]
mod schema;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::comparison::{Change, Compared, Comparison};
pub use self::course::{Course, Memory, MemorySample, Peak, Trend};
pub use self::divergence::{
    Divergence, LatencyChange, Links, RouteDivergence, ShapeDifference, Shapes, StatusChange,
    Unresolved,
};
pub use self::fidelity::{Fidelity, Upkeep, WindowError};
pub use self::judged::{Check, Level, Slo, SloRow, Status, Threshold, Unit, Verdict};
pub use self::latency::{Distribution, Intervals, Latency, Outcomes, Phases, Second};

/// The `format` field of every summary.
pub const FORMAT: &str = "rehearsal-summary";
/// The only version that exists.
pub const VERSION: u32 = 1;

/// All numbers of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Always [`FORMAT`].
    #[cfg_attr(test, schemars(description = "Always this.", extend("const" = FORMAT)))]
    pub format: String,
    /// Always [`VERSION`].
    #[cfg_attr(test, schemars(description = "Always this.", extend("const" = VERSION)))]
    pub version: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The run's name, which gated requests carried as `X-Load-Test-Run`.
    pub run: String,
    /// When it began: RFC 3339, UTC, to the second.
    pub started: String,
    /// Whether the run was cut short by a signal.
    pub interrupted: bool,
    /// What was played.
    pub capture: Capture,
    /// How it was played.
    pub settings: Settings,
    /// Whether the numbers can be trusted.
    pub verdict: Verdict,
    /// All requests together.
    pub totals: Totals,
    /// All requests together.
    pub latency: Latency,
    /// What service times are made of.
    pub phases: Phases,
    /// Answers by status.
    pub statuses: BTreeMap<String, u64>,
    /// Requests without a complete answer, by reason.
    pub errors: BTreeMap<String, u64>,
    /// By route, in the order of most requests.
    pub endpoints: Vec<Endpoint>,
    /// By second.
    pub series: Vec<Second>,
    /// How true the run was to its plan.
    pub fidelity: Fidelity,
    /// What was done outside the plan so that sessions are logged in.
    pub upkeep: Upkeep,
    /// Where answers differ from the recorded ones.
    pub divergence: Divergence,
    /// How the target did over time.
    pub course: Course,
    /// Checks on answers.
    pub checks: Vec<Check>,
    /// Rules on these numbers.
    pub thresholds: Vec<Threshold>,
    /// Where they stand among the service level objectives.
    pub slo: Slo,
    /// Against the baseline, where one was named.
    pub comparison: Option<Comparison>,
    /// What to look at next, in full sentences.
    pub advice: Vec<String>,
    /// What a reader should know, in full sentences.
    pub warnings: Vec<String>,
}

/// What was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capture {
    /// The file as it was named; several are joined by commas, as with what follows.
    pub file: String,
    /// The capture's own name.
    pub id: String,
    /// The program that recorded it.
    pub tool: String,
    /// Exchanges in all of them.
    pub exchanges: u64,
    /// Whether it was closed properly.
    pub complete: bool,
}

/// How it was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// Where requests went.
    pub target: String,
    /// How fast: a speed such as `5x`, a rate such as `200/s`, or stages.
    pub pace: String,
    /// How many stood for each recorded user, such as `3` or `0.25`.
    pub users_ratio: String,
    /// Who decides when a request goes.
    pub model: Model,
    /// What an arrival waited for: `open`, `ordered` or `think`.
    pub sessions: String,
    /// How due times were waited for: `timer` or `precise`.
    pub pacing: String,
    /// How often the capture was to be played; `null` for until the end of the run.
    pub laps: Option<u32>,
    /// Seconds at the beginning that are in no number.
    pub warm_up_s: f64,
    /// The protocol: `http/1.1` or `http/2`.
    pub protocol: String,
    /// Whom connections were for: `pool`, `user` or `recorded`.
    pub connections_for: String,
    /// Requests that could be on their way, where that was bounded.
    pub max_in_flight: Option<u64>,
    /// What became of an arrival beyond that: `queue`, `drop` or `abort`.
    pub on_overload: String,
    /// Whether the application's API was reached through the load-test path.
    pub via_loadtest: bool,
    /// The range of the users' addresses.
    pub client_addresses: Option<String>,
    /// Names of added headers; their values may be secret.
    pub headers: Vec<String>,
    /// Replayed seconds that were asked for.
    pub duration_s: Option<f64>,
    /// Exchanges that were asked for.
    pub limit: Option<u64>,
    /// The seed.
    pub seed: u64,
    /// How long a request could take.
    pub timeout_s: f64,
    /// Threads that sent.
    pub workers: u64,
    /// Who played: users, and those who stood for them.
    pub users: u64,
    /// Their sessions.
    pub session_count: u64,
    /// Whether requests were sent as recorded, with nothing of the run in them.
    pub verbatim: bool,
    /// What became of an arrival with a link that had no live value: `recorded`, `skip` or `fail`.
    pub on_unresolved: String,
    /// Days by which the dates in requests were moved.
    pub shift_dates: Option<i64>,
    /// Sessions that logged in outside the plan and its numbers.
    pub log_in_first: u64,
    /// Connections opened.
    pub connections: u64,
}

/// Who decides when a request goes (Schroeder, Wierman and Harchol-Balter, NSDI 2006).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// The plan alone: a slow target is loaded as a quick one.
    Open,
    /// The plan decides when sessions begin and what is due, and within a session a request waits
    /// for the answer before it.
    #[serde(rename = "partly open")]
    PartlyOpen,
    /// The target: a request goes when another one has been answered.
    Closed,
}

/// Requests and bytes. planned = sent + dropped; sent = completed + failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Totals {
    /// Arrivals of the plan.
    pub planned: u64,
    /// Arrivals that were sent, or that failed because their session had no token.
    pub sent: u64,
    /// Arrivals that were not sent.
    pub dropped: u64,
    /// Complete answers with a status below 400.
    pub completed: u64,
    /// No complete answer, or a status of 400 or more: what k6 counts in `http_req_failed`.
    pub failed: u64,
    /// Failed over sent; 0 where nothing was sent.
    pub failed_ratio: f64,
    /// From the start, or the end of the warm-up, to the last byte of the last answer, in seconds.
    pub duration_s: f64,
    /// Sent requests a second.
    pub rate: f64,
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Endpoint {
    /// Method and path template.
    pub route: String,
    /// Its requests.
    pub totals: Totals,
    /// Its clocks.
    pub latency: Latency,
    /// Its answers by status.
    pub statuses: BTreeMap<String, u64>,
    /// Its requests without a complete answer, by reason.
    pub errors: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    #[test]
    fn what_is_written_can_be_read() {
        for summary in [summary(), judged()] {
            let written = serde_json::to_string(&summary).unwrap();
            assert_eq!(serde_json::from_str::<Summary>(&written).unwrap(), summary);
        }
    }
}
