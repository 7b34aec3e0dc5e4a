//! Replay beside other load generators: what a request costs, how exact it is, what it takes of
//! memory.

pub(crate) mod capture;
pub(crate) mod cost;
pub(crate) mod memory;
pub(crate) mod sink;
pub(crate) mod timing;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use demo::programs::command;
use replay::summary::Summary;

/// A run of the program, in a folder that has nothing else in it.
pub(crate) struct Run<'a> {
    /// The capture.
    pub(crate) capture: &'a Path,
    /// Where it sends.
    pub(crate) target: &'a str,
    /// How.
    pub(crate) args: &'a [&'a str],
}

impl Run<'_> {
    /// Starts it.
    pub(crate) fn start(&self, folder: &Path) -> Result<Child> {
        Ok(self.command(folder)?.spawn()?)
    }

    /// Runs it to its end, and gives its summary.
    pub(crate) fn to_end(&self, folder: &Path) -> Result<Summary> {
        let status = self.command(folder)?.status()?;
        // 96 says that this machine was too busy: the numbers show how busy.
        ensure!(
            matches!(status.code(), Some(0 | 96)),
            "replay ended with {status}"
        );
        summary(folder)
    }

    fn command(&self, folder: &Path) -> Result<Command> {
        // An empty file, so that no setting of the place where we run comes in.
        let config = folder.join("replay.toml");
        fs::write(&config, "")?;
        let mut replay = command("replay")?;
        replay
            .args(["--quiet", "--target", &format!("http://{}", self.target)])
            .arg("--config")
            .arg(config)
            .arg("--out")
            .arg(folder.join("results"))
            .args(self.args)
            .arg(self.capture)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(replay)
    }
}

/// The summary of a run in this folder.
pub(crate) fn summary(folder: &Path) -> Result<Summary> {
    let text = fs::read_to_string(folder.join("results/summary.json"))?;
    serde_json::from_str(&text).context("no summary")
}
