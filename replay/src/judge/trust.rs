//! The verdict: whether anything worked, and whether the generator kept time, so that the
//! numbers are the target's.
//!
//! Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::engine::Failure;
use crate::summary::{Fidelity, Latency, Status, Totals, Verdict};

/// What a verdict is based on.
pub(crate) struct Evidence<'a> {
    /// How many requests, and how they went.
    pub(crate) totals: &'a Totals,
    /// The clocks.
    pub(crate) latency: &'a Latency,
    /// How true the run was to its plan.
    pub(crate) fidelity: &'a Fidelity,
    /// Answers by status.
    pub(crate) statuses: &'a BTreeMap<String, u64>,
    /// Requests without an answer, by reason.
    pub(crate) errors: &'a BTreeMap<String, u64>,
    /// Whether a wrong key can be the reason of a 403.
    pub(crate) via_loadtest: bool,
    /// Whether the run was cut short by a signal.
    pub(crate) interrupted: bool,
    /// Whether requests went when others had been answered: then none can be late.
    pub(crate) is_closed: bool,
    /// Whether too many requests on their way ended the run, as was asked.
    pub(crate) aborted: bool,
    /// Whether a rule that did not hold ended the run, as was asked.
    pub(crate) ended_by_rule: bool,
    /// Why not all of the plan was made.
    pub(crate) trouble: Option<String>,
}

/// Judges a run by its numbers.
pub(crate) fn judge(evidence: &Evidence<'_>) -> Verdict {
    let (totals, fidelity) = (evidence.totals, evidence.fidelity);
    let late = late(fidelity, evidence.latency).filter(|_| !evidence.is_closed);
    let (worst, reasons) = if evidence.interrupted {
        let cut = format!(
            "the run was interrupted, {} of {} arrivals were not sent",
            totals.dropped, totals.planned
        );
        (Status::Invalid, vec![Some(cut), late])
    } else {
        let failed = nothing_worked(evidence).or_else(|| aborted(evidence));
        let worst = match failed {
            Some(_) => Status::Fail,
            None => Status::Invalid,
        };
        let cut = |reason: Option<String>| reason.filter(|_| !evidence.ended_by_rule);
        let lost = cut(lost(totals, fidelity));
        let (short, trouble) = (cut(short(fidelity, totals)), evidence.trouble.clone());
        (worst, vec![failed, trouble, late, short, lost])
    };
    let reasons: Vec<_> = reasons.into_iter().flatten().collect();
    Verdict {
        status: if reasons.is_empty() {
            Status::Pass
        } else {
            worst
        },
        reasons,
    }
}

/// A run without one success measures nothing, however well it kept its schedule.
fn nothing_worked(evidence: &Evidence<'_>) -> Option<String> {
    let totals = evidence.totals;
    if totals.completed > 0 {
        return None;
    }
    let came: Vec<_> = [evidence.statuses, evidence.errors]
        .into_iter()
        .flat_map(most_first)
        .map(|(name, count)| format!("{count} × {name}"))
        .collect();
    let hint = if evidence.via_loadtest && mostly_refused(evidence) {
        "; is LOAD_TEST_KEY the proxy's key?"
    } else {
        ""
    };
    Some(format!(
        "not one of {} requests succeeded: {}{hint}",
        totals.sent,
        came.join(", ")
    ))
}

/// Whether 403 is most of what came; that a session has no token is what follows from it.
fn mostly_refused(evidence: &Evidence<'_>) -> bool {
    let of = |counts: &BTreeMap<String, u64>, name| counts.get(name).copied().unwrap_or_default();
    let tried = evidence.totals.sent - of(evidence.errors, Failure::Auth.name());
    of(evidence.statuses, "403") * 2 > tried
}

fn most_first(counts: &BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|&(_, &count)| Reverse(count));
    counts
}

fn late(fidelity: &Fidelity, latency: &Latency) -> Option<String> {
    let limit = lateness_limit(latency);
    let p99 = fidelity.judged_lateness_p99;
    (p99 > limit).then(|| {
        format!(
            "the generator was late by {} at p99, more than the {} it may be \
             (1 ms, or 5 % of the median service time); a bare timer on this machine was late by {}",
            millis(p99),
            millis(limit),
            millis(fidelity.machine_lateness_p99)
        )
    })
}

/// What the generator may be late by at p99, in microseconds.
pub(crate) fn lateness_limit(latency: &Latency) -> u64 {
    (latency.service.p50 / 20).max(LATENESS_US)
}

fn short(fidelity: &Fidelity, totals: &Totals) -> Option<String> {
    (fidelity.achieved_ratio < ACHIEVED).then(|| {
        format!(
            "only {} of {} planned arrivals were sent, fewer than 99 %",
            totals.sent, totals.planned
        )
    })
}

fn lost(totals: &Totals, fidelity: &Fidelity) -> Option<String> {
    let asked = fidelity.dropped_as_asked + fidelity.skipped_as_asked;
    let unasked = totals.dropped - asked;
    (unasked > 0).then(|| format!("{unasked} arrivals were dropped"))
}

fn aborted(evidence: &Evidence<'_>) -> Option<String> {
    evidence.aborted.then(|| {
        "more requests would have been on their way than `--max-in-flight` allows, \
         and `--on-overload abort` ended the run"
            .to_owned()
    })
}

