//! What other tools write, read as what was measured.
//!
//! Pure. Which tool it was is seen from the content.

mod field;
mod k6;
mod locust;
mod oha;

use serde_json::Value;

pub(crate) use self::field::Wrong;

use super::measured::{Damaged, Figures, Measured, Tool};
use crate::summary::{FORMAT, Summary, VERSION};

/// What was measured, by the text of a file.
pub(super) fn import(text: &str) -> Result<Measured, ImportError> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if !start.starts_with(['{', '[']) {
        return match locust::is_csv(start) {
            true => Ok(locust::from_csv(start)?),
            false => Err(ImportError::Unknown),
        };
    }
    let value: Value = serde_json::from_str(start).map_err(ImportError::Json)?;
    if value["format"] == FORMAT {
        return ours(start, &value);
    }
    let import = [
        (oha::is_one as fn(&Value) -> bool, oha::import as Import),
        (k6::is_one, k6::import),
        (locust::is_json, locust::from_json),
    ];
    let known = import.into_iter().find(|(is_one, _)| is_one(&value));
    let (_, import) = known.ok_or(ImportError::Unknown)?;
    Ok(import(&value)?)
}

type Import = fn(&Value) -> Result<Measured, Wrong>;

fn ours(text: &str, value: &Value) -> Result<Measured, ImportError> {
    let version = &value["version"];
    if *version != VERSION {
        return Err(ImportError::Version(plain(&version.to_string())));
    }
    // From the text again, because an error then says in which line it is.
    let summary: Summary = serde_json::from_str(text).map_err(ImportError::Json)?;
    Ok(Measured::from_summary(&summary)?)
}

/// A run of another tool, of which nothing is known but these.
fn measured(
    tool: Tool,
    all: Figures,
    routes: impl IntoIterator<Item = (String, Figures)>,
) -> Measured {
    Measured {
        name: String::new(),
        tool,
        started: None,
        verdict: None,
        doubts: Vec::new(),
        holds: true,
        load: Vec::new(),
        all,
        routes: routes.into_iter().collect(),
    }
}

/// A whole number, if it is one that can be counted to.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was looked at"
)]
fn whole(number: f64) -> Option<u64> {
    let rounded = number.round();
    (0.0..=9e15).contains(&rounded).then_some(rounded as u64)
}

/// What a stranger wrote, without what a terminal would obey, and not endless.
fn plain(text: &str) -> String {
    let shown = text.chars().take(200);
    shown
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Why a text is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// A histogram of a summary is not readable.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// It is no JSON, or a summary that is not whole.
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    /// No tool that is known wrote it.
    #[error(
        "it is none of a `summary.json` of replay, k6's `--summary-export`, `handleSummary` or \
         machine-readable summary, oha's `--output-format json`, and Locust's `*_stats.csv` or `--json`"
    )]
    Unknown,
    /// A summary of another version.
    #[error("it is a summary of version {0}, and only version {VERSION} can be read")]
    Version(String),
    /// A field is not as the tool writes it.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

#[cfg(test)]
mod tests;
