//! `[record]`: what is written down, where, and by which policy.
//!
//! Whether the policy is any good is found out when it is loaded, not here.

use std::path::PathBuf;

use super::section::Entry;
use super::values;

/// What to record.
#[derive(Debug)]
pub(crate) struct RecordSettings {
    /// Whether recording begins with the process.
    pub(crate) enabled: bool,
    /// The capture; relative to the working directory.
    pub(crate) file: PathBuf,
    /// The anonymization policy; relative to the working directory.
    pub(crate) policy: PathBuf,
    /// Bytes of each body that are kept.
    pub(crate) body_limit: u64,
}

pub(crate) fn read(entry: Option<Entry<'_>>) -> Option<RecordSettings> {
    let mut section = entry?.section()?;
    let enabled = section.entry("enabled").and_then(Entry::flag);
    let file = section.required("file").and_then(Entry::text);
    let policy = section.required("policy").and_then(Entry::text);
    let _only_tokens: Option<()> = section.parsed("mode", mode);
    let body_limit = section.parsed("body_limit", values::size);
    section.finish();
    Some(RecordSettings {
        enabled: enabled.unwrap_or(true),
        file: file?.into(),
        policy: policy?.into(),
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
