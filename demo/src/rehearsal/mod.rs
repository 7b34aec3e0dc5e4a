//! The whole loop on one machine: staging, the proxy in front of it, users, capture, replay.
//!
//! Every program is the real one, on free loopback ports, and is gone when this returns.

pub mod expectations;
pub mod files;
mod stage;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use trace::format::{Capture, Footer};

use self::expectations::Expectation;
use self::steps::{Steps, judge, line};
use crate::programs::path_of;
use crate::users::{self, UsersConfig};

pub use self::stage::Stage;

/// What a loop is made of.
pub struct Loop {
    /// How many users.
    pub users: usize,
    /// For how long they work.
    pub duration: Duration,
    /// How fast the replay is, such as `5x`.
    pub speed: String,
    /// Where capture, summary and report go; those of an earlier loop are replaced.
    pub out: PathBuf,
}

/// Runs the loop. `false` says that something was not as it should be.
pub async fn run(rehearsal: &Loop) -> Result<bool> {
    for program in ["staging", "rehearsal-proxy", "replay"] {
        path_of(program)?;
    }
    let out = &rehearsal.out;
    fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
    let steps = Steps::new();
    let stage = Stage::set(LATENCY)?;
    steps.say(&format!("staging backend on http://{}", stage.staging));
    let footer = record_users(&stage, rehearsal.users, rehearsal.duration, &steps).await?;
    let capture = out.join("capture.jsonl");
    keep(&stage.path(CAPTURE), &capture)?;
    steps.say(&format!(
        "capture closed and audited: {}",
        capture.display()
    ));

    let mut expectations = expectations::of_capture(&footer);
    drop(stage);
    expectations.extend(replay(rehearsal, &capture, &steps).await?);
    judge(&expectations);
    let report = out.join("report.html");
    if report.exists() {
        line(&format!("\nreport: {}", report.display()));
    }
    Ok(expectations.iter().all(|expectation| expectation.met))
}

/// Records synthetic users into `file`, which is replaced only by a capture that is as it should be.
pub async fn record(users: usize, duration: Duration, file: &Path) -> Result<()> {
    let steps = Steps::new();
    let stage = Stage::set(LATENCY)?;
    let footer = record_users(&stage, users, duration, &steps).await?;
    let expectations = expectations::of_capture(&footer);
    judge(&expectations);
    let met = expectations.iter().all(|expectation| expectation.met);
    ensure!(met, "the capture was not kept");
    keep(&stage.path(CAPTURE), file)?;
    line(&format!("capture: {}", file.display()));
    Ok(())
}

/// Lets users work through the proxy while it records, and gives the closed capture's totals.
async fn record_users(
    stage: &Stage,
    users: usize,
    duration: Duration,
    steps: &Steps,
) -> Result<Footer> {
    let capture = stage.path(CAPTURE);
    let (proxy, address) = stage.proxy(Some(&capture))?;
    steps.say(&format!("rehearsal-proxy on http://{address}, recording"));
    let target = address.parse().context("the proxy's address")?;
    let bar = steps.bar(&format!("{users} users at work"), duration);
    let config = UsersConfig::new(target, users, duration);
    let report = users::run(config, |progress| bar.show(progress)).await;
    bar.finish();
    let statuses = report
        .statuses
        .iter()
        .map(|(status, count)| format!("{count} × {status}"));
    let statuses = statuses.collect::<Vec<_>>().join(", ");
    steps.say(&format!(
        "{users} users made {} requests: {statuses}",
        report.requests
    ));
    let failures = report.failures.join("; ");
    ensure!(
        report.failed == 0,
        "{} requests failed; {failures}",
        report.failed
    );

    let (status, said) = proxy.stop()?;
    ensure!(
        status.success(),
        "the proxy ended with {status}: {}",
        said.trim()
    );
    Capture::read(&capture)?
        .footer
        .context("the capture has no footer")
}

/// Replays the capture, and again if the machine was too busy for it to keep time; each time against a
/// backend of its own, which knows nothing of what was done before and has other ids.
async fn replay(rehearsal: &Loop, capture: &Path, steps: &Steps) -> Result<Vec<Expectation>> {
    let Loop { speed, out, .. } = rehearsal;
    steps.say(&format!(
        "replaying at {speed} through /api/loadtest/*, against a backend that was started anew"
    ));
    let how = ["--speed", speed, "--pacing", "precise"];
    let mut status = Stage::set(LATENCY)?.replay(capture, &how[..2], out).await?;
    for _ in 1..ATTEMPTS {
        if status.code() == Some(INVALID) {
            steps.say(
                "this machine was too busy for the replay to keep time: with --pacing precise",
            );
            status = Stage::set(LATENCY)?.replay(capture, &how, out).await?;
        }
    }
    let recorded = Capture::read(capture)?.exchanges.len();
    let mut expectations = vec![Expectation {
        line: format!("replay ended with {status}"),
        // What the summary says of an invalid run decides.
        met: matches!(status.code(), Some(0 | INVALID)),
    }];
    let summary = out.join("summary.json");
    if summary.exists() {
        expectations.extend(expectations::of_summary(&summary, recorded as u64)?);
    }
    Ok(expectations)
}

/// Moves a finished capture out of the scratch folder.
fn keep(from: &Path, to: &Path) -> Result<()> {
    let problem = || format!("cannot write `{}`", to.display());
    fs::copy(from, to).map(drop).with_context(problem)
}

/// The capture's name in the scratch folder.
const CAPTURE: &str = "capture.jsonl";

/// A tenth of the latencies that the application's owners declare.
const LATENCY: f64 = 0.1;

/// Replays at most: staging, proxy and replay share this machine with whatever else runs on it.
const ATTEMPTS: usize = 3;

/// The exit code by which replay says that it could not keep time.
const INVALID: i32 = 96;
