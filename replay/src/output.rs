//! The folder of a run's results: made before the run, filled after it, each file at once.
//!
//! A path that can't be written fails before anything is sent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a run's results go.
#[derive(Debug)]
pub(crate) struct Output {
    dir: PathBuf,
    /// Folders that did not exist before, innermost first.
    made: Vec<PathBuf>,
}

impl Output {
    /// Makes the folder that was named, or a new one under `results/` for this capture.
    pub(crate) fn create(named: Option<&Path>, capture: &Path) -> Result<Self, OutputError> {
        let dir = named.map_or_else(|| unused(capture), Path::to_owned);
        let failed = |source| OutputError {
            path: dir.clone(),
            source,
        };
        let made = make(&dir).map_err(failed)?;
        Ok(Self { dir, made })
    }

    /// Where a file of this name is, or will be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file, and tells where that is.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, OutputError> {
        let path = self.path(name);
        match replace(&path, content) {
            Ok(()) => Ok(path),
            Err(source) => Err(OutputError { path, source }),
        }
    }

    /// Removes what was made, because there is nothing to put into it.
    pub(crate) fn discard(self) {
        remove(self.made);
    }
}

/// Makes a folder in which files can be written, and tells which folders did not exist before,
/// innermost first.
pub(crate) fn make(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let made: Vec<_> = dir
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .map(Path::to_owned)
        .collect();
    fs::create_dir_all(dir)?;
    let probe = dir.join(".replay-probe");
    File::create(&probe).and_then(|_file| fs::remove_file(&probe))?;
    Ok(made)
}

/// Removes folders that were made.
pub(crate) fn remove(made: Vec<PathBuf>) {
    for dir in made {
        // A folder that got other content meanwhile stays.
        drop(fs::remove_dir(dir));
    }
}

/// Writes a file under another name and moves it into place.
pub(crate) fn replace(path: &Path, content: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.partial"));
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // What is left of the draft is of no use; the error that matters is the first.
        drop(fs::remove_file(&draft));
    }
    written
}

/// A result that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write results to `{path}`; name another folder with `--out`", path = path.display())]
pub(crate) struct OutputError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// `results/peak-1`, or the first number that is free.
fn unused(capture: &Path) -> PathBuf {
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    let stem = name
        .split('.')
        .next()
        .filter(|stem| !stem.is_empty())
        .unwrap_or("replay");
    let numbered = |number: u32| Path::new("results").join(format!("{stem}-{number}"));
    (1..u32::MAX)
        .map(numbered)
        .find(|dir| !dir.exists())
        .unwrap_or_else(|| numbered(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_and_replace_older_ones() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("a/b");
        let output = Output::create(Some(&dir), Path::new("c.jsonl")).unwrap();
        output.write("summary.json", "old").unwrap();
        let path = output.write("summary.json", "new").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    }

    #[test]
    fn discarding_leaves_what_was_there_before() {
        let scratch = tempfile::tempdir().unwrap();
        let output = Output::create(Some(&scratch.path().join("a/b")), Path::new("c")).unwrap();
        output.discard();
        assert!(scratch.path().exists() && !scratch.path().join("a").exists());
    }

    #[test]
    fn a_path_through_a_file_fails() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Output::create(Some(&file.join("dir")), Path::new("c")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot write results to `{}`; name another folder with `--out`",
                file.join("dir").display()
            )
        );
        assert_eq!(fs::read_to_string(file).unwrap(), "");
    }
}
