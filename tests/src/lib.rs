//! The harness of the end-to-end tests: real programs on free ports, gone when a test ends.
//!
//! A test reads as a sentence: a [`Stage`] with staging and the proxy in front of it, requests by
//! [`http::get`], and programs that run to their end by [`finish`].

pub mod bounded;
pub mod browser;
pub mod certificate;
pub mod curl;
pub mod deadline;
pub mod http;
pub mod ledger;
pub mod message;
pub mod nginx;
pub mod origin;
pub mod proxy;
pub mod service;
pub mod todo;
pub mod told;
pub mod users;
pub mod webdriver;
pub mod wrk;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use demo::programs::command;

use crate::deadline::Deadline;

pub use demo::rehearsal::Stage;

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs one of the project's programs in the project's folder, to its end.
pub fn finish<A: AsRef<OsStr>>(
    name: &str,
    args: impl IntoIterator<Item = A>,
    env: &[(&str, &str)],
) -> Result<Finished> {
    let mut command = command(name)?;
    command
        .args(args)
        .envs(env.iter().copied())
        .current_dir(project());
    let output = bounded::output(&mut command, Duration::from_secs(60))?;
    Ok(Finished {
        code: output.status.code().context("it was killed")?,
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// Waits until something is there, for ten seconds.
pub fn eventually<T>(what: &str, mut check: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Deadline::after(Duration::from_secs(10));
    loop {
        if let Some(value) = check()? {
            return Ok(value);
        }
        ensure!(!deadline.is_over(), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// A key of the load-test gate. Made up.
pub const KEY: &str = "end-to-end-key-0123456789abcdef0123";
