//! The text summary for the terminal: verdict and fidelity first, the report's path last.

use std::path::Path;

use crate::summary::{Change, Distribution, Status, Summary, Totals};
use crate::words;

use super::{comparison, differences, judged, over_time, times};

/// The summary as text, and where its page is.
pub(crate) fn render(summary: &Summary, page: Option<&Path>) -> String {
    [
        head(summary),
        judged::sections(summary),
        compared(summary),
        section("fidelity", &words::table(&fidelity(summary), &[false; 2])),
        section("requests", &words::table(&requests(summary), &[false; 2])),
        section(
            "statuses",
            &words::table(&statuses(summary), STATUS_COLUMNS),
        ),
        differences::sections(summary),
        times::sections(summary),
        over_time::sections(summary),
        page.map_or_else(String::new, |page| format!("report  {}\n", page.display())),
    ]
    .concat()
}

/// The comparison with the baseline, where there is one.
fn compared(summary: &Summary) -> String {
    let compared = summary.comparison.as_ref();
    compared
        .map(|it| comparison::sections(it) + &comparison::notes(it))
        .unwrap_or_default()
}

/// What the verdict is called, and what it means.
pub(super) fn verdict(summary: &Summary) -> (&'static str, String) {
    let (totals, verdict) = (&summary.totals, &summary.verdict);
    match verdict.status {
        _ if summary.interrupted => ("STOPPED", stopped(summary)),
        Status::Fail if totals.completed == 0 => ("FAIL", "nothing worked".to_owned()),
        Status::Fail => ("FAIL", broken(summary)),
        Status::Invalid => ("INVALID", SAY_NOTHING.to_owned()),
        Status::Pass => ("PASS", format!("on time; {}", failures(totals))),
    }
}

