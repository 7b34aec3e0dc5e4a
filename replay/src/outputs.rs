//! Reports for other tools, each where it was asked for: tried before the run, written after it.
//!
//! A place that can't be written fails before anything is sent, and a file that is there stays as
//! it is until there is something new to put in its place.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::cli;
use crate::console;
use crate::exit::{Exit, Trouble, failed, usage};
use crate::input;
use crate::output;
use crate::report::html::HtmlError;
use crate::report::{csv, html, junit, k6, markdown, text};
use crate::settings::{self, ReportKind, SummaryMode};
use crate::summary::Summary;

/// Makes reports of an earlier run, and prints it.
pub(crate) fn report(args: cli::Report) -> Result<Exit, Trouble> {
    let summary = input::summary(&args.summary).map_err(usage)?;
    let outputs = Outputs::create(&args.outputs.into(), &args.summary).map_err(usage)?;
    outputs.write(&summary).map_err(failed)?;
    console::data(&outputs.text(&summary, None)).map_err(failed)?;
    Ok(Exit::Passed)
}

/// Where reports go, and what is printed.
#[derive(Debug)]
pub(crate) struct Outputs {
    places: Vec<Place>,
    mode: SummaryMode,
    /// Folders that did not exist before, innermost first.
    made: Vec<PathBuf>,
}

#[derive(Debug)]
struct Place {
    /// As it was named.
    path: PathBuf,
    kind: Kind,
    way: Way,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Report(ReportKind),
    SummaryExport,
}

/// How a place is written to.
#[derive(Debug)]
enum Way {
    /// What is there takes bytes as they come: a terminal, a pipe.
    Into,
    /// A new file takes the place of this one.
    Replace(PathBuf),
}

impl Outputs {
    /// Finds out whether all that was asked for can be written. The summary itself is not to be
    /// replaced by any of it.
    pub(crate) fn create(asked: &settings::Outputs, summary: &Path) -> Result<Self, OutputsError> {
        let reports = asked.reports.iter();
        let reports = reports.map(|report| (&report.path, Kind::Report(report.kind)));
        let export = asked.summary_export.iter();
        let export = export.map(|path| (path, Kind::SummaryExport));
        let mut outputs = Self {
            places: Vec::new(),
            mode: asked.mode,
            made: Vec::new(),
        };
        for (path, kind) in reports.chain(export) {
            match outputs.way(path, summary) {
                Ok(way) => outputs.places.push(Place {
                    path: path.clone(),
                    kind,
                    way,
                }),
                Err(source) => {
                    outputs.discard();
                    return Err(OutputsError::unwritable(path, source));
                }
            }
        }
        Ok(outputs)
    }

