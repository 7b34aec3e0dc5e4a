//! How the target did over time: whether it became slower, and how it came back from a peak.
//!
//! Pure: from the seconds of a run, each with its load, its percentiles and its failures.

mod peak;
mod recovery;
mod smooth;
mod trend;

use crate::summary::{Course, Second};

/// What the seconds of a run tell; the target's memory is not in them. Where requests go when others
/// have been answered, the load is the target's doing: it is as steady as can be, and has no peak.
pub(crate) fn of(series: &[Second], model_is_closed: bool) -> Course {
    let series = played(series);
    let trend = |value| trend::of(series, value, model_is_closed);
    Course {
        trend: trend(|second| second.p50),
        trend_p95: trend(|second| second.p95),
        peak: Some(series).filter(|_| !model_is_closed).and_then(peak::of),
        memory: None,
    }
}

/// From the first second that has requests to the last one.
fn played(series: &[Second]) -> &[Second] {
    let has_requests = |second: &Second| second.planned > 0 || answers(second) > 0;
    let first = series.iter().position(has_requests).unwrap_or(0);
    let end = series.iter().rposition(has_requests);
    &series[first..end.map_or(first, |last| last + 1)]
}

/// Requests due in a second that came to an end.
fn answers(second: &Second) -> u64 {
    let of = &second.outcomes;
    of.c2xx + of.c3xx + of.c4xx + of.c5xx + of.error
}

/// Requests planned a second.
fn rate(seconds: &[Second]) -> f64 {
    let planned: u64 = seconds.iter().map(|second| second.planned).sum();
    planned as f64 / seconds.len().max(1) as f64
}

/// What a second with requests typically has.
fn typical(seconds: &[Second], value: fn(&Second) -> u64) -> u64 {
    let mut values: Vec<_> = seconds
        .iter()
        .map(|second| (value(second), answers(second)))
        .collect();
    smooth::weighted_median(&mut values)
}

#[cfg(test)]
mod tests;
