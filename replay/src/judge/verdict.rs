//! The verdict on a run: whether its numbers can be trusted, and then what they are worth.
//!
//! Pure.

use crate::summary::{Change, Comparison, Slo, Status, Threshold, Verdict};
use crate::words;

/// Joins what is known: broken rules make a run fail whose numbers can be trusted.
pub(crate) fn verdict(
    trust: Verdict,
    thresholds: &[Threshold],
    slo: &Slo,
    comparison: Option<&Comparison>,
) -> Verdict {
    let broken = broken(thresholds, slo, comparison);
    match trust.status {
        Status::Invalid => trust,
        Status::Pass if broken.is_empty() => trust,
        Status::Pass | Status::Fail => Verdict {
            status: Status::Fail,
            reasons: [trust.reasons, broken].concat(),
        },
    }
}

/// What did not hold, in full sentences.
fn broken(thresholds: &[Threshold], slo: &Slo, comparison: Option<&Comparison>) -> Vec<String> {
    let thresholds = thresholds.iter().filter(|threshold| !threshold.ok);
    let thresholds = thresholds.map(|threshold| {
        let value = threshold
            .value
            .map(|value| words::amount(value, threshold.unit));
        let second = threshold
            .second
            .map_or_else(String::new, |second| format!(" from second {second} on"));
        let end = match threshold.aborted {
            true => ", which ended the run",
            false => "",
        };
        format!(
            "{}: {} does not hold: it is {}{second}{end}",
            threshold.metric,
            threshold.expression,
            value.unwrap_or_default(),
        )
    });
    let objectives = slo.rows.iter().filter(|row| !row.ok);
    let objectives = objectives.map(|row| {
        let value = row.value.map(|value| words::amount(value, row.unit));
        format!(
            "the objective {} is missed: it is {}",
            row.name,
            value.unwrap_or_default()
        )
    });
    let compared = comparison.into_iter().flat_map(|comparison| {
        let rows = comparison.rows.iter();
        rows.filter(|row| row.verdict == Change::Regressed)
            .map(|row| {
                let of = row.route.as_deref().unwrap_or("all requests");
                format!(
                    "{} of {of} is worse than the baseline's: {} and not {}",
                    row.metric,
                    words::amount(row.after, row.unit),
                    words::amount(row.before, row.unit)
                )
            })
    });
    thresholds.chain(objectives).chain(compared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::judged;

    fn of(status: Status, reasons: &[&str]) -> Verdict {
        let reasons = reasons.iter().map(|&it| it.to_owned()).collect();
        Verdict { status, reasons }
    }

    fn joined(trust: Verdict) -> Verdict {
        let run = judged();
        verdict(trust, &run.thresholds, &run.slo, run.comparison.as_ref())
    }

    #[test]
    fn what_does_not_hold_fails_a_run_that_can_be_trusted() {
        let verdict = joined(of(Status::Pass, &[]));
        assert_eq!(verdict.status, Status::Fail);
        insta::assert_snapshot!(verdict.reasons.join("\n"), @"http_req_duration{endpoint:POST /api/v1/auth/login}: p(95)<10 for 5s does not hold: it is 16.4 ms from second 3 on
the objective Error rate is missed: it is 0.10 %
response p95 of POST /api/v1/auth/login is worse than the baseline's: 16.4 ms and not 12.0 ms");
    }

    #[test]
    fn an_invalid_run_stays_invalid() {
        let trust = of(Status::Invalid, &["late"]);
        assert_eq!(joined(trust.clone()), trust);
    }

    #[test]
    fn a_run_in_which_nothing_worked_says_that_first() {
        let verdict = joined(of(Status::Fail, &["nothing"]));
        assert_eq!(verdict.reasons[0], "nothing");
        assert!(verdict.reasons.len() > 1);
    }

    #[test]
    fn nothing_broken_changes_nothing() {
        let run = crate::report::sample::summary();
        let trust = of(Status::Pass, &[]);
        assert_eq!(verdict(trust.clone(), &[], &run.slo, None), trust);
    }
}
