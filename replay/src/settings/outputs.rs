//! What is written besides the folder of results, and what is printed.
//!
//! Pure.

use std::path::PathBuf;
use std::str::FromStr;

use crate::cli;

/// What is written besides the folder of results, and what is printed.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// The reports.
    pub(crate) reports: Vec<ReportFile>,
    /// Where k6's JSON goes.
    pub(crate) summary_export: Option<PathBuf>,
    /// What is printed.
    pub(crate) mode: SummaryMode,
}

impl From<cli::Outputs> for Outputs {
    fn from(typed: cli::Outputs) -> Self {
        Self {
            reports: typed.report,
            summary_export: typed.summary_export,
            mode: typed.summary_mode,
        }
    }
}

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportFile {
    /// Where it goes.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) kind: ReportKind,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportKind {
    /// A page.
    Html,
    /// JUnit's XML.
    Junit,
    /// k6's JSON for machines.
    K6Machine,
    /// k6's text.
    K6Text,
    /// Markdown, for a pull request.
    Markdown,
    /// A table of routes.
    Routes,
    /// A table of seconds.
    Series,
}

impl FromStr for ReportFile {
    type Err = UnknownEnding;

    fn from_str(text: &str) -> Result<Self, UnknownEnding> {
        let name = text.rsplit('/').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let mut known = ENDINGS.iter();
        // A name that is an ending alone is no name.
        let kind = known.find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending));
        let (_, kind) = kind.ok_or(UnknownEnding)?;
        Ok(Self {
            path: text.into(),
            kind: *kind,
        })
    }
}

/// The name does not say what the report is to be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a report is what its name ends with: .html, .md, .xml, .csv, .series.csv, .txt or .k6.json \
     (summary.json is always written, into the folder of --out)"
)]
pub(crate) struct UnknownEnding;

/// The first that fits counts.
const ENDINGS: [(&str, ReportKind); 7] = [
    (".html", ReportKind::Html),
    (".md", ReportKind::Markdown),
    (".xml", ReportKind::Junit),
    (".series.csv", ReportKind::Series),
    (".csv", ReportKind::Routes),
    (".txt", ReportKind::K6Text),
    (".k6.json", ReportKind::K6Machine),
];

/// What is printed at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SummaryMode {
    /// All that matters here.
    Rehearsal,
    /// k6's text.
    K6,
    /// The same with what times are made of.
    K6Full,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_what_its_name_ends_with() {
        let kind = |text: &str| text.parse::<ReportFile>().map(|it| it.kind);
        assert_eq!(kind("a/b.HTML"), Ok(ReportKind::Html));
        assert_eq!(kind("b.md"), Ok(ReportKind::Markdown));
        assert_eq!(kind("junit.xml"), Ok(ReportKind::Junit));
        assert_eq!(kind("x.csv"), Ok(ReportKind::Routes));
        assert_eq!(kind("x.series.csv"), Ok(ReportKind::Series));
        assert_eq!(kind("x.txt"), Ok(ReportKind::K6Text));
        assert_eq!(kind("x.k6.json"), Ok(ReportKind::K6Machine));
        for wrong in [
            "", "x", "x.json", "x.pdf", "html", "x.md/", "a/.csv", ".k6.json",
        ] {
            assert_eq!(kind(wrong), Err(UnknownEnding), "{wrong}");
        }
    }
}
