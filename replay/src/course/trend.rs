//! Whether answers become slower while the load stays the same.

use crate::stats::{mann_kendall_dependent, median, theil_sen};
use crate::summary::{Second, Trend};

use super::smooth::{moving_mean, width};
use super::{answers, rate, typical};

/// The trend of a percentile over a run, less the ramps at its ends; none of one that is too short.
pub(super) fn of(series: &[Second], value: fn(&Second) -> u64, is_closed: bool) -> Option<Trend> {
    let series = if is_closed { series } else { level(series) };
    let spans = spans(series)?;
    let values: Vec<_> = spans
        .iter()
        .map(|span| typical(span, value) as f64)
        .collect();
    let places: Vec<_> = spans.iter().map(|span| middle(span)).collect();
    let points: Vec<_> = places.into_iter().zip(values.iter().copied()).collect();
    let steady = is_closed || is_steady(&spans);
    let line = Line::through(&points);
    let (change, p_value) = (line.change(&points), mann_kendall_dependent(&values));
    Some(Trend {
        spans: spans.len() as u64,
        slope_us_per_hour: (line.slope * SECONDS_PER_HOUR).round(),
        change: to_millionths(change),
        p_value: to_millionths(p_value),
        rising: steady && change > RISING && p_value < SURE,
        steady,
    })
}

/// Nobody can know more, and it reads back as it is.
fn to_millionths(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// What is between the ramps: from where the load comes near its median to where it leaves it.
fn level(series: &[Second]) -> &[Second] {
    let planned: Vec<_> = series.iter().map(|second| second.planned as f64).collect();
    let load = moving_mean(&planned, width(series.len()));
    let least = NEAR * median(&mut load.clone());
    let is_near = |load: &f64| *load >= least;
    match (
        load.iter().position(is_near),
        load.iter().rposition(is_near),
    ) {
        (Some(first), Some(last)) => &series[first..=last],
        _ => &[],
    }
}

/// Equal spans of a run, as many as it has seconds and answers for, less those without an answer.
fn spans(series: &[Second]) -> Option<Vec<&[Second]>> {
    let seconds = series.len();
    let answered: u64 = series.iter().map(answers).sum();
    let count = (seconds / SHORTEST)
        .min(usize::try_from(answered / FEWEST_ANSWERS).unwrap_or(usize::MAX))
        .min(MOST);
    let spans =
        (0..count).map(|span| &series[span * seconds / count..(span + 1) * seconds / count]);
    let spans: Vec<_> = spans
        .filter(|span| span.iter().any(|second| answers(second) > 0))
        .collect();
    (spans.len() >= FEWEST).then_some(spans)
}

/// The middle of a span, in seconds from the run's start.
fn middle(span: &[Second]) -> f64 {
    let first = span.first().map_or(0, |second| second.second);
    first as f64 + span.len() as f64 / 2.0
}

/// Whether the load is about the same in nearly all spans, as far as chance lets few requests be, and
/// does not itself rise or fall.
fn is_steady(spans: &[&[Second]]) -> bool {
    let rates: Vec<_> = spans.iter().map(|span| rate(span)).collect();
    let usual = median(&mut rates.clone());
    let is_near = |span: &&&[Second]| {
        let chance = 2.0 * (usual / span.len() as f64).sqrt();
        (rate(span) - usual).abs() <= (1.0 - NEAR) * usual + chance
    };
    let near = spans.iter().filter(is_near).count();
    let points: Vec<_> = spans
        .iter()
        .map(|span| middle(span))
        .zip(rates.clone())
        .collect();
    let drifts = Line::through(&points).change(&points).abs() > RISING
        && mann_kendall_dependent(&rates) < SURE;
    near * 10 >= spans.len() * 9 && !drifts
}

/// A line through points that outliers leave where it is.
struct Line {
    slope: f64,
    start: f64,
}

impl Line {
    fn through(points: &[(f64, f64)]) -> Self {
        let slope = theil_sen(points);
        let mut starts: Vec<_> = points.iter().map(|(x, y)| y - slope * x).collect();
        Self {
            slope,
            start: median(&mut starts),
        }
    }

    /// By how much it goes up over the points, as a share of where it is at the first of them. What
    /// bends upwards would have to come from below 0: then their least value is where it began.
    fn change(&self, points: &[(f64, f64)]) -> f64 {
        let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
            return 0.0;
        };
        let least = points.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
        let began = (self.start + self.slope * first).max(least);
        if began > 0.0 {
            self.slope * (last - first) / began
        } else {
            0.0
        }
    }
}

/// Seconds of the shortest span.
const SHORTEST: usize = 5;
/// Answers that a span has on average at least.
const FEWEST_ANSWERS: u64 = 10;
/// Fewer spans show no trend.
const FEWEST: usize = 12;
/// More spans would depend more on each other, and show no more.
const MOST: usize = 60;
/// A load of so much of the median, or as much above it, is about the same.
const NEAR: f64 = 0.8;
/// What rises by less stays about the same.
const RISING: f64 = 0.1;
/// What is less probable where there is no trend is one.
const SURE: f64 = 0.01;
const SECONDS_PER_HOUR: f64 = 3_600.0;
