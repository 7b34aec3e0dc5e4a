//! Rules on the numbers in words: what was measured, and which of them do not hold.
//!
//! Pure.

use crate::summary::{Change, Compared, Level, SloRow, Status, Summary, Threshold, Unit};
use crate::words;

use super::text;

/// A rule that does not hold, or another reason why a run did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// What was to hold: `http_req_duration p(95)<500`.
    pub(super) title: String,
    /// How it went, in words.
    pub(super) text: String,
}

/// All that kept the run from passing. Reasons that only repeat rules are left out.
pub(super) fn broken(summary: &Summary) -> Vec<Broken> {
    let thresholds = summary.thresholds.iter().filter(|rule| !rule.ok);
    let thresholds = thresholds.map(|rule| Broken {
        title: format!("{} {}", rule.metric, rule.expression),
        text: threshold(rule),
    });
    let rows = summary.slo.rows.iter().filter(|row| !row.ok);
    let rows = rows.map(|row| Broken {
        title: format!("{} ({})", row.name, row.metric),
        text: slo_row(row),
    });
    let compared = summary.comparison.iter().flat_map(|it| &it.rows);
    let regressed = compared.filter(|row| row.verdict == Change::Regressed);
    let regressed = regressed.map(|row| Broken {
        title: format!("{} of {} against the baseline", row.metric, route(row)),
        text: compared_row(row),
    });
    let rules: Vec<_> = thresholds.chain(rows).chain(regressed).collect();
    let tells_more = summary.interrupted || summary.verdict.status == Status::Invalid;
    if !rules.is_empty() && !tells_more {
        return rules;
    }
    let (word, meaning) = text::verdict(summary);
    let reasons = summary.verdict.reasons.iter().map(|reason| Broken {
        title: format!("{word}: {meaning}"),
        text: reason.clone(),
    });
    reasons.chain(rules).collect()
}

/// How a rule went.
pub(super) fn threshold(rule: &Threshold) -> String {
    let Some(measured) = rule.value else {
        return "there was nothing to measure".to_owned();
    };
    let limit = rule
        .limit
        .map(|it| format!(", the limit is {}", words::amount(it, rule.unit)));
    let second = rule.second.map(|it| format!(", worst from second {it} on"));
    let unknown = (!rule.known).then(|| format!("; {} samples are too few to know", rule.samples));
    let aborted = rule
        .aborted
        .then(|| "; the run was ended because of it".to_owned());
    let more = [limit, second, unknown, aborted];
    let more: String = more.into_iter().flatten().collect();
    format!("it is {}{more}", words::amount(measured, rule.unit))
}

/// Where a metric stands among the levels.
pub(super) fn slo_row(row: &SloRow) -> String {
    let levels = [
        ("normal", &row.normal),
        ("load", &row.load),
        ("critical", &row.critical),
    ];
    let levels = levels.into_iter().filter_map(|(name, level)| {
        let level = level.as_ref()?;
        Some(format!("{name} {level}"))
    });
    let levels = levels.collect::<Vec<_>>().join(", ");
    match row.value {
        None => format!("there was nothing to measure ({levels})"),
        Some(measured) => format!("it is {} ({levels})", words::amount(measured, row.unit)),
    }
}

/// What became of a metric.
pub(super) fn compared_row(row: &Compared) -> String {
    let [before, after] = [row.before, row.after].map(|it| words::amount(it, row.unit));
    let change = row.change.map(|it| format!(" ({})", change(row, it)));
    format!(
        "it was {before} and is {after}{}",
        change.unwrap_or_default()
    )
}

/// The route of a row, or all of them.
pub(super) fn route(row: &Compared) -> &str {
    row.route.as_deref().unwrap_or("all requests")
}

/// What a level is called.
pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::Unknown => "not judged",
        Level::Normal => "normal",
        Level::Load => "under load",
        Level::Degraded => "degraded",
        Level::Critical => "critical",
    }
}

/// A change of a row with its sign: of shares in points, of all else in percent.
pub(super) fn change(row: &Compared, change: f64) -> String {
    // Else a little less than nothing would be `-0.0 %`.
    let rounded = |number: f64, parts: f64| (number * parts).round() / parts + 0.0;
    match row.unit {
        Unit::Share => format!("{:+.2} points", rounded(change * 100.0, 100.0)),
        _ => format!("{:+.1} %", rounded(change * 100.0, 10.0)),
    }
}

/// What became of a row. What is not more than noise, or not judged, is not said to be the same.
pub(super) fn became(row: &Compared, max_regression: f64) -> &'static str {
    let is_beyond = row
        .change
        .is_some_and(|change| change.abs() > max_regression);
    match (row.verdict, row.band) {
        (Change::Improved, _) => "improved",
        (Change::Mixed, _) => "mixed",
        (Change::Regressed, _) => "regressed",
        (Change::Unchanged, None) if is_beyond => "not known",
        (Change::Unchanged, Some([low, high])) if is_beyond && (low > 0.0 || high < 0.0) => {
            "not judged"
        }
        (Change::Unchanged, _) => "unchanged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    fn all(summary: &Summary) -> String {
        let all = broken(summary).into_iter();
        let lines: Vec<_> = all.map(|it| format!("{}: {}", it.title, it.text)).collect();
        lines.join("\n")
    }

    #[test]
    fn each_broken_rule_is_told_once() {
        insta::assert_snapshot!(all(&judged()), @"
        http_req_duration{endpoint:POST /api/v1/auth/login} p(95)<10 for 5s: it is 16.4 ms, the limit is 10.0 ms, worst from second 3 on
        Error rate (http_req_failed rate): it is 0.10 % (normal <0.1%, load <1%, critical >5%)
        response p95 of POST /api/v1/auth/login against the baseline: it was 12.0 ms and is 16.4 ms (+36.7 %)
        ");
    }

    #[test]
    fn an_invalid_run_tells_why_before_its_rules() {
        let mut summary = judged();
        summary.verdict.status = Status::Invalid;
        summary.verdict.reasons = vec!["40 arrivals were dropped".to_owned()];
        let told = all(&summary);
        assert!(told.starts_with("INVALID: these numbers"), "{told}");
        assert_eq!(told.lines().count(), 4);
    }

    #[test]
    fn a_run_that_passed_has_nothing_broken() {
        assert_eq!(broken(&summary()), []);
    }
}
