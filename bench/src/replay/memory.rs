//! What a run with a large capture takes of memory, and when it begins to send.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Run;
use super::capture::{Shape, write};
use super::sink::Sink;
use crate::{Effort, clock, cpu, nginx, say};

/// Plays ten million exchanges.
pub(crate) fn run(effort: Effort) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shape = Shape {
        exchanges: u64::from(effort.of(10_000_000)),
        sessions: 10_000,
        gap_ns: 1_000_000,
        linked: 0,
    };
    let capture = write(folder.path(), shape)?;
    let size = capture.metadata()?.len() / 1_000_000;
    say(&format!("{} exchanges, {size} MB", shape.exchanges));
    let sink = Sink::start()?;
    let before_ns = sink.now_ns();
    let mut child = Run {
        capture: &capture,
        target: &sink.address(),
        args: &["--speed", "1", "--duration", "2s"],
    }
    .start(folder.path())?;
    child.wait()?;
    let first_ns = sink.take().first().context("nothing came")?.1 - before_ns;
    say(&format!(
        "  first request after {:>5} ms",
        first_ns / 1_000_000
    ));
    let origin = nginx::origin()?;
    let mut child = Run {
        capture: &capture,
        target: &origin.address,
        args: &["--rate", "max", "--duration", "60s"],
    }
    .start(folder.path())?;
    let (began, mut peak) = (clock::now(), 0.0);
    while child.try_wait()?.is_none() {
        if let Ok((most, _)) = cpu::memory(child.id()) {
            peak = most;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let summary = super::summary(folder.path())?;
    say(&format!(
        "  at most {peak:.1} MiB, over {} requests in {:.0} s\n",
        summary.totals.sent,
        (clock::now() - began).as_secs_f64()
    ));
    Ok(())
}
