//! What has to be true at the end of the loop, each as a line that says so.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
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
    let summary: Value = serde_json::from_str(&text).context("the summary is not JSON")?;
    let number = |pointer: &str| {
        let value = summary.pointer(pointer).and_then(Value::as_f64);
        value.with_context(|| format!("the summary has no number at {pointer}"))
    };
    let status = summary
        .pointer("/verdict/status")
        .and_then(Value::as_str)
        .unwrap_or("missing");
    let (planned, sent) = (number("/totals/planned")?, number("/totals/sent")?);
    let equal = number("/divergence/equal_statuses")?;
    let ratio = number("/fidelity/duration_ratio")?;
    Ok(vec![
        Expectation {
            line: format!("sent {sent} of {planned} planned, {exchanges} recorded"),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 exchanges")]
            met: sent == planned && planned == exchanges as f64,
        },
        Expectation {
            line: format!(
                "equal statuses where no identifier is carried: {:.2} %",
                equal * 100.0
            ),
            met: equal >= LEAST_EQUAL,
        },
        Expectation {
            line: format!("duration ratio {ratio:.4}"),
            met: (ratio - 1.0).abs() <= MOST_STRETCH,
        },
        Expectation {
            line: format!("verdict: {status}"),
            met: status == "pass",
        },
    ])
}

/// The least share of requests without identifiers that has to be answered as when recorded.
const LEAST_EQUAL: f64 = 0.99;

/// How far the replay's length may be from the planned one, as a share of it.
const MOST_STRETCH: f64 = 0.01;
