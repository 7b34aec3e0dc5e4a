//! A comparison as text and as Markdown: the verdict first and why, then what was compared.
//!
//! Of routes only the rows that changed are shown, and how many did not; the JSON has all.

use std::collections::BTreeSet;

use crate::summary::{Change, Compared, Comparison};
use crate::words;

use super::rules;
use super::text::section;

/// The whole comparison for the terminal.
pub(crate) fn text(comparison: &Comparison) -> String {
    let (word, meaning) = verdict(comparison);
    let lines = [format!(
        "{}, then {}",
        comparison.baseline.join(", "),
        comparison.runs.join(", ")
    )];
    let because = reasons(comparison)
        .into_iter()
        .map(|reason| format!("because {reason}"));
    let notes = comparison.notes.iter().map(|note| format!("note: {note}"));
    let lines: String = lines
        .into_iter()
        .chain(because)
        .chain(notes)
        .map(|line| format!("      {line}\n"))
        .collect();
    format!("{word}  {meaning}\n{lines}\n{}", sections(comparison))
}

/// Its tables for the terminal, which have no verdict of the whole.
pub(crate) fn sections(comparison: &Comparison) -> String {
    let all = section(
        "compared with the baseline",
        &words::table(&rows(comparison, ALL), COLUMNS),
    );
    let routes = rows(comparison, CHANGED_ROUTES);
    let routes = match routes.len() {
        1 => String::new(),
        _ => section("routes that changed", &words::table(&routes, ROUTE_COLUMNS)),
    };
    let rest = unchanged(comparison);
    let rest = rest.map_or_else(String::new, |rest| format!("  {rest}\n\n"));
    format!("{all}{routes}{rest}")
}

/// What makes the comparison doubtful, for the terminal.
pub(crate) fn notes(comparison: &Comparison) -> String {
    let notes = comparison.notes.iter();
    let notes: String = notes.map(|note| format!("  note: {note}\n")).collect();
    match notes.as_str() {
        "" => notes,
        _ => notes + "\n",
    }
}

/// The whole comparison as Markdown, such as for a pull request.
pub(crate) fn markdown(comparison: &Comparison) -> String {
    let (word, meaning) = verdict(comparison);
    let named = |names: &[String]| {
        let names: Vec<_> = names.iter().map(|name| escaped(name)).collect();
        names.join(", ")
    };
    let reasons = reasons(comparison).into_iter();
    let notes = comparison.notes.iter();
    let notes: String = reasons
        .chain(notes.map(|note| format!("Note: {note}")))
        .map(|line| format!("- {}\n", escaped(&line)))
        .collect();
    let routes = rows(comparison, CHANGED_ROUTES);
    let routes = match routes.len() {
        1 => String::new(),
        _ => format!("\n{}", markdown_table(&routes, ROUTE_COLUMNS)),
    };
    let rest = unchanged(comparison);
    let rest = rest.map_or_else(String::new, |rest| format!("\n{}\n", capital(&rest)));
    format!(
        "### {}: {meaning}\n\nBaseline: {}. Compared: {}.\n\n{notes}\n{}{routes}{rest}",
        capital(&word.to_lowercase()),
        named(&comparison.baseline),
        named(&comparison.runs),
        markdown_table(&rows(comparison, ALL), COLUMNS),
    )
}

/// What the verdict is called, and what it means.
pub(crate) fn verdict(comparison: &Comparison) -> (&'static str, String) {
    let count = |verdict| {
        let rows = comparison.rows.iter();
        rows.filter(|row| row.verdict == verdict).count()
    };
    let (better, worse) = (count(Change::Improved), count(Change::Regressed));
    let of = comparison.rows.len();
    let by = format!(
        "by more than {} and more than noise",
        percent(comparison.max_regression)
    );
    let are = |number| if number == 1 { "is" } else { "are" };
    match comparison.verdict {
        Change::Improved => (
            "IMPROVED",
            format!("{better} of {of} figures {} better {by}", are(better)),
        ),
        Change::Mixed => (
            "MIXED",
            format!(
                "{worse} of {of} figures {} worse {by}, and {better} better",
                are(worse)
            ),
        ),
        Change::Regressed => (
            "REGRESSED",
            format!("{worse} of {of} figures {} worse {by}", are(worse)),
        ),
        Change::Unchanged => (
            "UNCHANGED",
            format!("none of {of} figures is better or worse {by}"),
        ),
    }
}

/// What is worse, and then what is better: some of each, those of all requests first.
fn reasons(comparison: &Comparison) -> Vec<String> {
    let of = |verdict| {
        let rows = comparison.rows.iter();
        let rows: Vec<_> = rows.filter(|row| row.verdict == verdict).collect();
        let more = rows.len().saturating_sub(MOST_REASONS);
        let shown = rows.into_iter().take(MOST_REASONS).map(reason);
        let more = (more > 0).then(|| format!("of {more} more in the tables"));
        shown.chain(more).collect::<Vec<_>>()
    };
    let mut reasons = of(Change::Regressed);
    reasons.extend(of(Change::Improved));
    reasons
}

