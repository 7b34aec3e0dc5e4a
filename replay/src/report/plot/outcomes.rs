//! What became of requests over time, by the kind of their answers.

use crate::summary::Second;
use crate::words::grouped;

use super::axis::{Axis, Unit};
use super::course::{length, stairs, time};
use super::draw::{PlotError, Shape};
use super::palette::Role;
use super::thin::{self, Span, note, thinned};
use super::{About, Key, Plot};

/// All kinds.
pub(crate) fn outcomes(series: &[Second]) -> Result<Plot, PlotError> {
    let about = (
        "plot-outcomes",
        "Requests a second, by the kind of their answers",
    );
    bands(series, about, &KINDS)
}

/// The kinds without those that are well, which hide the few that are not; nothing without any.
pub(crate) fn troubles(series: &[Second]) -> Result<Option<Plot>, PlotError> {
    let is_trouble = |it: &Second| it.outcomes.c4xx + it.outcomes.c5xx + it.outcomes.error > 0;
    if !series.iter().any(is_trouble) {
        return Ok(None);
    }
    let about = (
        "plot-troubles",
        "Requests a second that failed, by the kind of their answers",
    );
    bands(series, about, &KINDS[2..]).map(Some)
}

/// Kinds of answers: how they are called, their places in [`Span::kinds`], and what they are.
const KINDS: [(Role, usize, &str); 5] = [
    (Role::C2xx, 0, "2xx"),
    (Role::C3xx, 1, "3xx"),
    (Role::C4xx, 2, "4xx"),
    (Role::C5xx, 3, "5xx"),
    (Role::NoAnswer, 4, "no answer"),
];

/// Kinds of answers on top of one another.
fn bands(
    series: &[Second],
    (name, title): (&'static str, &'static str),
    kinds: &[(Role, usize, &'static str)],
) -> Result<Plot, PlotError> {
    let (spans, width) = thinned(series);
    let counts = kinds.iter().map(|&(role, which, label)| {
        let count: u64 = series.iter().map(|it| thin::kinds(it)[which]).sum();
        (role, which, label, count)
    });
    let counts: Vec<_> = counts.filter(|&(.., count)| count > 0).collect();
    let below = |it: &Span, until: usize| -> f64 {
        let kinds = counts[..until].iter();
        kinds.map(|&(_, which, ..)| it.kinds[which]).sum()
    };
    let shape = |(place, &(role, ..)): (usize, &(Role, usize, &str, u64))| Shape::Area {
        role,
        points: stairs(&spans, |it| below(it, place), |it| below(it, place + 1)),
    };
    let shapes: Vec<_> = counts.iter().enumerate().map(shape).collect();
    let top = spans.iter().map(|it| below(it, counts.len()));
    let top = top.fold(0.0, f64::max);
    let told = counts
        .iter()
        .map(|&(.., label, count)| format!("{label} {}", grouped(count)));
    let about = About {
        name,
        title,
        about: format!(
            "Over {}: {}.",
            length(&spans),
            told.collect::<Vec<_>>().join(", ")
        ),
        keys: counts
            .iter()
            .rev()
            .map(|&(role, _, label, count)| Key::new(role, format!("{label} ×{}", grouped(count))))
            .collect(),
        note: note(width, "the mean of its seconds"),
    };
    let unit = if width > 1 { Unit::Rates } else { Unit::Counts };
    about.drawn([&time(&spans), &Axis::values(top, unit)], &shapes)
}
