//! `[log]`: where the access log is written.
//!
//! What it shows of a target is decided by the policy of `[record]`.

use std::path::PathBuf;

use super::section::Entry;
use super::values;

/// The access log's file, relative to the working directory.
pub(super) fn read(entry: Option<Entry<'_>>) -> Option<PathBuf> {
    let mut section = entry?.section()?;
    let access = section.entry("access").and_then(|entry| {
        entry.parsed(|text| match text {
            "" => Err("empty; name a file, or leave the key out for no access log".to_owned()),
            path => values::file(path),
        })
    });
    section.finish();
    access
}
