//! Keeps a run as the one that later runs are compared with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::output;
use crate::summary::{Status, Summary};

/// Writes the summary of a good run there; what is there stays where the run is not good.
pub(crate) fn save_baseline(summary: &Summary, path: &Path) -> Result<(), SaveError> {
    if let Some(reason) = doubt(summary) {
        return Err(SaveError::Refused {
            path: path.to_owned(),
            reason,
        });
    }
    let written = serde_json::to_string_pretty(summary)
        .map_err(io::Error::from)
        .and_then(|json| {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            folder.map_or(Ok(()), fs::create_dir_all)?;
            output::replace(path, &format!("{json}\n"))
        });
    written.map_err(|source| SaveError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Why it is nothing to measure others by.
fn doubt(summary: &Summary) -> Option<String> {
    let what = match summary.verdict.status {
        _ if summary.interrupted => "the run was interrupted",
        Status::Fail => "the run failed",
        Status::Invalid => "the run is invalid",
        Status::Pass => return None,
    };
    let reason = summary.verdict.reasons.first();
    Some(reason.map_or_else(|| what.to_owned(), |reason| format!("{what}: {reason}")))
}

/// A run that is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// It is not good enough.
    #[error("no baseline is written to `{path}`, and what is there stays: {reason}", path = path.display())]
    Refused {
        /// Where it was to go.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write the baseline `{path}`", path = path.display())]
    Write {
        /// Where it was to go.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::compare::read;
    use crate::report::sample::{judged, summary};

    #[test]
    fn a_good_run_is_kept_and_a_bad_one_is_not() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("baselines/main.json");
        save_baseline(&summary(), &path).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&kept).unwrap(), summary());
        assert_eq!(
            read(std::slice::from_ref(&path)).unwrap()[0].all.requests,
            2_000
        );

        let mut stopped = summary();
        stopped.interrupted = true;
        stopped.verdict.reasons = vec!["it was stopped".to_owned()];
        let mut invalid = summary();
        invalid.verdict.status = Status::Invalid;
        let why = [
            (stopped, "the run was interrupted: it was stopped"),
            (invalid, "the run is invalid"),
            (judged(), "the run failed: http_req_duration{"),
        ];
        for (bad, reason) in why {
            let error = save_baseline(&bad, &path).unwrap_err().to_string();
            let stays = format!("and what is there stays: {reason}");
            assert!(error.contains(&stays), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), kept);
        let others = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(others.count(), 1);
    }

    #[test]
    fn a_path_through_a_file_fails() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = save_baseline(&summary(), &file.join("main.json")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write the baseline `"));
    }
}
