//! A capture's first line, and which versions of the format are read.
//!
//! The version is one number. It rises only when a reader that skips the fields and line types that
//! it does not know would take a capture for something else; all else is added without it.

use serde::{Deserialize, Serialize};

/// The newest version that there is, and that the reader reads. It reads the older ones, too.
pub const VERSION: u32 = 1;

/// The `format` field of every capture's header.
pub const FORMAT: &str = "rehearsal-capture";

/// The first line: what recorded this, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always `rehearsal-capture`.
    pub format: String,
    /// Format version.
    pub version: u32,
    /// A random name of this capture. It holds no time: a date is an identifier.
    pub capture: String,
    /// Program and version that recorded.
    pub tool: String,
    /// How replacements were made: `tokens`.
    pub mode: String,
    /// `sha256:` and the hash of the policy file.
    pub policy: String,
    /// How many bytes of a body were kept.
    pub body_limit: u64,
    /// Share of the traffic that was recorded, 0 to 1.
    pub sample: f64,
    /// What the share was drawn of: `user` or `exchange`.
    #[serde(default)]
    pub sampled_by: String,
    /// A random name of the clock by which captures that share it can be put in order.
    #[serde(default)]
    pub clock: String,
    /// Nanoseconds on that clock at the capture's start.
    #[serde(default)]
    pub starts_ns: u64,
}

/// Why a line is no header that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is something else, or damaged.
    NoHeader,
    /// A later version of Rehearsal wrote it.
    TooNew(u32),
}

/// Reads the header. The version comes first, because a newer header may lack what this one needs.
pub(super) fn parse(line: &[u8]) -> Result<Header, Refusal> {
    #[derive(Deserialize)]
    struct Outline {
        format: String,
        version: u32,
    }
    let outline: Outline = serde_json::from_slice(line).map_err(|_other| Refusal::NoHeader)?;
    match (outline.format.as_str(), outline.version) {
        (FORMAT, 1..=VERSION) => {
            serde_json::from_slice(line).map_err(|_incomplete| Refusal::NoHeader)
        }
        (FORMAT, version) if version > VERSION => Err(Refusal::TooNew(version)),
        _ => Err(Refusal::NoHeader),
    }
}
