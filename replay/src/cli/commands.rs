//! The commands that look at captures and results and send nothing: what can be typed after each.

use std::path::PathBuf;

use super::Outputs;
use crate::{compare, exit};

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

/// Compare runs with a baseline, of this program or of k6, oha or Locust.
///
/// Each BASELINE and RUN is a summary.json, a file of k6 (--summary-export, handleSummary or the
/// machine-readable summary), oha (--output-format json) or Locust (*_stats.csv or --json), or a
/// folder of several. With three runs or more on each side, how they differ among themselves tells
/// what is noise. Something regressed that is worse by more than --max-regression and more than
/// noise: durations and rates by that share of the baseline's; shares if what is bad of them, such
/// as failed requests, grew by that share, and by 0.1 percentage points.
#[derive(Debug, clap::Args)]
#[command(
    after_help = exit::COMPARE,
    override_usage = "replay compare [OPTIONS] <BASELINE> <RUN>...\n       replay compare --trend <FOLDER>"
)]
pub(crate) struct Compare {
    /// What to compare with
    #[arg(value_name = "BASELINE", required_unless_present = "trend")]
    pub(crate) baseline: Option<PathBuf>,

    /// What is compared
    #[arg(value_name = "RUN", required_unless_present = "trend")]
    pub(crate) runs: Vec<PathBuf>,

    /// By how much something may be worse
    #[arg(
        long,
        value_name = "SHARE",
        default_value = "10%",
        value_parser = compare::max_regression
    )]
    pub(crate) max_regression: f64,

    /// Write the result as Markdown, too
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,

    /// Write the result as JSON, too, with all rows
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Show all runs in this folder by time instead, and whether p95 rises
    #[arg(
        long,
        value_name = "FOLDER",
        conflicts_with_all = ["baseline", "runs", "max_regression", "markdown", "json"]
    )]
    pub(crate) trend: Option<PathBuf>,
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
