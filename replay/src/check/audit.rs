//! `replay audit`: whether a capture holds what looks personal, where, and what was looked for.

use std::path::Path;

use trace::anonymize::Policy;
use trace::anonymize::audit::{DETECTED, Report, personal_looking};

use super::{Block, count, each, grouped, one_line};
use crate::cli::Audit;
use crate::exit::{Exit, Trouble, usage};

/// Looks through the files.
pub(crate) fn audit(args: &Audit) -> Result<Exit, Trouble> {
    let policy = match &args.policy {
        None => None,
        Some(path) => Some(Policy::load(path).map_err(usage)?),
    };
    each(&args.files, |file| {
        let report = personal_looking(file, policy.as_ref()).map_err(one_line)?;
        let exit = match report.findings.total() {
            0 => Exit::Passed,
            _ => Exit::Found,
        };
        Ok((text(file, &report), exit))
    })
}

fn text(file: &Path, report: &Report) -> String {
    let found = report.findings.total();
    let result = match found {
        0 => "clean".to_owned(),
        _ => format!("{} may tell of real people", count(found, "value")),
    };
    let mut block = Block::new(file, &result);
    block.line(
        "searched",
        format_args!(
            "{} in {}, as they are and decoded (percent, JSON, HTML, base64, hexadecimal; twice)",
            count(report.values, "value"),
            count(report.exchanges, "exchange")
        ),
    );
    for kind in DETECTED {
        let found = report.findings.kinds.get(kind).copied().unwrap_or_default();
        block.line(kind, format_args!("{} found", grouped(found)));
    }
    for finding in &report.findings.first {
        block.line("found", finding);
    }
    let more = found - report.findings.first.len() as u64;
    if more > 0 {
        block.line("found", format_args!("and {} more", grouped(more)));
    }
    block.line(
        "note",
        "only what looks personal by its form was looked for: the originals are gone",
    );
    block.0
}
