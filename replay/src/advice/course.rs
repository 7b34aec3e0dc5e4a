//! Advice on how the target did over time.

use crate::summary::{Summary, Trend};
use crate::words;

use super::{Advice, Weight};

/// Answers that become slower at the same load.
pub(super) fn trend(summary: &Summary) -> Option<Advice> {
    let rising = |trend: &&Trend| trend.rising;
    let course = &summary.course;
    let (weight, what, trend) = match (&course.trend, &course.trend_p95) {
        (Some(trend), _) if trend.rising => (Weight::Critical, "median", trend),
        (_, p95) => (
            Weight::Warning,
            "95th percentile",
            p95.as_ref().filter(rising)?,
        ),
    };
    weight.says(format!(
        "at a steady load the {what} of response times rose by {} over the run (by chance \
         with p = {:.4}): look for what grows in the target, such as memory, tables or open connections",
        words::percent(trend.change),
        trend.p_value
    ))
}

/// A peak from which the target comes back slowly, or not at all.
pub(super) fn recovery(summary: &Summary) -> Option<Advice> {
    let peak = summary.course.peak.as_ref()?;
    let load = format!("the peak of {:.1} requests/s", peak.rate);
    let next = "look at queues and connections that are still busy after it";
    match peak.recovery_s {
        None => Weight::Critical.says(format!(
            "the target did not come back from {load}, with {} at p95 in the {} s after it and {} \
             before: {next}",
            words::micros(peak.p95_after),
            peak.seconds_after,
            words::micros(peak.p95_before)
        )),
        Some(took) if took > RECOVERED_S => Weight::Warning.says(format!(
            "the target took {took:.0} s to come back from {load}, more than the {RECOVERED_S:.0} s \
             that it may take: {next}"
        )),
        Some(_) if peak.recovered < RECOVERED => Weight::Warning.says(format!(
            "after {load} answers were as before it in only {} of the time once the target had come \
             back: {next}",
            words::percent(peak.recovered)
        )),
        Some(_) => None,
    }
}

/// Memory that grows.
pub(super) fn memory(summary: &Summary) -> Option<Advice> {
    let memory = summary.course.memory.as_ref()?;
    let growth = memory.growth.filter(|growth| *growth > GROWTH)?;
    let (first, last) = (memory.samples.first()?, memory.samples.last()?);
    let (weight, next) = match last.second - first.second {
        ..BRIEF_S => return None,
        BRIEF_S..LONG_S => (Weight::Hint, "play longer to see whether it levels off"),
        LONG_S.. => (
            Weight::Warning,
            "unless it levels off, something is kept that should go",
        ),
    };
    weight.says(format!(
        "the target's memory grew by {} in {} s, from {} to {}: {next}",
        words::percent(growth),
        last.second - first.second,
        words::bytes(first.bytes),
        words::bytes(last.bytes)
    ))
}

/// Seconds in which a target should be back after a peak.
const RECOVERED_S: f64 = 30.0;
/// The share of seconds after that in which it should stay so.
const RECOVERED: f64 = 0.95;
/// Growth of memory that is none.
const GROWTH: f64 = 0.1;
/// In so few seconds a program is still warming up.
const BRIEF_S: u64 = 60;
/// In so many it should have its memory.
const LONG_S: u64 = 600;