    fn way(&mut self, path: &Path, summary: &Path) -> io::Result<Way> {
        let there = fs::metadata(path).ok();
        let is_device = ["/dev", "/proc"].iter().any(|dir| path.starts_with(dir));
        let path = match there {
            Some(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Some(there) if is_device || !there.is_file() => {
                OpenOptions::new().append(true).open(path)?;
                return Ok(Way::Into);
            }
            // A link to a file stays a link.
            Some(_) => fs::canonicalize(path)?,
            None if path.file_name().is_none() => return Err(io::ErrorKind::InvalidInput.into()),
            None => path.to_owned(),
        };
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let made = output::make(dir)?;
        self.made.splice(0..0, made);
        let same = |one: &Path, other: &Path| {
            let [one, other] = [one, other].map(fs::canonicalize);
            matches!((one, other), (Ok(one), Ok(other)) if one == other)
        };
        let in_its_folder = summary.parent().is_some_and(|folder| same(dir, folder));
        if same(&path, summary) || in_its_folder && path.file_name() == summary.file_name() {
            return Err(io::Error::other("the summary itself goes there"));
        }
        Ok(Way::Replace(path))
    }

    /// Writes all reports; of several that cannot be written, tells of the first.
    pub(crate) fn write(&self, summary: &Summary) -> Result<(), OutputsError> {
        let written = self.places.iter().map(|place| place.write(summary));
        // All are tried before the first error is.
        written.collect::<Vec<_>>().into_iter().collect()
    }

    /// What is printed of the summary, whose page is there.
    pub(crate) fn text(&self, summary: &Summary, page: Option<&Path>) -> String {
        let is_full = match self.mode {
            SummaryMode::Rehearsal => return text::render(summary, page),
            SummaryMode::K6 => false,
            SummaryMode::K6Full => true,
        };
        let page = page.map(|page| format!("report  {}\n", page.display()));
        k6::text::render(summary, is_full) + &page.unwrap_or_default()
    }

    /// Removes the folders that were made, because there is nothing to put into them.
    pub(crate) fn discard(self) {
        output::remove(self.made);
    }
}

impl Place {
    fn write(&self, summary: &Summary) -> Result<(), OutputsError> {
        let content = self.kind.render(summary)?;
        let written = match &self.way {
            Way::Into => {
                let there = OpenOptions::new().append(true).open(&self.path);
                there.and_then(|mut there| there.write_all(content.as_bytes()))
            }
            Way::Replace(path) => output::replace(path, &content),
        };
        written.map_err(|source| OutputsError::unwritable(&self.path, source))
    }
}

impl Kind {
    fn render(self, summary: &Summary) -> Result<String, OutputsError> {
        Ok(match self {
            Self::SummaryExport => k6::export::render(summary)?,
            Self::Report(ReportKind::Html) => html::render(summary)?,
            Self::Report(ReportKind::Junit) => junit::render(summary)?,
            Self::Report(ReportKind::K6Machine) => k6::machine::render(summary)?,
            Self::Report(ReportKind::K6Text) => k6::text::render(summary, false),
            Self::Report(ReportKind::Markdown) => markdown::render(summary),
            Self::Report(ReportKind::Routes) => csv::endpoints(summary)?,
            Self::Report(ReportKind::Series) => csv::series(summary)?,
        })
    }
}

/// A report that cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputsError {
    /// It cannot be made as CSV.
    #[error("cannot make a table of the summary")]
    Csv(#[from] ::csv::Error),
    /// It cannot be made as HTML.
    #[error(transparent)]
    Html(#[from] HtmlError),
    /// It cannot be made as JSON.
    #[error("cannot make JSON of the summary")]
    Json(#[from] serde_json::Error),
    /// It cannot be written there.
    #[error("cannot write `{path}`; name another file", path = path.display())]
    Unwritable {
        /// As it was named.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be made as XML.
    #[error("cannot make XML of the summary")]
    Xml(#[from] io::Error),
}

impl OutputsError {
    fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::Unwritable {
            path: path.to_owned(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;
    use crate::report::sample::judged;

    fn asked(dir: &Path, names: &[&str]) -> settings::Outputs {
        let names = names
            .iter()
            .map(|name| dir.join(name).display().to_string());
        settings::Outputs {
            reports: names.map(|name| name.parse().unwrap()).collect(),
            summary_export: None,
            mode: SummaryMode::Rehearsal,
        }
    }

    fn create(dir: &Path, names: &[&str]) -> Result<Outputs, String> {
        let created = Outputs::create(&asked(dir, names), &dir.join("summary.json"));
        let shown = |error| format!("{:#}", anyhow::Error::new(error));
        created.map_err(|error| shown(error).replace(&dir.display().to_string(), "[dir]"))
    }

    #[test]
    fn a_file_that_is_there_stays_until_there_is_a_new_one() {
        let scratch = TempDir::new().unwrap();
        let dir = scratch.path();
        fs::write(dir.join("old.md"), "old").unwrap();
        symlink(dir.join("old.md"), dir.join("link.md")).unwrap();
        let outputs = create(dir, &["link.md", "new/deep/x.csv"]).unwrap();
        assert_eq!(fs::read_to_string(dir.join("old.md")).unwrap(), "old");
        assert!(!dir.join("new/deep/x.csv").exists());
        outputs.write(&judged()).unwrap();
        assert!(
            fs::read_to_string(dir.join("old.md"))
                .unwrap()
                .starts_with("### ")
        );
        assert!(dir.join("link.md").is_symlink());
        let table = fs::read_to_string(dir.join("new/deep/x.csv")).unwrap();
        assert!(table.starts_with("route,"), "{table}");
        let left = fs::read_dir(dir).unwrap().map(|it| it.unwrap().file_name());
        assert_eq!(left.count(), 3, "no drafts or probes are left");
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let scratch = TempDir::new().unwrap();
        let dir = scratch.path();
        fs::write(dir.join("file"), "").unwrap();
        fs::create_dir(dir.join("folder.md")).unwrap();
        let wrong = |name: &str| create(dir, &["made/x.md", name]).unwrap_err();
        insta::assert_snapshot!(wrong("file/x.md"), @"cannot write `[dir]/file/x.md`; name another file: File exists (os error 17)");
        insta::assert_snapshot!(wrong("folder.md"), @"cannot write `[dir]/folder.md`; name another file: is a directory");
        assert!(!dir.join("made").exists());
        symlink("summary.json", dir.join("x.csv")).unwrap();
        fs::write(dir.join("summary.json"), "{}").unwrap();
        insta::assert_snapshot!(wrong("x.csv"), @"cannot write `[dir]/x.csv`; name another file: the summary itself goes there");
    }

    #[test]
    fn the_summary_is_not_replaced_before_it_is_there() {
        let scratch = TempDir::new().unwrap();
        let path = scratch.path().join("summary.json");
        let asked = settings::Outputs {
            summary_export: Some(scratch.path().join("./summary.json")),
            ..asked(scratch.path(), &[])
        };
        let error = Outputs::create(&asked, &path).unwrap_err();
        assert!(matches!(error, OutputsError::Unwritable { .. }), "{error}");
    }

    #[test]
    fn a_place_that_is_no_file_is_written_into() {
        let asked = settings::Outputs {
            summary_export: Some("/dev/null".into()),
            ..asked(Path::new("/"), &[])
        };
        let outputs = Outputs::create(&asked, Path::new("summary.json")).unwrap();
        outputs.write(&judged()).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