/// What did not hold, in a few words.
fn broken(summary: &Summary) -> String {
    let thresholds = summary.thresholds.iter().filter(|it| !it.ok).count();
    let objectives = summary.slo.rows.iter().filter(|it| !it.ok).count();
    let count = |count: usize, of: &str| match count {
        0 => None,
        1 => Some(format!("1 {of} does not hold")),
        _ => Some(format!("{count} {of}s do not hold")),
    };
    let compared = summary.comparison.as_ref().map(|it| it.verdict);
    let worse = matches!(compared, Some(Change::Regressed | Change::Mixed))
        .then(|| "worse than the baseline".to_owned());
    let all = [
        count(thresholds, "threshold"),
        count(objectives, "objective"),
        worse,
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    match all.is_empty() {
        true => "the run was ended".to_owned(),
        false => all.join(", "),
    }
}

fn stopped(summary: &Summary) -> String {
    // The first reason is the interruption itself.
    let meaning = match summary.verdict.reasons.len() {
        ..=1 => "the numbers hold for what was sent",
        _ => SAY_NOTHING,
    };
    format!("after {:.1} s: {meaning}", summary.totals.duration_s)
}

fn failures(totals: &Totals) -> String {
    match totals.failed {
        0 => "no request failed".to_owned(),
        failed => format!(
            "{failed} of {} requests failed ({})",
            totals.sent,
            words::percent(totals.failed_ratio)
        ),
    }
}

/// Fidelity as pairs of name and value.
pub(super) fn fidelity(summary: &Summary) -> Vec<Vec<String>> {
    let fidelity = &summary.fidelity;
    let errors = fidelity.window_error;
    let errors = [
        ("10 ms", errors.ms_10),
        ("100 ms", errors.ms_100),
        ("1 s", errors.s_1),
    ]
    .map(|(window, error)| format!("{} at {window}", words::percent(error)));
    let late = &summary.latency.lateness;
    pairs([
        (
            "lateness",
            format!(
                "p50 {}, p99 {}, p99.9 {}, max {}",
                words::micros(late.p50),
                words::micros(late.p99),
                words::micros(late.p999),
                words::micros(late.max)
            ),
        ),
        (
            "judged lateness",
            format!(
                "p99 {}, of {} arrivals that waited for no answer",
                words::micros(fidelity.judged_lateness_p99),
                fidelity.judged_arrivals
            ),
        ),
        (
            "machine",
            format!(
                "a bare timer was late by {} at p99",
                words::micros(fidelity.machine_lateness_p99)
            ),
        ),
        ("duration ratio", format!("{:.4}", fidelity.duration_ratio)),
        ("achieved", words::percent(fidelity.achieved_ratio)),
        ("out of window", errors.join(", ")),
        ("gaps (KS)", format!("{:.3}", fidelity.ks_gaps)),
        ("order inversions", fidelity.order_inversions.to_string()),
        ("links", links(summary)),
    ])
}

fn links(summary: &Summary) -> String {
    let (links, fidelity) = (&summary.divergence.links, &summary.fidelity);
    let recorded = match fidelity.identifier_requests {
        0 => String::new(),
        requests => format!("; {requests} requests with a recorded identifier that no answer gave"),
    };
    format!(
        "{} values of earlier answers, {} of another item, {} unresolved{recorded}",
        links.places, links.other_item, fidelity.unresolved_links
    )
}

fn head(summary: &Summary) -> String {
    let (word, meaning) = verdict(summary);
    let settings = &summary.settings;
    let via = if settings.via_loadtest {
        " through /api/loadtest/"
    } else {
        ""
    };
    let mut reasons = summary.verdict.reasons.iter();
    // The first line says why. Of an interrupted run it says so already.
    let why = match summary.interrupted {
        true => None,
        false => reasons.next(),
    };
    let why = why.map_or_else(String::new, |reason| format!(": {reason}"));
    let warnings = summary.warnings.iter();
    let notes: String = reasons
        .map(|reason| format!("      because {reason}\n"))
        .chain(warnings.map(|warning| format!("      warning: {warning}\n")))
        .collect();
    format!(
        "{word}  {meaning}{why}\n      {} at {} to {}{via}, sessions {}\n{notes}\n",
        summary.capture.file, settings.pace, settings.target, settings.sessions
    )
}

fn requests(summary: &Summary) -> Vec<Vec<String>> {
    let totals = &summary.totals;
    let mut rows = pairs([
        (
            "planned",
            format!(
                "{} = {} sent + {} dropped",
                totals.planned, totals.sent, totals.dropped
            ),
        ),
        (
            "sent",
            format!(
                "{} = {} completed + {} failed",
                totals.sent, totals.completed, totals.failed
            ),
        ),
        (
            "took",
            format!("{:.3} s, {:.1} requests/s", totals.duration_s, totals.rate),
        ),
        (
            "bytes",
            format!(
                "{} sent, {} received",
                words::bytes(totals.bytes_sent),
                words::bytes(totals.bytes_received)
            ),
        ),
    ]);
    if !summary.errors.is_empty() {
        rows.extend(pairs([("errors", words::statuses(&summary.errors))]));
    }
    rows
}

fn statuses(summary: &Summary) -> Vec<Vec<String>> {
    let divergence = &summary.divergence;
    let head = [
        "route",
        "requests",
        "recorded",
        "replayed",
        "equal",
        "latency p50",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for route in &divergence.routes {
        rows.push(vec![
            route.route.clone(),
            route.requests.to_string(),
            words::statuses(&route.recorded),
            words::statuses(&route.replayed),
            words::percent(route.equal_ratio),
            words::ratio(route.latency.ratio_p50),
        ]);
    }
    let mut all = vec![String::new(); head.len()];
    all[0] = "all".to_owned();
    all[4] = words::percent(divergence.equal_statuses);
    rows.push(all);
    rows
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a mean of microseconds, not below 0"
)]
#[expect(clippy::cast_sign_loss, reason = "a mean of microseconds, not below 0")]
pub(super) fn mean(distribution: &Distribution) -> u64 {
    distribution.mean.round() as u64
}

pub(super) fn section(name: &str, content: &str) -> String {
    format!("{name}\n{content}\n")
}

fn pairs<const N: usize>(pairs: [(&str, String); N]) -> Vec<Vec<String>> {
    pairs
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

const SAY_NOTHING: &str = "these numbers say nothing about the target";
const STATUS_COLUMNS: &[bool] = &[false, true, false, false, true, true];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn a_run_that_passed() {
        insta::assert_snapshot!(render(
            &summary(),
            Some(Path::new("results/peak-1/report.html"))
        ));
    }

    #[test]
    fn an_invalid_run_says_so_first() {
        let mut summary = summary();
        summary.verdict.status = Status::Invalid;
        summary.verdict.reasons = vec!["40 arrivals were dropped".to_owned()];
        summary.warnings = vec!["the capture was not closed".to_owned()];
        let text = render(&summary, Some(Path::new("r.html")));
        let head: String = text
            .lines()
            .take(4)
            .map(|line| format!("{line}\n"))
            .collect();
        insta::assert_snapshot!(head);
    }
}
