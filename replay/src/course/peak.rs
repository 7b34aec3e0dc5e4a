//! The highest peak of a load.
//!
//! Recordings have bursts of a second or two: a peak lasts longer, is more than chance makes of few
//! requests, and has a time of less load before and after it.

use std::ops::Range;

use crate::summary::{Peak, Second};

use super::recovery::Recovery;
use super::smooth::{moving_median, width};
use super::{answers, rate, typical};

/// The highest peak of a run and how the target came back from it.
pub(super) fn of(series: &[Second]) -> Option<Peak> {
    let planned: Vec<_> = series.iter().map(|second| second.planned as f64).collect();
    let load = moving_median(&planned, width(series.len()));
    let Parts {
        before,
        peak,
        after,
    } = parts(series, &load)?;
    let p95 = |second: &Second| second.p95;
    let until = series[peak.end].second;
    let recovery = Recovery::of(&series[before.clone()], &series[after.clone()]);
    let back = recovery.back.unwrap_or(0);
    Some(Peak {
        from: series[peak.start].second,
        until,
        rate_before: rate(&series[before.clone()]),
        rate: rate(&series[peak.clone()]),
        p95_before: typical(&series[before], p95),
        p95: typical(&series[peak], p95),
        p95_after: typical(&series[after.clone()][back..], p95),
        recovery_s: recovery
            .back
            .map(|back| (series[after.start + back].second - until) as f64),
        recovered: recovery.share,
        seconds_after: with_answers(&series[after]) as u64,
    })
}

/// The seconds of the peak, and those of less load next to it.
struct Parts {
    before: Range<usize>,
    peak: Range<usize>,
    after: Range<usize>,
}

fn parts(series: &[Second], load: &[f64]) -> Option<Parts> {
    let half = load.iter().copied().fold(0.0, f64::max) / 2.0;
    let top = load.iter().position(|load| *load >= 2.0 * half)?;
    let top = top..top + 1;
    let high = grown(load, top, half, width(series.len()));
    // Up to other peaks, which are no time of less load.
    let calm = |place: &usize| load[*place] < half;
    let first = (0..high.start).rev().take_while(calm).last()?;
    let end = (high.end..series.len()).take_while(calm).last()? + 1;
    let around = [first..high.start, high.end..end];
    let floor = around.map(|range| rate(&series[range]));
    let floor = floor.into_iter().fold(0.0, f64::max);
    // What leads up to it, and down again, is of it.
    let edge = floor + FOOT * (rate(&series[high.clone()]) - floor);
    let peak = grown(&load[..end], high.clone(), edge, 1);
    let peak = peak.start.max(first)..peak.end;
    let parts = Parts {
        before: first..peak.start,
        after: peak.end..end,
        peak,
    };
    let is_short = parts.peak.len() <= LONGEST * (parts.before.len() + parts.after.len());
    let is_peak = high.len() >= SHORTEST
        && is_short
        && [&parts.before, &parts.after].into_iter().all(|calm| {
            let calm = &series[calm.clone()];
            with_answers(calm) >= AROUND && stands_out(&series[parts.peak.clone()], calm)
        });
    is_peak.then_some(parts)
}

/// The stretch as far as it stays above a level on both sides, over dips shorter than so many seconds.
fn grown(load: &[f64], stretch: Range<usize>, level: f64, dip: usize) -> Range<usize> {
    let is_above = |place: &usize| load[*place] >= level && load[*place] > 0.0;
    let Range { mut start, mut end } = stretch;
    while let Some(next) = (start.saturating_sub(dip)..start).find(is_above) {
        start = next;
    }
    while let Some(next) = (end..(end + dip).min(load.len())).rfind(is_above) {
        end = next + 1;
    }
    start..end
}

/// Whether there is more load in a peak than in a calm time, by far and not by chance.
fn stands_out(peak: &[Second], calm: &[Second]) -> bool {
    let (high, low) = (rate(peak), rate(calm));
    let seconds = peak.len() as f64;
    let (requests, usual) = (high * seconds, low * seconds);
    high >= HIGHER * low && requests - usual >= SURE * (requests + usual).sqrt()
}

fn with_answers(seconds: &[Second]) -> usize {
    let answered = seconds.iter().filter(|second| answers(second) > 0);
    answered.count()
}

/// A peak is so many times the load around it, at least; at its top, smoothed, twice that.
const HIGHER: f64 = 1.5;
/// Standard deviations that a peak is above what is around it, as if requests came by chance.
const SURE: f64 = 5.0;
/// Seconds of more than half the highest load, at least.
const SHORTEST: usize = 5;
/// A load that lasts longer than so many times what is around it is the load itself.
const LONGEST: usize = 2;
/// Seconds with answers that it takes to compare with.
const AROUND: usize = 10;
/// What is higher than this share of a peak above its surroundings is of the peak.
const FOOT: f64 = 0.2;
