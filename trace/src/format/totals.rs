//! What a capture counts: the lines of its checkpoints and its footer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A line every second or thousand exchanges, up to which the file is known to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last exchange's `seq`.
    pub seq: u64,
    /// Exchanges written so far.
    pub exchanges: u64,
    /// Exchanges seen so far: written and dropped.
    pub offered: u64,
    /// Exchanges lost so far, by reason.
    pub dropped: Dropped,
    /// Exchanges that were not to be recorded, so far.
    #[serde(default)]
    pub left_out: LeftOut,
    /// SHA-256 over the previous chain value and every byte since.
    pub chain: String,
}

/// The last line: the totals, and the result of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Exchanges written.
    pub exchanges: u64,
    /// Exchanges seen: written and dropped.
    pub offered: u64,
    /// Exchanges lost, by reason.
    pub dropped: Dropped,
    /// Exchanges that were not to be recorded.
    #[serde(default)]
    pub left_out: LeftOut,
    /// Exchanges of which a body was cut at the body limit.
    pub truncated: u64,
    /// Values replaced, by kind.
    pub redacted: BTreeMap<String, u64>,
    /// What the search for surviving originals found.
    pub audit: Audit,
    /// Whether `replay verify --repair` made this file from a damaged one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repaired: bool,
    /// SHA-256 over the previous chain value and every byte since.
    pub chain: String,
}

/// Exchanges that are not in the capture, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The recorder's queue was full.
    pub queue: u64,
    /// Too many bytes were waiting for the recorder.
    pub size: u64,
    /// The anonymizer could not make the exchange safe.
    pub policy: u64,
    /// The file could not be written.
    #[serde(default)]
    pub write: u64,
    /// They were in a damaged part of a file that was repaired.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub damage: u64,
}

/// Exchanges that settings kept out of the capture. They count as not offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// A filter did not want them.
    pub filter: u64,
    /// Their user, or they themselves, were not drawn for the sample.
    pub sample: u64,
}

/// The search for surviving originals, before the capture was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Originals that were searched for, in every encoding.
    pub searched: u64,
    /// Places where an original or a personal-looking value was found.
    pub found: u64,
    /// The originals that were searched for, by kind.
    #[serde(default)]
    pub kinds: BTreeMap<String, u64>,
}

impl Dropped {
    /// All of them. A file says what it likes, so that they may be more than there can be.
    pub fn total(&self) -> u64 {
        let all = [self.queue, self.size, self.policy, self.write, self.damage];
        all.into_iter().fold(0, u64::saturating_add)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}
