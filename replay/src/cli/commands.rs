//! The commands that send nothing: what can be typed after each.

use std::path::PathBuf;

use super::Outputs;
use crate::exit;

/// Look for personal-looking values in captures.
///
/// Searches each value as it is and decoded for what looks like an e-mail address, telephone, card,
/// social security or record number, name behind a title, age over 89, postal address, device or
/// token. The recorder's own audit also searched for every value that it replaced; these are gone.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::AUDIT)]
pub(crate) struct Audit {
    /// The captures to look through
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// What this policy itself says is about nobody, such as config/anonymize.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Show what captures ask of a replay: users, sessions, slots, links, and what has neither.
///
/// Nothing is sent. Where a capture tells users' roles is taken from `role` under [users] in the
/// configuration, as for a replay.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::INSPECT)]
pub(crate) struct Inspect {
    /// The captures to look into
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Print JSON, one object for each file
    #[arg(long)]
    pub(crate) json: bool,

    /// Read settings from this file [default: config/replay.toml, where it exists]
    #[arg(long, value_name = "FILE", env = "REPLAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Make reports of the summary of an earlier run, and print it.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::REPORT)]
pub(crate) struct Report {
    /// The summary.json of the run
    #[arg(value_name = "SUMMARY")]
    pub(crate) summary: PathBuf,

    #[command(flatten)]
    pub(crate) outputs: Outputs,
}

/// Check that captures are as they were written.
///
/// Checks every line, the order and the counts, and the hash chain at each checkpoint, and says up
/// to where a capture is good and what was lost.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::VERIFY)]
pub(crate) struct Verify {
    /// The captures to check; .partial and .quarantine files, too
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Write what is whole of a damaged capture to this new file
    #[arg(long, value_name = "OUT")]
    pub(crate) repair: Option<PathBuf>,
}
