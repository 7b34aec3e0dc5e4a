//! The harness of the end-to-end tests: real programs on free ports, gone when a test ends.
//!
//! A test reads as a sentence: a [`Stage`] with staging and the proxy in front of it, requests by
//! [`http::get`], and programs that run to their end by [`finish`].

pub mod browser;
pub mod curl;
pub mod http;
pub mod nginx;
pub mod origin;
pub mod proxy;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use demo::programs::command;

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
    let output = command(name)?
        .args(args)
        .envs(env.iter().copied())
        .current_dir(project())
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    Ok(Finished {
        code: output.status.code().context("it was killed")?,
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
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
