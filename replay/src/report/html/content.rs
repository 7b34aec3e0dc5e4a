//! What the page shows, in its order.

use askama::Template;

use crate::report::plot::{self, Plot};
use crate::report::text;
use crate::summary::{Status, Summary};

use super::HtmlError;
use super::about::{self, Clock, Tile};
use super::compared::{self, Against};
use super::course::{self, Told};
use super::divergence::{self, Divergence};
use super::endpoints::{self, Row};
use super::judged::{self, CheckRow, Levels, ThresholdRow};
use super::number::TIMES;
use super::rows::Rows;
use super::settings;

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    SoFar,
    Over,
}

/// Everything in the page's `main`.
#[derive(Template)]
#[template(path = "report/content.html")]
pub(super) struct Content<'a> {
    summary: &'a Summary,
    word: &'static str,
    meaning: String,
    tone: &'static str,
    is_so_far: bool,
    /// Whether the numbers say nothing about the target.
    is_void: bool,
    times: [&'static str; 7],
    tiles: Vec<Tile>,
    thresholds: Rows<ThresholdRow>,
    levels: Option<Levels>,
    checks: Rows<CheckRow>,
    plots: Vec<Plot>,
    clocks: Vec<Clock>,
    against: Option<Against>,
    course: Option<Told>,
    endpoints: Rows<Row>,
    divergence: Divergence,
    fidelity: Vec<(String, String)>,
    phases: Vec<Clock>,
    settings: Vec<(&'static str, String)>,
    /// Whether a number is greyed out because there are too few samples.
    has_unknown: bool,
}

impl<'a> Content<'a> {
    /// What a summary has to show.
    pub(super) fn of(summary: &'a Summary, stage: Stage) -> Result<Self, HtmlError> {
        let (word, meaning) = text::verdict(summary);
        let mut content = Self {
            summary,
            word,
            meaning,
            tone: tone(summary),
            is_so_far: stage == Stage::SoFar,
            is_void: is_void(summary),
            times: TIMES,
            tiles: about::tiles(summary),
            thresholds: judged::thresholds(summary),
            levels: judged::levels(&summary.slo),
            checks: judged::checks(summary),
            plots: plots(summary)?,
            clocks: about::clocks(summary),
            against: summary.comparison.as_ref().map(compared::against),
            course: course::told(&summary.course)?,
            endpoints: endpoints::rows(summary),
            divergence: divergence::of(summary),
            fidelity: about::fidelity(summary),
            phases: about::phases(summary),
            settings: settings::rows(summary),
            has_unknown: false,
        };
        content.has_unknown = content.has_unknown_number();
        Ok(content)
    }

    fn has_unknown_number(&self) -> bool {
        let clocks = self.clocks.iter().chain(&self.phases);
        let mut numbers = clocks
            .flat_map(|clock| &clock.numbers)
            .chain(self.endpoints.rows.iter().flat_map(|row| &row.numbers))
            .chain(self.thresholds.rows.iter().map(|row| &row.value));
        numbers.any(|number| !number.is_known)
    }
}

fn tone(summary: &Summary) -> &'static str {
    match summary.verdict.status {
        Status::Fail => "fail",
        Status::Invalid => "invalid",
        Status::Pass => "pass",
    }
}

/// Of an interrupted run the first reason is the interruption, and the numbers hold for what was
/// sent; any other says that they cannot be trusted.
fn is_void(summary: &Summary) -> bool {
    let harmless = usize::from(summary.interrupted);
    summary.verdict.status == Status::Invalid && summary.verdict.reasons.len() > harmless
}

fn plots(summary: &Summary) -> Result<Vec<Plot>, HtmlError> {
    let series = &summary.series;
    let plots = [
        Some(plot::rate(series)?),
        Some(plot::response(series)?),
        plot::distribution(&summary.latency.response)?,
        Some(plot::outcomes(series)?),
        plot::troubles(series)?,
        Some(plot::lateness(series)?),
    ];
    Ok(plots.into_iter().flatten().collect())
}
