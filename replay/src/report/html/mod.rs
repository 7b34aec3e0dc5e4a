//! The HTML report: one file that needs neither network nor JavaScript.
//!
//! `content.rs` says in which order; its neighbours turn parts of the summary into rows, and the
//! templates these into a page. The live page shows the same content.

mod about;
mod compared;
mod content;
mod course;
mod divergence;
mod endpoints;
mod judged;
mod number;
mod policy;
mod rows;
mod settings;

use askama::Template;

use crate::summary::Summary;

use super::plot::PlotError;
use super::text;

use self::content::{Content, Stage};

/// The summary as a page.
pub(crate) fn render(summary: &Summary) -> Result<String, HtmlError> {
    let (word, _) = text::verdict(summary);
    let capture = &summary.capture.file;
    let page = Page {
        title: format!("{word} · {capture} at {}", summary.settings.pace),
        policy: policy::of(&[SCRIPT], ""),
        style: STYLE,
        scripts: &[SCRIPT],
        live: None,
        content: Content::of(summary, Stage::Over)?.render()?,
    };
    Ok(page.render()?)
}

/// What the page has in its `main`, of a run that goes on or has ended.
pub(crate) fn content(summary: &Summary, is_over: bool) -> Result<String, HtmlError> {
    let stage = if is_over { Stage::Over } else { Stage::SoFar };
    Ok(Content::of(summary, stage)?.render()?)
}

/// The page that follows a run.
pub(crate) fn live(live: &LivePart, content: Option<&str>) -> Result<String, HtmlError> {
    let page = Page {
        title: "Replay, live".to_owned(),
        policy: policy::of(&[SCRIPT, LIVE_SCRIPT], "connect-src 'self'; "),
        style: STYLE,
        scripts: &[SCRIPT, LIVE_SCRIPT],
        live: Some(live),
        content: content.unwrap_or(NOT_YET).to_owned(),
    };
    Ok(page.render()?)
}

/// What may be done on the live page, as the value of a header.
pub(crate) fn live_policy() -> String {
    policy::of(
        &[SCRIPT, LIVE_SCRIPT],
        "connect-src 'self'; frame-ancestors 'none'; ",
    )
}

/// What the live page has beyond the report.
pub(crate) struct LivePart {
    /// What allows it to steer the run, where it may.
    pub(crate) token: Option<String>,
    /// How far the run is: for the script, and in words.
    pub(crate) phase: &'static str,
    pub(crate) words: &'static str,
    /// The commands that fit.
    pub(crate) commands: Vec<&'static str>,
}

/// The page cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HtmlError {
    /// A plot failed.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The template failed.
    #[error("cannot render the report")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: String,
    policy: String,
    style: &'static str,
    scripts: &'a [&'static str],
    live: Option<&'a LivePart>,
    content: String,
}

const NOT_YET: &str =
    "<h1>Replay, live</h1>\n<p>There are no numbers yet: they come with the run.</p>\n";
const STYLE: &str = include_str!("../../../templates/report/style.css");
const SCRIPT: &str = include_str!("../../../templates/report/sort.js");
const LIVE_SCRIPT: &str = include_str!("../../../templates/report/live.js");

#[cfg(test)]
mod tests;
