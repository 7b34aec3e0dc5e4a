//! Where the answers of a run differ from the recorded ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where answers differ from the recorded ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Shapes {
    /// Answers that were compared.
    pub compared: u64,
    /// Differences, the most frequent first.
    pub differences: Vec<ShapeDifference>,
}

/// A difference of shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
