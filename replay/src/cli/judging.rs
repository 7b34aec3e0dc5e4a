//! What can be typed to have a run judged.

use std::path::PathBuf;

use crate::compare::max_regression;
use crate::judge::Asked;
use crate::settings::values::level;
use crate::summary::Level;

#[derive(Debug, clap::Args)]
pub(crate) struct JudgingArgs {
    /// Fail unless this holds, such as 'http_req_duration: p(95)<500' (k6's grammar, and more); or
    /// strict, default, relaxed, none in place of the file's (repeatable)
    #[arg(long, value_name = "RULE", help_heading = "Judge")]
    pub(crate) threshold: Vec<Asked>,

    /// Fail unless all service level objectives stand at this level: normal, load or critical
    #[arg(
        long,
        value_name = "LEVEL",
        env = "REPLAY_SLO",
        value_parser = level,
        help_heading = "Judge"
    )]
    pub(crate) slo: Option<Level>,

    /// Fail when the run is worse than this summary of an earlier one, or a folder of several
    /// (repeatable)
    #[arg(
        long,
        value_name = "SUMMARY",
        env = "REPLAY_BASELINE",
        value_delimiter = ',',
        help_heading = "Judge"
    )]
    pub(crate) baseline: Vec<PathBuf>,

    /// By how much something may be worse than there
    #[arg(
        long,
        value_name = "SHARE",
        env = "REPLAY_MAX_REGRESSION",
        default_value = "10%",
        value_parser = max_regression,
        help_heading = "Judge"
    )]
    pub(crate) max_regression: f64,

    /// Keep the summary as a baseline for later runs, if this one passes
    #[arg(
        long,
        value_name = "FILE",
        env = "REPLAY_SAVE_BASELINE",
        help_heading = "Judge"
    )]
    pub(crate) save_baseline: Option<PathBuf>,
}
