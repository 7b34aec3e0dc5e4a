//! wrk, as the load for proxies and as the peer for replay.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::nginx::KEY;

/// Sends as fast as the server answers for `seconds`; gives how many requests were answered.
pub(crate) fn flood(address: &str, path: &str, seconds: u32) -> Result<u64> {
    let output = Command::new("wrk")
        .args(["-t1", "-c32", &format!("-d{seconds}s")])
        .args(["-H", &format!("X-Load-Test-Key: {KEY}")])
        .arg(format!("http://{address}{path}"))
        .output()
        .context("cannot start wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk met errors:\n{text}");
    }
    text.lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
        .with_context(|| format!("wrk printed no count:\n{text}"))
}
