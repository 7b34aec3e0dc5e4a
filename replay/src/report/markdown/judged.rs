//! Tables of what a run was asked to hold; what does not hold is on top.
//!
//! Pure.

use crate::report::rules;
use crate::summary::{Change, Compared, Level, SloRow, Summary, Threshold};
use crate::words;

use super::write::{code, folded, list, prose};
use super::{mark, titled};

/// The rules on the numbers.
pub(super) fn thresholds(summary: &Summary, most: usize) -> String {
    let mut rules: Vec<_> = summary.thresholds.iter().collect();
    if rules.is_empty() {
        return String::new();
    }
    rules.sort_by_key(|rule| rule.ok);
    let rows: Vec<_> = rules.into_iter().map(threshold).collect();
    let head = [
        ("", false),
        ("metric", false),
        ("rule", false),
        ("measured", true),
        ("samples", true),
    ];
    titled("Thresholds", &folded("All thresholds", &head, &rows, most))
}

fn threshold(rule: &Threshold) -> Vec<String> {
    let value = rule.value.map(|value| words::amount(value, rule.unit));
    let measured = value.unwrap_or_else(|| "nothing".to_owned());
    let second = rule.second.map(|it| format!(" from second {it} on"));
    let second = second.unwrap_or_default();
    let aborted = if rule.aborted { ", ended the run" } else { "" };
    let few = if rule.known { "" } else { ", too few to know" };
    vec![
        match (rule.ok, rule.value) {
            (true, None) => "–".to_owned(),
            _ => mark(rule.ok).to_owned(),
        },
        code(&rule.metric),
        code(&rule.expression),
        format!("{measured}{second}{aborted}"),
        format!("{}{few}", rule.samples),
    ]
}

/// Where metrics stand among the levels.
pub(super) fn slo(summary: &Summary, most: usize) -> String {
    let slo = &summary.slo;
    if slo.rows.is_empty() {
        return String::new();
    }
    let asked = slo.asked.map_or("nothing", rules::level);
    let stands = rules::level(slo.stands);
    let mut rows: Vec<_> = slo.rows.iter().collect();
    rows.sort_by_key(|row| row.ok);
    let rows: Vec<_> = rows.into_iter().map(slo_row).collect();
    let head = [
        ("", false),
        ("objective", false),
        ("measured", true),
        ("normal", true),
        ("load", true),
        ("critical", true),
        ("stands", false),
    ];
    let table = folded("All objectives", &head, &rows, most);
    let told = format!("Asked for {asked}, stands at {stands}.\n\n{table}");
    titled("Service level objectives", &told)
}

fn slo_row(row: &SloRow) -> Vec<String> {
    let value = row.value.map(|value| words::amount(value, row.unit));
    let limit = |limit: &Option<String>| limit.as_deref().map_or_else(String::new, code);
    vec![
        match row.level {
            Level::Unknown => "–".to_owned(),
            _ => mark(row.ok).to_owned(),
        },
        prose(&row.name),
        value.unwrap_or_else(|| "nothing".to_owned()),
        limit(&row.normal),
        limit(&row.load),
        limit(&row.critical),
        rules::level(row.level).to_owned(),
    ]
}

/// Checks on answers.
pub(super) fn checks(summary: &Summary, most: usize) -> String {
    let mut checks: Vec<_> = summary.checks.iter().collect();
    if checks.is_empty() {
        return String::new();
    }
    checks.sort_by_key(|check| check.fails == 0);
    let rows = checks.iter().map(|check| {
        let held = mark(check.fails == 0).to_owned();
        let [passes, fails] = [check.passes, check.fails].map(|count| count.to_string());
        vec![held, prose(&check.name), passes, fails]
    });
    let rows: Vec<_> = rows.collect();
    let head = [
        ("", false),
        ("check", false),
        ("held", true),
        ("did not", true),
    ];
    titled("Checks", &folded("All checks", &head, &rows, most))
}

/// The run against the baseline.
pub(super) fn comparison(summary: &Summary, most: usize) -> String {
    let Some(comparison) = &summary.comparison else {
        return String::new();
    };
    let mut rows: Vec<_> = comparison.rows.iter().collect();
    rows.sort_by_key(|row| order(row.verdict));
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| compared(row, comparison.max_regression))
        .collect();
    let head = [
        ("", false),
        ("route", false),
        ("metric", false),
        ("before", true),
        ("after", true),
        ("change", true),
        ("95 % sure", true),
    ];
    let told = format!(
        "{}: {} against {}, at most {} worse.\n\n{}{}",
        word(comparison.verdict),
        named(&comparison.runs),
        named(&comparison.baseline),
        words::percent(comparison.max_regression),
        list(&comparison.notes, most),
        folded("All comparisons", &head, &rows, most)
    );
    titled("Against the baseline", &told)
}

fn compared(row: &Compared, max_regression: f64) -> Vec<String> {
    let route = row.route.as_deref().map_or_else(|| "all".to_owned(), code);
    let change = |change| rules::change(row, change);
    let changed = row.change.map_or_else(|| "–".to_owned(), change);
    let band = row.band.map(|band| {
        let [low, high] = band.map(change);
        format!("{low} to {high}")
    });
    vec![
        match row.verdict {
            Change::Unchanged => rules::became(row, max_regression).to_owned(),
            verdict => word(verdict).to_owned(),
        },
        route,
        prose(&row.metric),
        words::amount(row.before, row.unit),
        words::amount(row.after, row.unit),
        changed,
        band.unwrap_or_else(|| "–".to_owned()),
    ]
}

fn named(runs: &[String]) -> String {
    let shown = runs.iter().take(SHOWN).map(|run| code(run));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match runs.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::Improved => "better",
        Change::Mixed => "mixed",
        Change::Regressed => "✗ worse",
        Change::Unchanged => "unchanged",
    }
}

/// What is worse first.
const fn order(change: Change) -> u8 {
    match change {
        Change::Regressed => 0,
        Change::Mixed => 1,
        Change::Improved => 2,
        Change::Unchanged => 3,
    }
}

/// Runs that are named.
const SHOWN: usize = 5;
