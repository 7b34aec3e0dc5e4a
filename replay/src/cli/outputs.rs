//! What comes out besides the folder of results: what can be typed of it, with each command that
//! makes reports.

use std::path::PathBuf;

use crate::settings::{ReportFile, SummaryMode};

#[derive(Debug, clap::Args)]
pub(crate) struct Outputs {
    /// Write this report, too, by its ending: .html, .md (Markdown), .xml (JUnit), .csv (routes),
    /// .series.csv (seconds), .txt (k6's text) or .k6.json (k6's machine-readable summary)
    /// (repeatable)
    #[arg(
        long,
        value_name = "FILE",
        env = "REPLAY_REPORT",
        value_delimiter = ',',
        help_heading = "Out"
    )]
    pub(crate) report: Vec<ReportFile>,

    /// Write the JSON of k6's option of this name
    #[arg(
        long,
        value_name = "FILE",
        env = "REPLAY_SUMMARY_EXPORT",
        help_heading = "Out"
    )]
    pub(crate) summary_export: Option<PathBuf>,

    /// What is printed at the end: rehearsal, k6 (k6's text) or k6-full (with what times are made
    /// of)
    #[arg(
        long,
        value_name = "MODE",
        env = "REPLAY_SUMMARY_MODE",
        default_value = "rehearsal",
        hide_possible_values = true,
        help_heading = "Out"
    )]
    pub(crate) summary_mode: SummaryMode,
}
