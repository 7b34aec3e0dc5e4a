//! The summary: all numbers of a run, as `summary.json` publishes them.
//!
//! Other crates read it with `serde_json::from_str::<Summary>`.
//!
//! This is a versioned format of its own. Durations are in microseconds unless the name says
//! otherwise. What counts how is said at each field; live state never derives serde.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The `format` field of every summary.
pub const FORMAT: &str = "rehearsal-summary";
/// The only version that exists.
pub const VERSION: u32 = 1;

/// All numbers of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Always [`FORMAT`].
    pub format: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The run's name, which gated requests carried as `X-Load-Test-Run`.
    pub run: String,
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
    /// Rules on this summary; none can be set in this version.
    pub thresholds: Vec<Threshold>,
    /// What a reader should know, in full sentences.
    pub warnings: Vec<String>,
}

/// What was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Whether the numbers can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The short answer.
    pub status: Status,
    /// Why, when it is not `pass`. Of an interrupted run the first is the interruption; any
    /// other says that its numbers can't be trusted.
    pub reasons: Vec<String>,
}

/// The short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not one request succeeded, or a rule on the numbers was broken.
    Fail,
    /// The generator limited the run: its numbers say nothing about the target.
    Invalid,
    /// The run kept its schedule, and no rule was broken.
    Pass,
}

/// Requests and bytes. planned = sent + dropped; sent = completed + failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// The clocks of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Durations in microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// One second of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

/// How true the run was to its plan. The whole distribution of lateness is among the clocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Where answers differ from the recorded ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The share of equal statuses, of all requests whose recorded client waited for its answer.
    pub equal_statuses: f64,
    /// The summary of an earlier replay that tells what is noise, where one was named.
    pub noise_from: Option<String>,
    /// Values that requests took from earlier answers.
    pub links: Links,
    /// By route, in the order of most requests.
    pub routes: Vec<RouteDivergence>,
}

/// Values that requests took from earlier answers: ids, tokens, e-tags.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    /// Places of requests at which such a value goes.
    pub places: u64,
    /// Of these, the ones with the value of another item of a list, because the live list was
    /// shorter than the recorded one: that of the recorded position modulo the live length.
    pub other_item: u64,
    /// Those without a live value.
    pub unresolved: Vec<Unresolved>,
}

/// Places without a live value, of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Why: `empty_list`, `no_place` (the answer has no such field), `not_played` (its exchange was
    /// left out, dropped, or is too far back) or `source_failed`.
    pub cause: String,
    /// The route that was to give it, where its exchange was played.
    pub from: Option<String>,
    /// How many.
    pub places: u64,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteDivergence {
    /// Method and path template.
    pub route: String,
    /// Requests compared: those sent whose recorded client waited for its answer.
    pub requests: u64,
    /// Of these, the ones with the recorded status.
    pub equal: u64,
    /// Equal over compared.
    pub equal_ratio: f64,
    /// Recorded answers by status.
    pub recorded: BTreeMap<String, u64>,
    /// Replayed answers by status; `error` where there was none.
    pub replayed: BTreeMap<String, u64>,
    /// Statuses that are others than the recorded ones.
    pub changes: Vec<StatusChange>,
    /// Requests with a recorded identifier that no answer gave: the target may not know it.
    pub identifiers: u64,
    /// Values that its requests took from earlier answers.
    pub links: Links,
    /// How the shapes of its JSON answers differ.
    pub shapes: Shapes,
    /// How long answers took, recorded and replayed.
    pub latency: LatencyChange,
}

/// Answers whose status is another one than the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// The recorded status.
    pub recorded: String,
    /// The replayed one; `error` where there was no answer.
    pub replayed: String,
    /// How many.
    pub requests: u64,
    /// Whether the replay that tells what is noise had it about as often.
    pub noise: bool,
}

/// How the shapes of JSON answers differ from the recorded ones. Of each route some are compared:
/// those with the recorded status, of the first ones and then of one in 32, ten a second at most.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shapes {
    /// Answers that were compared.
    pub compared: u64,
    /// Differences, the most frequent first.
    pub differences: Vec<ShapeDifference>,
}

/// A difference of shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeDifference {
    /// Where: a JSON pointer, with `*` for any item of a list.
    pub at: String,
    /// What: `gone` (a field), `new` (a field), `type` or `length` (of a list).
    pub what: String,
    /// Answers that have it.
    pub answers: u64,
    /// Whether the replay that tells what is noise had it too.
    pub noise: bool,
}

/// How long answers took, in microseconds: the recorded ones at the proxy, the replayed ones from
/// sent to last byte.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LatencyChange {
    /// Recorded median.
    pub recorded_p50: u64,
    /// Recorded 95th percentile.
    pub recorded_p95: u64,
    /// Replayed median.
    pub replayed_p50: u64,
    /// Replayed 95th percentile.
    pub replayed_p95: u64,
    /// Replayed over recorded median; 0 where nothing was recorded.
    pub ratio_p50: f64,
    /// The same of the 95th percentiles.
    pub ratio_p95: f64,
    /// The first of these ratios in the replay that tells what is noise.
    pub noise_ratio_p50: Option<f64>,
}

/// A rule on the summary and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// What is measured.
    pub metric: String,
    /// The rule.
    pub expression: String,
    /// What was measured.
    pub value: f64,
    /// Whether the rule held.
    pub ok: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn what_is_written_can_be_read() {
        let written = serde_json::to_string(&summary()).unwrap();
        assert_eq!(
            serde_json::from_str::<Summary>(&written).unwrap(),
            summary()
        );
    }
}
