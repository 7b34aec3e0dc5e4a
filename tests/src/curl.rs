//! curl, as a client that everybody knows.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bounded;
use crate::http::Answer;

/// A name for this machine in requests and certificates.
pub const HOST: &str = "staging.example.internal";

/// Sends what curl sends with these arguments, and gives the final answer.
pub fn curl<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<Answer> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--max-time", "20"])
        .args(args);
    let output = bounded::output(&mut curl, Duration::from_secs(30))?;
    let problem = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "curl: {}", problem.trim());
    let text = String::from_utf8_lossy(&output.stdout);
    let mut answer = Answer::parse(&text)?;
    while answer.status < 200 {
        answer = Answer::parse(&answer.body)?;
    }
    Ok(answer)
}
