//! `[record]`: what is written down, where, and by which policy.
//!
//! The policy is loaded here: one that is no good is a mistake like any other, even while nothing
//! is recorded.

use std::path::{Path, PathBuf};

use trace::anonymize::Policy;

use super::Surroundings;
use super::section::Entry;
use super::values;

/// What to record.
#[derive(Debug, Clone)]
pub(crate) struct RecordSettings {
    /// Whether recording begins with the process.
    pub(crate) enabled: bool,
    /// The capture; relative to the working directory.
    pub(crate) file: PathBuf,
    /// What anonymization does.
    pub(crate) policy: Policy,
    /// Bytes of each body that are kept.
    pub(crate) body_limit: u64,
}

pub(crate) fn read(entry: Option<Entry<'_>>, around: &impl Surroundings) -> Option<RecordSettings> {
    let mut section = entry?.section()?;
    let enabled = section.entry("enabled").and_then(Entry::flag);
    let file = section
        .required("file")
        .and_then(|entry| entry.parsed(values::file));
    let policy = section
        .required("policy")
        .and_then(|entry| entry.parsed(|path| around.policy(Path::new(path))));
    let _only_tokens: Option<()> = section.parsed("mode", mode);
    let body_limit = section.parsed("body_limit", values::size);
    section.finish();
    Some(RecordSettings {
        enabled: enabled.unwrap_or(true),
        file: file?,
        policy: policy?,
        body_limit: body_limit.unwrap_or(64 * 1024),
    })
}

fn mode(text: &str) -> Result<(), String> {
    match text {
        "tokens" => Ok(()),
        "keyed" => Err("mode `keyed` is not available yet; use \"tokens\"".to_owned()),
        other => Err(format!("there is no mode `{other}`; use \"tokens\"")),
    }
}
