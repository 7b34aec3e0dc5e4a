//! The verdict: whether the generator kept time, so that the numbers are the target's.
//!
//! Pure.

use crate::summary::{Fidelity, Latency, Status, Totals, Verdict};

/// Judges a run by its numbers.
pub(crate) fn judge(
    totals: &Totals,
    latency: &Latency,
    fidelity: &Fidelity,
    interrupted: bool,
) -> Verdict {
    let reasons: Vec<_> = if interrupted {
        vec![format!(
            "the run was interrupted, {} of {} arrivals were not sent",
            totals.dropped, totals.planned
        )]
    } else {
        [late(latency), short(fidelity, totals), lost(totals)]
            .into_iter()
            .flatten()
            .collect()
    };
    Verdict {
        status: if reasons.is_empty() {
            Status::Pass
        } else {
            Status::Invalid
        },
        reasons,
    }
}

fn late(latency: &Latency) -> Option<String> {
    let limit = (latency.service.p50 / 20).max(LATENESS_US);
    let p99 = latency.lateness.p99;
    (p99 > limit).then(|| {
        format!(
            "the generator was late by {} at p99, more than the {} it may be \
             (1 ms, or 5 % of the median service time)",
            millis(p99),
            millis(limit)
        )
    })
}

fn short(fidelity: &Fidelity, totals: &Totals) -> Option<String> {
    (fidelity.achieved_ratio < ACHIEVED).then(|| {
        format!(
            "only {} of {} planned arrivals were sent, fewer than 99 %",
            totals.sent, totals.planned
        )
    })
}

fn lost(totals: &Totals) -> Option<String> {
    (totals.dropped > 0).then(|| format!("{} arrivals were dropped", totals.dropped))
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

    fn reasons(change: impl FnOnce(&mut crate::summary::Summary)) -> Vec<String> {
        let mut summary = summary();
        change(&mut summary);
        let verdict = judge(
            &summary.totals,
            &summary.latency,
            &summary.fidelity,
            summary.interrupted,
        );
        assert_eq!(verdict.status == Status::Pass, verdict.reasons.is_empty());
        verdict.reasons
    }

    #[test]
    fn a_run_on_time_passes() {
        assert_eq!(reasons(|_| ()), [""; 0]);
        assert_eq!(
            reasons(|summary| summary.latency.lateness.p99 = 1_000),
            [""; 0]
        );
    }

    #[test]
    fn lateness_counts_against_the_service_time() {
        let late = |p50| {
            reasons(|summary| {
                summary.latency.service.p50 = p50;
                summary.latency.lateness.p99 = 1_500;
            })
        };
        assert_eq!(late(30_000), [""; 0]);
        assert_eq!(
            late(20_000),
            [
                "the generator was late by 1.500 ms at p99, more than the 1.000 ms it may be (1 ms, or 5 % of the median service time)"
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
        });
        assert_eq!(
            interrupted,
            ["the run was interrupted, 40 of 2000 arrivals were not sent"]
        );
    }

    #[test]
    fn a_slow_target_does_not_make_a_run_invalid() {
        let slow = reasons(|summary| {
            summary.latency.link_wait.p99 = 30_000_000;
            summary.latency.response.p99 = 60_000_000;
            summary.fidelity.duration_ratio = 3.0;
        });
        assert_eq!(slow, [""; 0]);
    }
}
