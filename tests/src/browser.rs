//! A real browser without a screen.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bounded;

/// How long it may take; most of it is its start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// Opens a page, waits until it has loaded, and gives what it has become. Certificates are not
/// checked, and [`crate::curl::HOST`] is this machine.
pub fn page(url: &str) -> Result<String> {
    let profile = tempfile::tempdir()?;
    let mut chromium = Command::new("chromium");
    chromium
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
            // For the page, once the browser is there.
            "--timeout=20000",
        ])
        .arg(format!(
            "--host-resolver-rules=MAP {} 127.0.0.1",
            crate::curl::HOST
        ))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url]);
    let output = bounded::output(&mut chromium, PATIENCE)?;
    ensure!(
        output.status.success(),
        "chromium ended with {}",
        output.status
    );
    let page = String::from_utf8(output.stdout)?;
    ensure!(!page.trim().is_empty(), "chromium could not load {url}");
    Ok(page)
}
