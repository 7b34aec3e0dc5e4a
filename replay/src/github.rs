//! Tells a GitHub job how a run went: in the summary of its step, and as annotations.
//!
//! Nothing that goes wrong here changes how the run ended.

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use crate::console;
use crate::report::{github, markdown};
use crate::summary::Summary;

/// Tells the job, where this is one.
pub(crate) fn tell(summary: &Summary) {
    if env::var("GITHUB_ACTIONS").as_deref() != Ok("true") {
        return;
    }
    let file = env::var_os("GITHUB_STEP_SUMMARY").filter(|file: &OsString| !file.is_empty());
    if let Some(file) = file {
        let file = Path::new(&file);
        if let Err(error) = append(file, &markdown::render(summary)) {
            console::warning(&format_args!(
                "the summary of the job's step, `{}`, stays as it is: {error}",
                file.display()
            ));
        }
    }
    if let Err(error) = console::data(&github::render(summary)) {
        console::warning(&format_args!("cannot print annotations: {error}"));
    }
}

/// Adds to the file what fits: GitHub takes none of one that is too large.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let text = match length {
        0 => text.to_owned(),
        _ => format!("\n{text}"),
    };
    if length.saturating_add(text.len() as u64) > MOST_BYTES {
        return Err(io::Error::other(
            "it would be longer than GitHub takes, 1 MiB",
        ));
    }
    file.write_all(text.as_bytes())
}

const MOST_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_grows_as_far_as_github_takes_it() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("step.md");
        append(&path, "one\n").unwrap();
        append(&path, "two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n\ntwo\n");
        let rest = usize::try_from(MOST_BYTES).unwrap() - "one\n\ntwo\n\n".len();
        let error = append(&path, &"x".repeat(rest + 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it would be longer than GitHub takes, 1 MiB"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n\ntwo\n");
        append(&path, &"x".repeat(rest)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), MOST_BYTES);
    }
}
