//! The summary as Markdown, for a pull request or the summary of a job: what matters first.
//!
//! Pure. GitHub takes comments of 64 KB, so what is too long is cut row by row, and says so.

mod judged;
mod numbers;
mod write;

use crate::summary::{Status, Summary};
use crate::words;

use super::text;
use write::{code, list, prose};

/// The summary as Markdown, never longer than [`MOST_BYTES`].
pub(crate) fn render(summary: &Summary) -> String {
    let fitting = ROWS.iter().map(|&rows| page(summary, rows));
    let mut page = String::new();
    for shorter in fitting {
        page = shorter;
        if page.len() <= MOST_BYTES {
            break;
        }
    }
    page
}

fn page(summary: &Summary, rows: usize) -> String {
    [
        head(summary, rows),
        fidelity(summary),
        numbers::totals(summary),
        judged::thresholds(summary, rows),
        judged::slo(summary, rows),
        judged::checks(summary, rows),
        judged::comparison(summary, rows),
        numbers::slowest(summary, rows),
        numbers::failing(summary, rows),
        numbers::divergence(summary, rows),
        titled("Advice", &list(&summary.advice, rows)),
        numbers::routes(summary, rows),
    ]
    .concat()
}

/// The verdict and why, and what was played.
fn head(summary: &Summary, rows: usize) -> String {
    let (word, meaning) = text::verdict(summary);
    let mark = mark(summary.verdict.status == Status::Pass && !summary.interrupted);
    let settings = &summary.settings;
    let reasons = list(&summary.verdict.reasons, rows);
    let warnings = summary.warnings.iter();
    let warnings: Vec<_> = warnings.map(|it| format!("Warning: {it}")).collect();
    format!(
        "### {mark} {word}: {}\n\n{} at {} to {}, sessions {}\n\n{reasons}{}",
        prose(&meaning),
        code(&summary.capture.file),
        prose(&settings.pace),
        code(&settings.target),
        prose(&settings.sessions),
        list(&warnings, rows)
    )
}

fn fidelity(summary: &Summary) -> String {
    let fidelity = &summary.fidelity;
    format!(
        "Fidelity: {} of {} planned requests sent, lateness p99 {} (a bare timer {}), duration \
         ratio {:.4}, {} unresolved links.\n\n",
        words::percent(fidelity.achieved_ratio),
        summary.totals.planned,
        words::micros(fidelity.judged_lateness_p99),
        words::micros(fidelity.machine_lateness_p99),
        fidelity.duration_ratio,
        fidelity.unresolved_links
    )
}

/// A section, where there is anything in it.
fn titled(title: &str, content: &str) -> String {
    match content {
        "" => String::new(),
        content => format!("#### {title}\n\n{content}"),
    }
}

const fn mark(ok: bool) -> &'static str {
    if ok { "✓" } else { "✗" }
}

/// What GitHub takes as a comment is little more.
const MOST_BYTES: usize = 60_000;

/// How many rows a table may have: the first number with which all fits. Cells are bounded, so with
/// the last one it always does.
const ROWS: [usize; 6] = [200, 50, 20, 8, 2, 0];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample::{judged, summary};
    use crate::summary::Threshold;

    #[test]
    fn a_run_that_was_judged() {
        insta::assert_snapshot!(render(&judged()));
    }

    #[test]
    fn a_run_without_rules() {
        insta::assert_snapshot!(render(&summary()));
    }

    /// A summary with this many of everything, called so.
    fn crowded(many: usize, name: &str) -> Summary {
        let mut summary = judged();
        let names = || (0..many).map(|number| format!("{name}{number}"));
        let endpoint = summary.endpoints[0].clone();
        let endpoints = names().map(|route| crate::summary::Endpoint {
            route,
            ..endpoint.clone()
        });
        summary.endpoints = endpoints.collect();
        let rule = summary.thresholds[1].clone();
        let rules = names().map(|metric| Threshold {
            metric,
            ..rule.clone()
        });
        summary.thresholds = rules.collect();
        summary.verdict.reasons = names().collect();
        summary.warnings = names().collect();
        summary.advice = names().collect();
        let route = summary.divergence.routes[0].clone();
        let routes = names().map(|name| crate::summary::RouteDivergence {
            route: name,
            ..route.clone()
        });
        summary.divergence.routes = routes.collect();
        for text in [
            &mut summary.capture.file,
            &mut summary.settings.target,
            &mut summary.settings.pace,
        ] {
            *text = name.repeat(many.min(100));
        }
        let comparison = summary.comparison.as_mut().unwrap();
        let row = comparison.rows[1].clone();
        comparison.notes = names().collect();
        comparison.rows = names()
            .map(|name| crate::summary::Compared {
                route: Some(name),
                ..row.clone()
            })
            .collect();
        summary
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let name = "GET /api/v1/a/rather/long/route/with/{id}/and/more/";
        let text = render(&crowded(1_000, name));
        assert!(text.len() <= MOST_BYTES, "{}", text.len());
        assert!(text.contains(" more in summary.json"), "{text}");
        let whole = render(&crowded(8, name));
        assert!(!whole.contains(" more in summary.json"), "{whole}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn nothing_of_a_capture_is_markup(name in "[|`<>&*_\\[\\]~@#$!\\\\\n\r\u{1b}a-c/ ]{1,60}") {
            let text = render(&crowded(300, &name));
            prop_assert!(text.len() <= MOST_BYTES, "{}", text.len());
            // What is ours is made of these tags alone, and a table has as many cells in each row.
            let ours = ["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"];
            let rest = ours.iter().fold(text.clone(), |text, tag| text.replace(tag, ""));
            prop_assert!(!rest.contains(['<', '`', '\u{1b}', '\r', '@', '*']), "{}", rest);
            for table in text.split("\n\n").filter(|block| block.starts_with('|')) {
                let cells = |line: &str| line.matches('|').count();
                let mut lines = table.lines();
                let wide = cells(lines.next().unwrap());
                for line in lines {
                    prop_assert_eq!(cells(line), wide, "{}", line);
                }
            }
        }
    }
}
