//! A running backend, and the proxy with the shipped configuration in front of it.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::process::Command;

use super::files::Files;
use crate::programs::{Program, command};

/// A scratch folder, a backend, and the configuration for what goes around it.
pub struct Stage {
    /// The configuration files.
    pub files: Files,
    /// Where the backend listens.
    pub staging: String,
    /// The key of the proxy's load-test gate.
    pub key: String,
    scratch: TempDir,
    _backend: Program,
}

impl Stage {
    /// Starts a backend with latencies scaled by `latency`: 0 answers at once.
    pub fn set(latency: f64) -> Result<Self> {
        Self::with(latency, &[])
    }

    /// The same with further flags for the backend, such as `--token-life 5s`.
    pub fn with(latency: f64, flags: &[&str]) -> Result<Self> {
        let scratch = tempfile::tempdir().context("cannot make a scratch folder")?;
        let latency = latency.to_string();
        let args = ["--listen", "127.0.0.1:0", "--latency-scale", &latency];
        let args = args.iter().chain(flags);
        let backend = Program::start("staging", args, &[])?;
        let staging = backend.addresses().into_iter().next();
        Ok(Self {
            files: Files::new(scratch.path())?,
            staging: staging.context("staging did not say where it listens")?,
            key: format!(
                "{:032x}{:032x}",
                rand::random::<u128>(),
                rand::random::<u128>()
            ),
            scratch,
            _backend: backend,
        })
    }

    /// A path in the scratch folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts the proxy, recording if a capture is named; gives its address too.
    pub fn proxy(&self, capture: Option<&Path>) -> Result<(Program, String)> {
        let config = self.files.proxy(&self.staging, capture)?;
        let args = ["-c".into(), config.into_os_string()];
        let proxy = Program::start("rehearsal-proxy", args, &[("LOAD_TEST_KEY", &self.key)])?;
        let address = proxy.addresses().into_iter().next();
        Ok((
            proxy,
            address.context("the proxy did not say where it listens")?,
        ))
    }

    /// Replays `capture` with these flags through a proxy of its own, with results in `out`. Its output
    /// goes where ours goes.
    pub async fn replay(&self, capture: &Path, how: &[&str], out: &Path) -> Result<ExitStatus> {
        let (proxy, address) = self.proxy(None)?;
        let status = Command::from(command("replay")?)
            .args(how)
            .args(["--via-loadtest", "--config"])
            .arg(self.files.replay(&address)?)
            .arg("--out")
            .arg(out)
            .arg(capture)
            .env("LOAD_TEST_KEY", &self.key)
            .kill_on_drop(true)
            .status()
            .await
            .context("cannot start `replay`")?;
        proxy.stop()?;
        Ok(status)
    }
}
