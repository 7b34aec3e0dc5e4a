//! Files, and folders of them, as what was measured.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::import::{self, ImportError};
use super::measured::Measured;
use crate::summary::Summary;

/// The runs of these files and folders. In a folder these are: its `summary.json`; else those of
/// the folders in it, and its own `*.json` and `*_stats.csv`.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Measured>, ReadError> {
    let mut runs = Vec::new();
    for path in paths {
        for file in files(path)? {
            runs.push(one(&file)?);
        }
    }
    Ok(runs)
}

/// Those of them that this program wrote, as it wrote them.
pub(crate) fn summaries(paths: &[PathBuf]) -> Result<Vec<Summary>, ReadError> {
    let mut summaries = Vec::new();
    for path in paths {
        for file in files(path)? {
            let text = fs::read_to_string(&file).map_err(ReadError::open(&file))?;
            summaries.extend(serde_json::from_str(&text).ok());
        }
    }
    Ok(summaries)
}

fn one(file: &Path) -> Result<Measured, ReadError> {
    let text = fs::read_to_string(file).map_err(ReadError::open(file))?;
    let measured = import::import(&text).map_err(|reason| ReadError::Import {
        file: file.to_owned(),
        reason,
    })?;
    Ok(measured.named(file.display().to_string()))
}

fn files(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let whole = path.join(SUMMARY);
    if whole.is_file() {
        return Ok(vec![whole]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(ReadError::open(path))? {
        let entry = entry.map_err(ReadError::open(path))?;
        let (entry, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let below = entry.join(SUMMARY);
        if below.is_file() {
            files.push(below);
        } else if is_result(&name) && entry.is_file() {
            files.push(entry);
        }
    }
    if files.is_empty() {
        return Err(ReadError::Empty(path.to_owned()));
    }
    files.sort();
    Ok(files)
}

fn is_result(name: &str) -> bool {
    // A hidden one is being written.
    !name.starts_with('.') && (name.ends_with(".json") || name.ends_with("_stats.csv"))
}

/// The name that a run gives its summary.
const SUMMARY: &str = "summary.json";

/// What cannot be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// A folder without results.
    #[error(
        "there are no results in `{path}`: no `summary.json` in it or one folder below, and no \
         `*.json` or `*_stats.csv`",
        path = .0.display()
    )]
    Empty(PathBuf),
    /// A file that holds none, or not all.
    #[error("cannot compare `{file}`: {reason}", file = file.display())]
    Import {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: ImportError,
    },
    /// A file or folder that cannot be read.
    #[error("cannot read `{path}`", path = path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ReadError {
    fn open(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Open { path, source }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::report::sample::summary;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn names(folder: &TempDir, wanted: &[&str]) {
        let runs = read(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = runs.into_iter().map(|run| run.name).collect();
        let wanted = wanted.iter().map(|name| folder.path().join(name));
        let wanted: Vec<_> = wanted.map(|path| path.display().to_string()).collect();
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_folder_is_a_run_or_holds_some() {
        let run = serde_json::to_string(&summary()).unwrap();
        let run = run.as_str();
        let one = [
            ("summary.json", run),
            ("k6.json", "?"),
            ("a/summary.json", "?"),
        ];
        names(&folder(&one), &["summary.json"]);
        let several = [
            ("b/summary.json", run),
            ("a/summary.json", run),
            ("c/d/summary.json", "?"),
            ("e.json", run),
            (".e.json.partial", "?"),
            ("notes.txt", "?"),
            ("run_stats_history.csv", "?"),
        ];
        names(
            &folder(&several),
            &["a/summary.json", "b/summary.json", "e.json"],
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let empty = folder(&[("notes.txt", "")]);
        let error = read(&[empty.path().to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("there are no results in `/"), "{error}");
        let error = read(&[PathBuf::from("gone.json")]).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `gone.json`");
        let strange = folder(&[("a.json", "{}")]);
        let error = read(&[strange.path().to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains("a.json`: it is none of a `summary.json`"),
            "{error}"
        );
    }
}