fn millis(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

/// Lateness that is always allowed at p99, in microseconds.
const LATENESS_US: u64 = 1_000;
/// The share of planned arrivals that must be sent.
const ACHIEVED: f64 = 0.99;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;
    use crate::summary::Summary;

    fn reasons(change: impl FnOnce(&mut Summary)) -> Vec<String> {
        let mut summary = summary();
        change(&mut summary);
        let verdict = verdict(&summary);
        assert_eq!(verdict.status == Status::Pass, verdict.reasons.is_empty());
        verdict.reasons
    }

    fn verdict(summary: &Summary) -> Verdict {
        judge(&evidence(summary))
    }

    fn evidence(summary: &Summary) -> Evidence<'_> {
        Evidence {
            totals: &summary.totals,
            latency: &summary.latency,
            fidelity: &summary.fidelity,
            statuses: &summary.statuses,
            errors: &summary.errors,
            via_loadtest: summary.settings.via_loadtest,
            interrupted: summary.interrupted,
            is_closed: false,
            aborted: false,
            ended_by_rule: false,
            trouble: None,
        }
    }

    #[test]
    fn a_run_in_which_nothing_worked_fails_and_says_what_came() {
        let of = |statuses: &[(&str, u64)], errors: &[(&str, u64)]| {
            let map = |counts: &[(&str, u64)]| {
                let counts = counts.iter();
                counts
                    .map(|&(name, count)| (name.to_owned(), count))
                    .collect()
            };
            let mut summary = summary();
            summary.totals.sent = 50;
            summary.totals.completed = 0;
            (summary.statuses, summary.errors) = (map(statuses), map(errors));
            let verdict = verdict(&summary);
            assert_eq!(verdict.status, Status::Fail);
            verdict.reasons.join("\n")
        };
        assert_eq!(
            of(&[("403", 17)], &[("auth", 33)]),
            "not one of 50 requests succeeded: 17 × 403, 33 × auth; is LOAD_TEST_KEY the proxy's key?"
        );
        assert_eq!(
            of(&[("403", 1), ("500", 4)], &[("connect.refused", 45)]),
            "not one of 50 requests succeeded: 4 × 500, 1 × 403, 45 × connect.refused"
        );
    }

    #[test]
    fn a_run_on_time_passes() {
        assert_eq!(reasons(|_| ()), [""; 0]);
        assert_eq!(
            reasons(|summary| summary.fidelity.judged_lateness_p99 = 1_000),
            [""; 0]
        );
    }

    #[test]
    fn lateness_counts_against_the_service_time() {
        let late = |p50| {
            reasons(|summary| {
                summary.latency.service.p50 = p50;
                summary.fidelity.judged_lateness_p99 = 1_500;
            })
        };
        assert_eq!(late(30_000), [""; 0]);
        assert_eq!(
            late(20_000),
            [
                "the generator was late by 1.500 ms at p99, more than the 1.000 ms it may be (1 ms, or 5 % of the median service time); a bare timer on this machine was late by 0.041 ms"
            ]
        );
    }

    #[test]
    fn what_was_not_sent_makes_a_run_invalid() {
        let short = reasons(|summary| {
            summary.fidelity.achieved_ratio = 0.98;
            summary.totals.dropped = 40;
            summary.totals.sent = 1_960;
        });
        assert_eq!(
            short,
            [
                "only 1960 of 2000 planned arrivals were sent, fewer than 99 %",
                "40 arrivals were dropped"
            ]
        );
        let interrupted = reasons(|summary| {
            summary.interrupted = true;
            summary.totals.dropped = 40;
            summary.totals.completed = 0;
        });
        assert_eq!(
            interrupted,
            ["the run was interrupted, 40 of 2000 arrivals were not sent"]
        );
    }

    #[test]
    fn what_was_dropped_as_asked_and_a_hundredth_of_all_may_be_missing() {
        let asked = reasons(|summary| {
            summary.totals.dropped = 40;
            summary.fidelity.dropped_as_asked = 30;
            summary.fidelity.skipped_as_asked = 10;
            summary.fidelity.achieved_ratio = 0.99;
        });
        assert_eq!(asked, [""; 0]);
    }

    #[test]
    fn a_plan_that_broke_off_makes_a_run_invalid() {
        let summary = summary();
        let verdict = judge(&Evidence {
            trouble: Some("line 7 is torn".to_owned()),
            ..evidence(&summary)
        });
        assert_eq!(verdict.reasons, ["line 7 is torn"]);
        assert!(verdict.status == Status::Invalid);
    }

    #[test]
    fn nothing_is_late_where_answers_make_the_pace() {
        let mut summary = summary();
        summary.fidelity.judged_lateness_p99 = 1_000_000;
        let verdict = judge(&Evidence {
            is_closed: true,
            ..evidence(&summary)
        });
        assert_eq!(verdict.status, Status::Pass, "{:?}", verdict.reasons);
    }

    #[test]
    fn a_slow_target_does_not_make_a_run_invalid() {
        let slow = reasons(|summary| {
            summary.latency.link_wait.p99 = 30_000_000;
            summary.latency.lateness.p99 = 20_000;
            summary.latency.response.p99 = 60_000_000;
            summary.fidelity.duration_ratio = 3.0;
        });
        assert_eq!(slow, [""; 0]);
    }
}
