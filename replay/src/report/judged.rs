//! What was asked of a run and how that went, as tables: thresholds, checks, objectives.

use crate::summary::{Check, Level, SloRow, Summary, Threshold};
use crate::words;

use super::rules;
use super::text::section;

/// The sections of the text; nothing where nothing was asked.
pub(super) fn sections(summary: &Summary) -> String {
    let titled = |name: &str, rows: Vec<Vec<String>>, columns: &[bool]| match rows.len() {
        0 | 1 => String::new(),
        _ => section(name, &words::table(&rows, columns)),
    };
    titled(
        "thresholds",
        thresholds(summary),
        &[false, false, false, true, false],
    ) + &titled("checks", checks(summary), &[false, false, true, true])
        + &titled(
            "service level objectives",
            asked_objectives(summary),
            &[false, false, true, true, true, true, false],
        )
}

/// Each rule with its value; the first row is the head.
pub(super) fn thresholds(summary: &Summary) -> Vec<Vec<String>> {
    let head = ["", "metric", "rule", "value", ""];
    let rows = summary.thresholds.iter().map(|threshold| {
        vec![
            match (threshold.value, threshold.ok) {
                (None, true) => "–".to_owned(),
                _ => mark(threshold.ok).to_owned(),
            },
            threshold.metric.clone(),
            threshold.expression.clone(),
            threshold
                .value
                .map_or_else(none, |value| words::amount(value, threshold.unit)),
            note(threshold),
        ]
    });
    with(head, rows)
}

/// What is to be known of a rule's value.
pub(super) fn note(threshold: &Threshold) -> String {
    let mut notes = Vec::new();
    if threshold.value.is_none() && !threshold.ok {
        notes.push("it never came back".to_owned());
    } else if threshold.value.is_none() {
        notes.push("there was nothing to measure".to_owned());
    } else if !threshold.known {
        notes.push(format!(
            "of {} requests, too few to know it",
            threshold.samples
        ));
    }
    if let Some(second) = threshold.second {
        notes.push(format!("worst from second {second} on"));
    }
    if let Some(limit) = threshold.limit
        && threshold.expression.contains("baseline")
    {
        let limit = words::amount(limit, threshold.unit);
        notes.push(format!("the baseline makes that {limit}"));
    }
    if threshold.aborted {
        notes.push("ended the run".to_owned());
    }
    notes.join("; ")
}

/// Each check with its pass rate; the first row is the head.
pub(super) fn checks(summary: &Summary) -> Vec<Vec<String>> {
    let rows = summary.checks.iter().map(|check| {
        vec![
            mark(check.fails == 0).to_owned(),
            check.name.clone(),
            pass_rate(check),
            format!("{} of {}", check.passes, check.passes + check.fails),
        ]
    });
    with(["", "check", "held", "answers"], rows)
}

/// How often a check held.
pub(super) fn pass_rate(check: &Check) -> String {
    match check.passes + check.fails {
        0 => none(),
        all => words::percent(check.passes as f64 / all as f64),
    }
}

/// The objectives, where a level of them was asked for: the report shows them always.
fn asked_objectives(summary: &Summary) -> Vec<Vec<String>> {
    summary
        .slo
        .asked
        .map(|_| objectives(summary))
        .unwrap_or_default()
}

/// Where each objective stands; the first row is the head.
pub(super) fn objectives(summary: &Summary) -> Vec<Vec<String>> {
    let head = [
        "",
        "objective",
        "value",
        "normal",
        "under load",
        "critical",
        "stands at",
    ];
    let rows = summary.slo.rows.iter().map(|row| {
        let bound = |bound: &Option<String>| bound.clone().unwrap_or_else(none);
        vec![
            objective_mark(summary, row).to_owned(),
            row.name.clone(),
            row.value
                .map_or_else(none, |value| words::amount(value, row.unit)),
            bound(&row.normal),
            bound(&row.load),
            bound(&row.critical),
            rules::level(row.level).to_owned(),
        ]
    });
    with(head, rows)
}

/// A mark where a level was asked for.
fn objective_mark(summary: &Summary, row: &SloRow) -> &'static str {
    match (summary.slo.asked, row.level) {
        (None, _) | (_, Level::Unknown) => "",
        _ => mark(row.ok),
    }
}

/// Whether something held.
pub(super) const fn mark(ok: bool) -> &'static str {
    if ok { "✓" } else { "✗" }
}

fn none() -> String {
    "–".to_owned()
}

fn with<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = Vec<String>>,
) -> Vec<Vec<String>> {
    let head = head.map(str::to_owned).to_vec();
    [head].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    #[test]
    fn what_was_asked_and_how_it_went() {
        insta::assert_snapshot!(sections(&judged()));
    }

    #[test]
    fn nothing_is_said_where_nothing_was_asked() {
        assert_eq!(sections(&summary()), "");
    }
}
