//! A real browser without a screen.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Opens a page, waits until it has loaded, and gives what it has become. Certificates are not
/// checked, and [`crate::curl::HOST`] is this machine.
pub fn page(url: &str) -> Result<String> {
    let profile = tempfile::tempdir()?;
    let output = Command::new("chromium")
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
            "--timeout=20000",
        ])
        .arg(format!(
            "--host-resolver-rules=MAP {} 127.0.0.1",
            crate::curl::HOST
        ))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .stdin(Stdio::null())
        .output()
        .context("cannot start chromium; `make test` installs it")?;
    ensure!(
        output.status.success(),
        "chromium ended with {}",
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}
