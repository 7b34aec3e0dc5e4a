//! The whole loop on one machine: staging, the proxy in front of it, users, capture, replay.
//!
//! Every program is the real one, on free loopback ports, and is gone when this returns.

pub mod expectations;
pub mod files;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use trace::format::{Capture, Footer};

use self::expectations::Expectation;
use self::files::Files;
use self::steps::Steps;
use crate::programs::{Program, path_of};
use crate::users::{self, UsersConfig};

/// What a loop is made of.
pub struct Loop {
    /// How many users.
    pub users: usize,
    /// For how long they work.
    pub duration: Duration,
    /// How fast the replay is, such as `5x`.
    pub speed: String,
    /// Where capture, summary and report go; emptied first.
    pub out: PathBuf,
}

/// Runs the loop. `false` says that something was not as it should be.
pub async fn run(rehearsal: &Loop) -> Result<bool> {
    let out = &rehearsal.out;
    empty(out)?;
    let mut steps = Steps::new();
    let scratch = tempfile::tempdir()?;
    let stage = Stage::set(scratch)?;
    steps.done(&format!("staging backend on http://{}", stage.staging));

    let capture = out.canonicalize()?.join("capture.jsonl");
    let footer = stage
        .record(rehearsal.users, rehearsal.duration, &capture, &mut steps)
        .await?;
    let mut expectations = expectations::of_capture(&footer);

    steps.done(&format!(
        "replaying at {} through /api/loadtest/*",
        rehearsal.speed
    ));
    let status = stage.replay(&capture, &rehearsal.speed, out)?;
    expectations.push(Expectation {
        line: format!("replay ended with exit code {status}"),
        met: status == 0,
    });
    let summary = out.join("summary.json");
    if summary.exists() {
        expectations.extend(expectations::of_summary(&summary, footer.exchanges)?);
    }
    steps.judge(&expectations);
    steps.line(&format!("report: {}", out.join("report.html").display()));
    Ok(expectations.iter().all(|expectation| expectation.met))
}

/// Records synthetic users into `file`, which is replaced only by a capture that is as it should be.
pub async fn record(users: usize, duration: Duration, file: &Path) -> Result<()> {
    let mut steps = Steps::new();
    let folder = tempfile::tempdir()?;
    let capture = folder.path().join("capture.jsonl");
    let stage = Stage::set(tempfile::tempdir()?)?;
    let footer = stage.record(users, duration, &capture, &mut steps).await?;
    let expectations = expectations::of_capture(&footer);
    steps.judge(&expectations);
    ensure!(
        expectations.iter().all(|expectation| expectation.met),
        "the capture was not kept"
    );
    fs::copy(&capture, file).with_context(|| format!("cannot write `{}`", file.display()))?;
    steps.line(&format!("capture: {}", file.display()));
    Ok(())
}

/// A running backend and the configuration around it.
struct Stage {
    files: Files,
    staging: String,
    key: String,
    _backend: Program,
    _scratch: TempDir,
}

impl Stage {
    fn set(scratch: TempDir) -> Result<Self> {
        let backend = Program::start("staging", ["--listen", "127.0.0.1:0"], &[])?;
        let staging = backend.addresses().into_iter().next();
        Ok(Self {
            files: Files::new(scratch.path())?,
            staging: staging.context("staging did not say where it listens")?,
            key: format!(
                "{:032x}{:032x}",
                rand::random::<u128>(),
                rand::random::<u128>()
            ),
            _backend: backend,
            _scratch: scratch,
        })
    }

    /// Lets users work through the proxy while it records, and gives the closed capture's totals.
    async fn record(
        &self,
        users: usize,
        duration: Duration,
        capture: &Path,
        steps: &mut Steps,
    ) -> Result<Footer> {
        let (proxy, address) = self.proxy(Some(capture))?;
        steps.done(&format!("rehearsal-proxy on http://{address}, recording"));

        let target = address.parse().context("the proxy's address")?;
        let bar = steps.bar(&format!("{users} users at work"), duration);
        let config = UsersConfig::new(target, users, duration);
        let report = users::run(config, |progress| bar.show(progress)).await;
        bar.finish();
        steps.done(&format!("{users} users made {} requests", report.requests));
        let statuses = report
            .statuses
            .iter()
            .map(|(status, count)| format!("{status} × {count}"));
        steps.line(&format!(
            "         statuses: {}",
            statuses.collect::<Vec<_>>().join(", ")
        ));
        ensure!(
            report.failed == 0,
            "{} requests failed; {}",
            report.failed,
            report.failures.join("; ")
        );

        let (status, said) = proxy.stop()?;
        ensure!(
            status.success(),
            "the proxy ended with {status}: {}",
            said.trim()
        );
        let read = Capture::read(capture)?;
        steps.done(&format!(
            "capture closed and audited: {}",
            capture.display()
        ));
        read.footer.context("the capture has no footer")
    }

    /// Replays `capture`; gives the exit code.
    fn replay(&self, capture: &Path, speed: &str, out: &Path) -> Result<i32> {
        let (proxy, address) = self.proxy(None)?;
        let status = Command::new(path_of("replay")?)
            .args(["--speed", speed, "--via-loadtest", "--config"])
            .arg(self.files.replay(&address)?)
            .arg("--out")
            .arg(out)
            .arg(capture)
            .env("LOAD_TEST_KEY", &self.key)
            .stdin(Stdio::null())
            .status()
            .context("cannot start `replay`")?;
        proxy.stop()?;
        status.code().context("replay was killed")
    }

    fn proxy(&self, capture: Option<&Path>) -> Result<(Program, String)> {
        let config = self.files.proxy(&self.staging, capture)?;
        let args = ["-c".into(), config.into_os_string()];
        let proxy = Program::start("rehearsal-proxy", args, &[("LOAD_TEST_KEY", &self.key)])?;
        let address = proxy.addresses().into_iter().next();
        Ok((
            proxy,
            address.context("the proxy did not say where it listens")?,
        ))
    }
}

/// Makes `folder` an empty one. Only what an earlier loop left there is removed.
fn empty(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for name in [
        "capture.jsonl",
        "capture.jsonl.quarantine",
        "summary.json",
        "report.html",
    ] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
