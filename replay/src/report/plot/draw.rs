//! Shapes to SVG: all that knows plotters.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{Cartesian2d, PathElement, Polygon, Text};
use plotters::prelude::{Color as _, IntoDrawingArea as _, IntoFont as _, SVGBackend};
use plotters::style::TextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::palette::Role;

/// Something to be drawn, in the numbers of the axes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// What is enclosed by these points.
    Area { role: Role, points: Vec<(f64, f64)> },
    /// A line, with its name at its end.
    Line {
        role: Role,
        points: Vec<(f64, f64)>,
        label: Option<&'static str>,
    },
    /// A line from bottom to top, with its name above it.
    Mark { role: Role, at: f64, label: String },
}

/// A drawing failed, which in memory means that a value was not finite.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the plot: {0}")]
pub(crate) struct PlotError(String);

/// Draws shapes between a horizontal and a vertical axis.
pub(super) fn svg([x, y]: [&Axis; 2], shapes: &[Shape]) -> Result<String, PlotError> {
    let marks = shapes.iter().filter(|it| matches!(it, Shape::Mark { .. }));
    let above = i32::try_from(marks.count()).unwrap_or(0) * LINE;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(MARGIN)
            .margin_top(MARGIN + above)
            .margin_right(RIGHT)
            .x_label_area_size(BELOW)
            .y_label_area_size(LEFT)
            .build_cartesian_2d(x.clone(), y.clone())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_axes()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(Role::Grid.marker().stroke_width(2))
            .draw()
            .map_err(failed)?;
        for shape in shapes {
            draw(&mut chart, shape, y).map_err(failed)?;
        }
        let labels = [labels(&chart, [x, y]), names(&chart, shapes, [x, y])];
        for (at, label, side) in labels.into_iter().flatten() {
            area.draw(&Text::new(label, at, text(side)))
                .map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// The drawing with a title and a description, for those who do not see it.
pub(super) fn described(svg: &str, name: &str, title: &str, about: &str) -> String {
    let [title, about] = [title, about].map(escaped);
    let Some((head, content)) = svg.split_once('>') else {
        return svg.to_owned();
    };
    format!(
        "{head} role=\"img\" aria-labelledby=\"{name}-title {name}-about\">\n\
         <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-about\">{about}</desc>{content}"
    )
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

fn draw(
    chart: &mut Chart<'_, '_>,
    shape: &Shape,
    y: &Axis,
) -> Result<(), impl std::fmt::Display + use<>> {
    match shape {
        Shape::Area { role, points } => {
            let area = Polygon::new(points.clone(), role.marker().filled());
            chart.draw_series([area]).map(drop)
        }
        Shape::Line { role, points, .. } => {
            let line = PathElement::new(points.clone(), role.marker().stroke_width(4));
            chart.draw_series([line]).map(drop)
        }
        Shape::Mark { role, at, .. } => {
            let points = vec![(*at, y.range.start), (*at, y.range.end)];
            let line = PathElement::new(points, role.marker().stroke_width(3));
            chart.draw_series([line]).map(drop)
        }
    }
}

/// A text, where it stands, and on which side of it that is.
type Label = ((i32, i32), String, HPos);

/// The labels of the axes.
fn labels(chart: &Chart<'_, '_>, [x, y]: [&Axis; 2]) -> Vec<Label> {
    let below = x.ticks.iter().map(|(at, label)| {
        let (left, top) = chart.backend_coord(&(*at, y.range.start));
        ((left, top + LINE), label.clone(), HPos::Center)
    });
    let beside = y.ticks.iter().map(|(at, label)| {
        let (left, top) = chart.backend_coord(&(x.range.start, *at));
        ((left - 14, top), label.clone(), HPos::Right)
    });
    below.chain(beside).collect()
}

/// The names of lines and marks: none on another.
fn names(chart: &Chart<'_, '_>, shapes: &[Shape], [x, y]: [&Axis; 2]) -> Vec<Label> {
    let (mut marks, mut ends) = (Vec::new(), Vec::new());
    for shape in shapes {
        match shape {
            Shape::Mark { at, label, .. } => {
                let (left, top) = chart.backend_coord(&(*at, y.range.end));
                let row = i32::try_from(marks.len()).unwrap_or(0);
                let top = top - (row + 1) * LINE + LINE / 2;
                let is_left = *at < x.range.start.midpoint(x.range.end);
                let (side, away) = if is_left {
                    (HPos::Left, 8)
                } else {
                    (HPos::Right, -8)
                };
                marks.push(((left + away, top), label.clone(), side));
            }
            Shape::Line {
                points,
                label: Some(label),
                ..
            } => {
                let Some(end) = points.last() else { continue };
                ends.push((chart.backend_coord(end).1, (*label).to_owned()));
            }
            Shape::Line { .. } | Shape::Area { .. } => {}
        }
    }
    let right = chart.backend_coord(&(x.range.end, y.range.start)).0 + 8;
    let mut all = marks;
    all.extend(spread(ends).map(|(top, label)| ((right, top), label, HPos::Left)));
    all
}

/// Names from below to above, each at least a line above the one before.
fn spread(mut ends: Vec<(i32, String)>) -> impl Iterator<Item = (i32, String)> {
    ends.sort_by_key(|(top, _)| std::cmp::Reverse(*top));
    let mut below = i32::MAX;
    ends.into_iter().map(move |(top, label)| {
        below = top.min(below.saturating_sub(LINE));
        (below, label)
    })
}

fn text(side: HPos) -> TextStyle<'static> {
    let text = ("sans-serif", TEXT).into_font().color(&Role::Text.marker());
    text.pos(Pos::new(side, VPos::Center))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn failed(error: impl std::fmt::Display) -> PlotError {
    PlotError(error.to_string())
}

// Twice of what is shown: plotters rounds to whole points, and lines are smooth at half of them.
const SIZE: (u32, u32) = (1_600, 500);
const MARGIN: i32 = 16;
const LEFT: u32 = 104;
const RIGHT: u32 = 72;
const BELOW: u32 = 52;
const TEXT: u32 = 25;
const LINE: i32 = 32;
