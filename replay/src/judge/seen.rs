//! What of a run is looked at, and which part of it is over.
//!
//! Pure.

use crate::clock::NANOS_PER_SECOND;
use crate::record::Meters;
use crate::summary::{Check, Course};

/// What of a run is looked at.
pub(crate) struct Seen<'a> {
    /// Samples of the metrics that are meant.
    pub(crate) meters: &'a Meters,
    /// How long the run took.
    pub(crate) duration_s: f64,
    /// Which seconds can be looked at one by one.
    pub(crate) span: Span,
    /// Arrivals that were not sent.
    pub(crate) dropped: u64,
    /// Requests a second, as they were planned and sent.
    pub(crate) rates: Rates,
    /// Who played.
    pub(crate) users: u64,
    /// Checks on answers.
    pub(crate) checks: &'a [Check],
    /// How the target did over time.
    pub(crate) course: &'a Course,
}

/// The seconds of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    /// The first one that is in the numbers.
    pub(crate) from: usize,
    /// After the last one that is over, with all that was due in it: counts of the next are not whole.
    pub(crate) until: usize,
    /// Whether the run goes on: then what has no whole window yet has no value.
    pub(crate) goes_on: bool,
}

/// Requests a second over the time in which requests were sent; 0 where that was less than a second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// As planned.
    pub(crate) planned: f64,
    /// As sent.
    pub(crate) sent: f64,
}

impl Span {
    /// Of a run that goes on, `at_ns` after its start. The last seconds may still wait for answers.
    pub(crate) fn so_far(warm_up_ns: u64, at_ns: u64) -> Self {
        let over = usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX);
        Self {
            from: whole_seconds(warm_up_ns),
            until: over.saturating_sub(PATIENCE_S),
            goes_on: true,
        }
    }
}

/// Whole seconds that a time has begun.
pub(crate) fn whole_seconds(ns: u64) -> usize {
    usize::try_from(ns.div_ceil(NANOS_PER_SECOND)).unwrap_or(usize::MAX)
}

/// Answers are waited for as long before a second of a run that goes on is looked at.
const PATIENCE_S: usize = 5;
