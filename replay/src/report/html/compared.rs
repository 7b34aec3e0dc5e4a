//! The run against its baseline.

use crate::report::rules;
use crate::summary::{Change, Compared, Comparison};

use super::number::{Number, measured};
use super::rows::Rows;

/// The comparison.
pub(super) struct Against {
    pub(super) baseline: String,
    pub(super) runs: String,
    pub(super) max_regression: String,
    pub(super) verdict: &'static str,
    pub(super) class: &'static str,
    pub(super) notes: Vec<String>,
    pub(super) rows: Rows<Row>,
}

/// One metric of one route.
pub(super) struct Row {
    pub(super) route: Option<String>,
    pub(super) metric: String,
    pub(super) before: Number,
    pub(super) after: Number,
    pub(super) change: Number,
    pub(super) band: String,
    pub(super) verdict: &'static str,
    pub(super) class: &'static str,
}

/// What the page says of a comparison.
pub(super) fn against(comparison: &Comparison) -> Against {
    Against {
        baseline: comparison.baseline.join(", "),
        runs: comparison.runs.join(", "),
        max_regression: format!("{:.0} %", comparison.max_regression * 100.0),
        verdict: word(comparison.verdict),
        class: class(comparison.verdict),
        notes: comparison.notes.clone(),
        rows: Rows::of(
            comparison
                .rows
                .iter()
                .enumerate()
                .map(|(place, it)| row(place, it, comparison.max_regression)),
        ),
    }
}

fn row(place: usize, row: &Compared, max_regression: f64) -> Row {
    let at = |field: &str| format!("comparison.rows.{place}.{field}");
    let number = |field: &str, value| Number::new(at(field), value, measured(value, row.unit));
    let changed = match row.change {
        Some(share) => Number::new(at("change"), share, rules::change(row, share)),
        None => Number::measured(at("change"), None, row.unit),
    };
    Row {
        route: row.route.clone(),
        metric: row.metric.clone(),
        before: number("before", row.before),
        after: number("after", row.after),
        change: changed,
        band: row.band.map_or_else(
            || "–".to_owned(),
            |band| {
                let [low, high] = band.map(|change| rules::change(row, change));
                format!("{low} to {high}")
            },
        ),
        verdict: match row.verdict {
            Change::Unchanged => rules::became(row, max_regression),
            verdict => word(verdict),
        },
        class: class(row.verdict),
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Improved => "better",
        Change::Mixed => "some better, others worse",
        Change::Regressed => "worse",
        Change::Unchanged => "unchanged",
    }
}

fn class(change: Change) -> &'static str {
    match change {
        Change::Improved => "good",
        Change::Mixed | Change::Regressed => "bad",
        Change::Unchanged => "plain",
    }
}
