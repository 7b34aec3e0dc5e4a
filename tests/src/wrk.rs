//! wrk, as fast as the proxy answers.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::bounded::Running;

/// A flood that lasts until it is ended, for a minute at most.
pub struct Wrk(Running);

/// What wrk counted.
pub struct Report {
    /// Requests that were answered.
    pub requests: u64,
    /// All that it said.
    pub text: String,
}

impl Wrk {
    /// Sixteen connections by one thread, each with one request after the other.
    pub fn start(url: &str) -> Result<Self> {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c16", "-d60s", "--timeout", "10s", "--latency", url]);
        Ok(Self(Running::start(&mut wrk, Duration::from_secs(90))?))
    }

    /// Ends it. An error if a single request failed.
    pub fn end(self) -> Result<Report> {
        self.0.interrupt()?;
        let output = self.0.end()?;
        let text = String::from_utf8(output.stdout)?;
        let counted = text.lines().find_map(|line| {
            let (count, _) = line.trim().split_once(" requests in ")?;
            count.parse().ok()
        });
        let requests = counted.with_context(|| format!("wrk counted nothing: {text}"))?;
        // Lines that are there only when there is something to count.
        let failed = ["Socket errors", "Non-2xx"].map(|line| text.contains(line));
        ensure!(failed == [false; 2], "{text}");
        Ok(Report { requests, text })
    }
}