fn reason(row: &Compared) -> String {
    let of = row
        .route
        .as_ref()
        .map_or_else(String::new, |route| format!(" of {route}"));
    let word = match row.verdict {
        Change::Regressed => "worse",
        _ => "better",
    };
    let [metric, before, after, change, ..] = cells(row, 0.0);
    format!("{metric}{of} went from {before} to {after} ({change}), which is {word}")
}

/// Rows for a table, the head first.
fn rows(comparison: &Comparison, which: Which) -> Vec<Vec<String>> {
    let head = ["metric", "before", "after", "change", "between", "verdict"];
    let head = which.names.then_some("route").into_iter().chain(head);
    let rows = comparison.rows.iter().filter(|row| (which.has)(row));
    let rows = rows.map(|row| {
        let route = row.route.clone().filter(|_| which.names);
        let cells = cells(row, comparison.max_regression);
        route.into_iter().chain(cells).collect()
    });
    [head.map(str::to_owned).collect()]
        .into_iter()
        .chain(rows)
        .collect()
}

/// Which rows a table has.
struct Which {
    /// Whether they begin with a route.
    names: bool,
    has: fn(&Compared) -> bool,
}

/// How many rows of routes are in no table.
fn unchanged(comparison: &Comparison) -> Option<String> {
    let left: Vec<_> = comparison
        .rows
        .iter()
        .filter(|row| row.route.is_some() && row.verdict == Change::Unchanged)
        .collect();
    let routes: BTreeSet<_> = left.iter().map(|row| &row.route).collect();
    let plural = if routes.len() == 1 { "" } else { "s" };
    (!left.is_empty()).then(|| {
        format!(
            "{} figures of {} route{plural} did not change by more than is allowed and noise",
            left.len(),
            routes.len()
        )
    })
}

fn cells(row: &Compared, max_regression: f64) -> [String; 6] {
    let change = |change: f64| rules::change(row, change);
    let nothing = || "–".to_owned();
    [
        row.metric.clone(),
        words::amount(row.before, row.unit),
        words::amount(row.after, row.unit),
        row.change.map_or_else(nothing, change),
        row.band.map_or_else(nothing, |band| {
            let [low, high] = band.map(change);
            format!("{low} … {high}")
        }),
        rules::became(row, max_regression).to_owned(),
    ]
}

/// A percentage as short as it is: `10 %`, `7.5 %`.
fn percent(share: f64) -> String {
    let percent = (share * 1e4).round() / 100.0;
    format!("{percent} %")
}

fn markdown_table(rows: &[Vec<String>], right: &[bool]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = right
        .iter()
        .map(|&right| if right { "--:" } else { "---" }.to_owned());
    let mut lines = rows
        .iter()
        .map(|row| line(row.iter().map(|cell| escaped(cell)).collect()));
    let head = lines.next().unwrap_or_default();
    let rest: String = lines.collect();
    format!("{head}{}{rest}", line(rule.collect()))
}

/// Text that stays text: names come from files.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' | '!' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

const ALL: Which = Which {
    names: false,
    has: |row| row.route.is_none(),
};
const CHANGED_ROUTES: Which = Which {
    names: true,
    has: |row| row.route.is_some() && row.verdict != Change::Unchanged,
};
const COLUMNS: &[bool] = &[false, true, true, true, true, false];
const ROUTE_COLUMNS: &[bool] = &[false, false, true, true, true, true, false];
/// Of each kind; more are only in the tables.
const MOST_REASONS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::judged;
    use crate::summary::Unit;

    fn comparison() -> Comparison {
        let mut comparison = judged().comparison.unwrap();
        let share = Compared {
            route: None,
            metric: "failed requests".to_owned(),
            unit: Unit::Share,
            before: 0.02,
            after: 0.001,
            change: Some(-0.019),
            band: Some([-0.025, -0.014]),
            verdict: Change::Improved,
        };
        let odd = Compared {
            route: Some("GET /a|b_<c>".to_owned()),
            ..share.clone()
        };
        comparison.rows.extend([share, odd]);
        comparison
    }

    #[test]
    fn it_is_told_as_text() {
        insta::assert_snapshot!(text(&comparison()));
    }

    #[test]
    fn it_is_told_as_markdown() {
        insta::assert_snapshot!(markdown(&comparison()));
    }

    #[test]
    fn each_verdict_says_what_it_means() {
        let mut comparison = comparison();
        comparison.max_regression = 0.075;
        let told = [
            Change::Improved,
            Change::Mixed,
            Change::Regressed,
            Change::Unchanged,
        ]
        .map(|verdict| {
            comparison.verdict = verdict;
            let (word, meaning) = super::verdict(&comparison);
            format!("{word}: {meaning}")
        });
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn many_reasons_are_cut_short() {
        let mut comparison = comparison();
        let one = comparison.rows[1].clone();
        comparison.rows = vec![one; 8];
        let text = text(&comparison);
        assert_eq!(text.matches("because response p95").count(), 5);
        assert!(text.contains("because of 3 more in the tables\n"));
    }
}
