//! What has to be true at the end of the loop, each as a line that says so.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use replay::summary::{Fidelity, Status, Summary, Totals};
use trace::format::Footer;

/// One thing that had to be true.
pub struct Expectation {
    /// What was expected and what was seen.
    pub line: String,
    /// Whether it was true.
    pub met: bool,
}

/// What a capture has to be when it is closed.
pub fn of_capture(footer: &Footer) -> Vec<Expectation> {
    let Footer {
        offered,
        exchanges,
        dropped,
        audit,
        ..
    } = footer;
    let dropped = dropped.total();
    vec![
        Expectation {
            line: format!("offered {offered} = recorded {exchanges} + dropped {dropped}"),
            met: *offered == exchanges + dropped && *exchanges > 0,
        },
        Expectation {
            line: format!("dropped {dropped}"),
            met: dropped == 0,
        },
        Expectation {
            line: format!(
                "audit searched {} originals and found {}",
                audit.searched, audit.found
            ),
            met: audit.searched > 0 && audit.found == 0,
        },
    ]
}

/// What `summary.json` has to say about the replay of a capture with so many exchanges.
pub fn of_summary(path: &Path, exchanges: u64) -> Result<Vec<Expectation>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("no summary `{}`", path.display()))?;
    let summary: Summary = serde_json::from_str(&text)
        .with_context(|| format!("`{}` is no summary", path.display()))?;
    let Totals { planned, sent, .. } = summary.totals;
    let equal = summary.divergence.equal_statuses;
    let ratio = summary.fidelity.duration_ratio;
    // The last request may have waited for an answer, as long as any did.
    let waited_s = Duration::from_micros(summary.latency.link_wait.max).as_secs_f64();
    let waited = waited_s / summary.totals.duration_s.max(f64::MIN_POSITIVE);
    Ok(vec![
        Expectation {
            line: format!("sent {sent} of {planned} planned, {exchanges} recorded"),
            met: sent == planned && planned == exchanges,
        },
        Expectation {
            line: format!("equal statuses: {:.2} %", equal * 100.0),
            met: equal >= LEAST_EQUAL,
        },
        Expectation {
            line: format!(
                "duration ratio {ratio:.4}, of which waiting for the backend may be {waited:.4}"
            ),
            met: (ratio - 1.0).abs() <= MOST_STRETCH + waited,
        },
        of_verdict(summary.verdict.status, &summary.fidelity),
    ])
}

/// A run may be invalid where this machine itself keeps no time: nothing else is wrong with it.
fn of_verdict(status: Status, fidelity: &Fidelity) -> Expectation {
    let machine_us = fidelity.machine_lateness_p99;
    let is_busy = status == Status::Invalid && machine_us >= MOST_MACHINE_LATENESS_US;
    let because = if is_busy {
        format!(", for this machine keeps no time: a bare timer was late by {machine_us} µs at p99")
    } else {
        String::new()
    };
    Expectation {
        line: format!("verdict {status:?}{because}").to_lowercase(),
        met: status == Status::Pass || is_busy,
    }
}

/// The least share of requests that has to be answered as when they were recorded: of the few of a
/// demo, one user who is to trade with who is now that same user is a part that counts.
const LEAST_EQUAL: f64 = 0.99;

/// Half of what a replay may be late by: a machine whose bare timer is later leaves it no room.
const MOST_MACHINE_LATENESS_US: u64 = 500;

/// How far the replay's length may be from the planned one, as a share of it.
const MOST_STRETCH: f64 = 0.01;
