//! oha: what `--output-format json` writes. It knows no routes.
//!
//! Pure.

use serde_json::Value;

use super::field::{Field, Wrong};
use super::measured;
use crate::compare::durations::{Durations, Told};
use crate::compare::measured::{Figures, Measured, Tool, share};

/// Whether oha wrote it.
pub(super) fn is_one(value: &Value) -> bool {
    value.get("latencyPercentiles").is_some() && value.get("statusCodeDistribution").is_some()
}

/// The run.
pub(super) fn import(value: &Value) -> Result<Measured, Wrong> {
    let root = Field::root(value);
    let (mut answered, mut failed) = (0, 0);
    for (status, count) in root.need("statusCodeDistribution")?.fields()? {
        let count = count.count()?;
        answered += count;
        failed += if status < "400" { 0 } else { count };
    }
    let mut unanswered = 0;
    for (error, count) in root.need("errorDistribution")?.fields()? {
        // Those that the end of the run cut off are neither.
        if error != "aborted due to deadline" {
            unanswered += count.count()?;
        }
    }
    let summary = root.need("summary")?;
    let requests = answered + unanswered;
    let all = Figures {
        requests,
        service: Some(durations(&root, &summary, answered)?),
        failed: share((failed + unanswered, requests)),
        rate: Some(summary.need("requestsPerSec")?.number()?),
        ..Figures::default()
    };
    Ok(measured(Tool::Oha, all, []))
}

/// In seconds; of requests that were answered.
fn durations(root: &Field<'_>, summary: &Field<'_>, answered: u64) -> Result<Durations, Wrong> {
    let mut points = Vec::new();
    for (name, value) in root.need("latencyPercentiles")?.fields()? {
        let percent = name.strip_prefix('p').and_then(|it| it.parse::<f64>().ok());
        if let (Some(percent @ 0.0..=100.0), 1..) = (percent, answered) {
            points.push((percent / 100.0, value.number()? * 1e6));
        }
    }
    for (name, share) in [("fastest", 0.0), ("slowest", 1.0)] {
        if let Some(value) = summary.get(name) {
            points.push((share, value.number()? * 1e6));
        }
    }
    Ok(Durations::Told(Told::new(answered, points)))
}
