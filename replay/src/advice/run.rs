//! Advice on a run whose numbers say nothing about the target.

use crate::judge;
use crate::summary::{Model, Status, Summary};
use crate::words;

/// Whether there is more that makes the run invalid than that somebody ended it.
pub(super) fn is_untrue(summary: &Summary) -> bool {
    let known = usize::from(summary.interrupted);
    summary.verdict.status == Status::Invalid && summary.verdict.reasons.len() > known
}

/// What to do so that the next run says something.
pub(super) fn remedies(summary: &Summary) -> Vec<String> {
    let said: Vec<_> = [late(summary), unsent(summary)]
        .into_iter()
        .flatten()
        .collect();
    if !said.is_empty() {
        return said;
    }
    let reasons = summary.verdict.reasons.join("; ");
    vec![format!(
        "this run says nothing about the target, because {reasons}: see to that, and play again"
    )]
}

/// The generator was late.
fn late(summary: &Summary) -> Option<String> {
    let fidelity = &summary.fidelity;
    let (late, machine) = (fidelity.judged_lateness_p99, fidelity.machine_lateness_p99);
    let is_late = late > judge::lateness_limit(&summary.latency);
    if !is_late || summary.settings.model == Model::Closed {
        return None;
    }
    let next = if machine > late / 2 {
        "this machine is busy or shared, so play from one with cores to spare, or at a lower speed"
    } else if summary.settings.pacing == "precise" {
        "play at a lower speed, or from a machine with more cores"
    } else {
        "play at a lower speed, from a machine with more cores, or with `--pacing precise`"
    };
    Some(format!(
        "requests went out {} late at p99, and a bare timer on this machine was {} late: {next}",
        words::micros(late),
        words::micros(machine)
    ))
}

/// The generator did not get to send all.
fn unsent(summary: &Summary) -> Option<String> {
    let (totals, fidelity) = (&summary.totals, &summary.fidelity);
    let asked = fidelity.dropped_as_asked + fidelity.skipped_as_asked;
    let unsent = totals.dropped.saturating_sub(asked);
    (unsent > 0 && !summary.interrupted).then(|| {
        format!(
            "{unsent} of {} planned requests were never sent: play at a lower speed, or with more \
             `--workers` and open files",
            totals.planned
        )
    })
}
