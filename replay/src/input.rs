//! Reads what a run is made of: the captures and the users file.
//!
//! Knows nothing of their content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use trace::format::Capture;

use crate::merge::Source;
use crate::users::{Pool, UsersError};

/// The whole captures, or one line that says what is wrong with the first that has something.
pub(crate) fn captures(paths: &[PathBuf]) -> Result<Vec<Source>, anyhow::Error> {
    let read = paths.iter().map(|path| {
        // The reader's message names its cause already.
        let capture = Capture::read(path).map_err(|error| anyhow::Error::msg(error.to_string()))?;
        Ok(Source {
            file: path.clone(),
            capture,
        })
    });
    read.collect()
}

/// The pool of test users; empty when no file is configured.
pub(crate) fn pool(file: Option<&Path>, config: &str) -> Result<Pool, InputError> {
    let Some(file) = file else {
        return Ok(Pool::default());
    };
    let text = fs::read_to_string(file).map_err(|source| InputError::Users {
        file: file.to_owned(),
        config: config.to_owned(),
        source,
    })?;
    Ok(Pool::parse(file, &text)?)
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The users file is wrong.
    #[error(transparent)]
    Parse(#[from] UsersError),
    /// The users file cannot be read.
    #[error(
        "cannot read the users file `{file}`, seen from the folder that replay was started in; make it, with \
         `username,password,role` in every line, or name another under `[users]` in {config}",
        file = file.display()
    )]
    Users {
        /// The file.
        file: PathBuf,
        /// The configuration file.
        config: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}
