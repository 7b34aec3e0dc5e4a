//! What happened over the time of a run.

use crate::summary::{Memory, Second};
use crate::words;

use super::axis::{Axis, Unit};
use super::draw::{PlotError, Shape};
use super::palette::Role;
use super::thin::{self, Span, note, thinned};
use super::{About, Key, Plot};

/// Planned and sent requests a second.
pub(crate) fn rate(series: &[Second]) -> Result<Plot, PlotError> {
    let (spans, width) = thinned(series);
    let most = |value: fn(&Span) -> f64| spans.iter().map(value).fold(0.0, f64::max);
    let (planned, sent) = (most(|it| it.planned), most(|it| it.sent));
    let shapes = [
        Shape::Area {
            role: Role::Planned,
            points: stairs(&spans, |_| 0.0, |it| it.planned),
        },
        Shape::Line {
            role: Role::Sent,
            points: steps(&spans, |it| it.sent),
            label: None,
        },
    ];
    let about = About {
        name: "plot-rate",
        title: "Requests a second, planned and sent",
        about: format!(
            "Over {}, at most {planned:.0} requests were planned in a second, and {sent:.0} sent.",
            length(&spans)
        ),
        keys: vec![
            Key::new(Role::Planned, "planned"),
            Key::new(Role::Sent, "sent"),
        ],
        note: note(width, "the mean of its seconds"),
    };
    let values = Axis::values(planned.max(sent), Unit::Counts);
    about.drawn([&time(&spans), &values], &shapes)
}

/// Percentiles of the response time.
pub(crate) fn response(series: &[Second]) -> Result<Plot, PlotError> {
    let (spans, width) = thinned(series);
    let lines = [
        (Role::P99, "p99", 2),
        (Role::P95, "p95", 1),
        (Role::P50, "p50", 0),
    ];
    let of = |(role, label, which): (Role, &'static str, usize)| {
        let pieces = pieces(&spans, |it| it.response.map(|response| response[which]));
        let last = pieces.len().saturating_sub(1);
        let pieces = pieces.into_iter().enumerate();
        pieces.map(move |(number, points)| Shape::Line {
            role,
            points,
            label: (number == last).then_some(label),
        })
    };
    let shapes: Vec<_> = lines.into_iter().flat_map(of).collect();
    let responses = spans.iter().filter_map(|it| it.response);
    let [p50, p95, p99] = responses.fold([0.0; 3], |most: [f64; 3], it| {
        [most[0].max(it[0]), most[1].max(it[1]), most[2].max(it[2])]
    });
    let [p50_words, p95_words, p99_words] = [p50, p95, p99].map(words::micros_f64);
    let about = About {
        name: "plot-response",
        title: "Response time, by the second in which requests were due",
        about: format!(
            "Over {}, the median was at most {p50_words}, the 95th percentile {p95_words}, \
             the 99th {p99_words}.",
            length(&spans)
        ),
        keys: lines
            .map(|(role, label, _)| Key::new(role, label))
            .into_iter()
            .collect(),
        note: note(
            width,
            "the mean of the medians, and p95 and p99 of its worst second",
        ),
    };
    let values = Axis::values(p99.max(p95).max(p50), Unit::Micros);
    about.drawn([&time(&spans), &values], &shapes)
}

/// What the generator was late by at worst in each second.
pub(crate) fn lateness(series: &[Second]) -> Result<Plot, PlotError> {
    let (spans, width) = thinned(series);
    let worst = spans.iter().map(|it| it.lateness_max).fold(0.0, f64::max);
    let shapes = [Shape::Area {
        role: Role::Late,
        points: stairs(&spans, |_| 0.0, |it| it.lateness_max),
    }];
    let about = About {
        name: "plot-lateness",
        title: "Lateness of the generator: the worst of each second",
        about: format!(
            "Over {}, a request was sent at most {} late.",
            length(&spans),
            words::micros_f64(worst)
        ),
        keys: vec![Key::new(Role::Late, "max")],
        note: note(width, "the worst of its seconds"),
    };
    let values = Axis::values(worst, Unit::Micros);
    about.drawn([&time(&spans), &values], &shapes)
}

/// The memory of the target.
pub(crate) fn memory(memory: &Memory) -> Result<Option<Plot>, PlotError> {
    let (Some(first), Some(last)) = (memory.samples.first(), memory.samples.last()) else {
        return Ok(None);
    };
    let width = thin::width(last.second + 1);
    let spans = memory
        .samples
        .chunk_by(|a, b| a.second / width == b.second / width);
    let largest = |samples: &[crate::summary::MemorySample]| {
        let bytes = samples.iter().map(|it| it.bytes).max().unwrap_or(0);
        (samples[0].second as f64, bytes as f64)
    };
    let points: Vec<_> = spans.map(largest).collect();
    let most = points.iter().map(|it| it.1).fold(0.0, f64::max);
    let shapes = [Shape::Line {
        role: Role::Memory,
        points,
        label: None,
    }];
    let about = About {
        name: "plot-memory",
        title: "Memory of the target",
        about: format!(
            "From {} at {} s to {} at {} s.",
            words::bytes(first.bytes),
            first.second,
            words::bytes(last.bytes),
            last.second
        ),
        keys: vec![Key::new(Role::Memory, "resident")],
        note: note(width, "the largest of its samples"),
    };
    let values = Axis::values(most, Unit::Bytes);
    let time = Axis::time(last.second as f64);
    about.drawn([&time, &values], &shapes).map(Some)
}

pub(super) fn time(spans: &[Span]) -> Axis {
    Axis::time(spans.last().map_or(1.0, |last| last.until))
}

pub(super) fn length(spans: &[Span]) -> String {
    format!("{:.0} s", spans.last().map_or(0.0, |last| last.until))
}

/// A line with a step at each span.
fn steps(spans: &[Span], value: impl Fn(&Span) -> f64) -> Vec<(f64, f64)> {
    let step = |it: &Span| [(it.from, value(it)), (it.until, value(it))];
    spans.iter().flat_map(step).collect()
}

/// What is between two such lines.
pub(super) fn stairs(
    spans: &[Span],
    lower: impl Fn(&Span) -> f64,
    upper: impl Fn(&Span) -> f64,
) -> Vec<(f64, f64)> {
    let mut points = steps(spans, upper);
    points.extend(steps(spans, lower).into_iter().rev());
    points
}

/// Lines through the middle of spans, with a gap where there is no value. A value between two gaps
/// is as wide as its span.
fn pieces(spans: &[Span], value: impl Fn(&Span) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    let known = |it: &Span| value(it).is_some();
    let runs = spans.chunk_by(|a, b| known(a) == known(b) && a.until == b.from);
    let piece = |run: &[Span]| -> Vec<(f64, f64)> {
        let point = |it: &Span| Some((it.from.midpoint(it.until), value(it)?));
        match run {
            [only] => value(only).map_or_else(Vec::new, |value| {
                vec![(only.from, value), (only.until, value)]
            }),
            run => run.iter().filter_map(point).collect(),
        }
    };
    runs.map(piece).filter(|piece| !piece.is_empty()).collect()
}
