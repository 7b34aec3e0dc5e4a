//! The report's plots, as SVG that takes its colours from the page.
//!
//! Every colour is a marker that the page's style sheet replaces, so that one drawing serves
//! light and dark.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::summary::Second;

use super::words;

/// A drawing failed, which in memory means that a value was not finite.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the plot: {0}")]
pub(crate) struct PlotError(String);

/// Planned and sent requests a second.
pub(super) fn rate(series: &[Second]) -> Result<String, PlotError> {
    let planned = points(series, |second| second.planned as f64);
    let sent = points(series, |second| second.sent as f64);
    draw(
        &[(&planned, MARKERS[3], true), (&sent, MARKERS[0], false)],
        |value| format!("{value:.0}"),
    )
}

/// Percentiles of the response time over time.
pub(super) fn response(series: &[Second]) -> Result<String, PlotError> {
    let lines = [
        points(series, |second| second.p50 as f64),
        points(series, |second| second.p95 as f64),
        points(series, |second| second.p99 as f64),
    ];
    let lines = [
        (&lines[2], MARKERS[2], false),
        (&lines[1], MARKERS[1], false),
        (&lines[0], MARKERS[0], false),
    ];
    draw(&lines, axis_micros)
}

/// Points in the middle of their seconds.
fn points(series: &[Second], value: impl Fn(&Second) -> f64) -> Vec<(f64, f64)> {
    let point = |second: &Second| (second.second as f64 + 0.5, value(second));
    series.iter().map(point).collect()
}

type Line<'a> = (&'a Vec<(f64, f64)>, RGBColor, bool);

fn draw(lines: &[Line<'_>], label: impl Fn(f64) -> String) -> Result<String, PlotError> {
    let mut svg = String::new();
    let all = || lines.iter().flat_map(|(points, ..)| points.iter());
    let end = all().map(|point| point.0 + 0.5).fold(1.0, f64::max);
    let top = all().map(|point| point.1).fold(1.0, f64::max) * 1.08;
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(28)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..end, 0.0..top)
            .map_err(failed)?;
        let text = ("sans-serif", 13).into_font().color(&TEXT);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .x_labels(lines[0].0.len().clamp(2, 12))
            .y_labels(6)
            .label_style(text.pos(Pos::new(HPos::Center, VPos::Center)))
            .x_label_formatter(&|second| format!("{second:.0} s"))
            .y_label_formatter(&|value| label(*value))
            .draw()
            .map_err(failed)?;
        for &(points, colour, filled) in lines {
            let points = || points.iter().copied();
            if filled {
                let area = AreaSeries::new(points(), 0.0, colour.mix(0.25));
                chart
                    .draw_series(area.border_style(colour.stroke_width(1)))
                    .map_err(failed)?;
            } else {
                chart
                    .draw_series(LineSeries::new(points(), colour.stroke_width(2)))
                    .map_err(failed)?;
            }
        }
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an axis label, not below 0"
)]
#[expect(clippy::cast_sign_loss, reason = "an axis label, not below 0")]
fn axis_micros(value: f64) -> String {
    words::micros(value as u64)
}

fn failed(error: impl std::fmt::Display) -> PlotError {
    PlotError(error.to_string())
}

const SIZE: (u32, u32) = (960, 280);
// Replaced by the page's style sheet; readable by themselves if it is lost.
const MARKERS: [RGBColor; 4] = [
    RGBColor(0x20, 0x6b, 0xc4),
    RGBColor(0xd9, 0x77, 0x06),
    RGBColor(0xc0, 0x26, 0x4d),
    RGBColor(0x94, 0xa3, 0xb8),
];
const GRID: RGBColor = RGBColor(0xe2, 0xe8, 0xf0);
const TEXT: RGBColor = RGBColor(0x64, 0x74, 0x8b);
