//! What a sent request costs: wrk flat out, and replay with a capture that is due all at once.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, ensure};
use demo::programs::command;

use crate::{Row, Table, cpu, nginx, wrk};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const EXCHANGES: u32 = 100_000;

/// Runs the rounds.
pub(crate) fn run() -> Result<Table> {
    let folder = tempfile::tempdir()?;
    let origin = nginx::origin()?;
    let capture = capture(folder.path())?;
    let mut peer = Row::new("wrk: flat out");
    let mut ours = Row::new("replay: read, plan, send, report");
    for _ in 0..ROUNDS {
        let before = cpu::of_ended_children()?;
        let requests = wrk::flood(&origin.address, "/api/v1/people?page=1", SECONDS)?;
        peer.values
            .push((cpu::of_ended_children()? - before).total() * 1e6 / as_f64(requests));

        let before = cpu::of_ended_children()?;
        replay(&capture, &origin.address, folder.path())?;
        let spent = (cpu::of_ended_children()? - before).total();
        ours.values.push(spent * 1e6 / f64::from(EXCHANGES));
    }
    Ok(Table {
        title: "a request sent",
        rows: vec![peer, ours],
    })
}

fn replay(capture: &Path, target: &str, folder: &Path) -> Result<()> {
    // An empty file, so that no setting of the place where we run comes in.
    let config = folder.join("replay.toml");
    fs::write(&config, "")?;
    let status = command("replay")?
        .args([
            "--speed",
            "1",
            "--quiet",
            "--target",
            &format!("http://{target}"),
        ])
        .arg("--config")
        .arg(config)
        .arg("--out")
        .arg(folder.join("results"))
        .arg(capture)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    // Flat out, the schedule cannot be kept: 96 says just that.
    ensure!(
        matches!(status.code(), Some(0 | 96)),
        "replay ended with {status}"
    );
    Ok(())
}

/// A capture of 64 sessions whose requests are all due within a second.
fn capture(folder: &Path) -> Result<PathBuf> {
    let mut text = String::from(
        r#"{"type":"header","format":"rehearsal-capture","version":1,"capture":"BENCH","tool":"bench","mode":"tokens","policy":"none","body_limit":0,"sample":1.0}
"#,
    );
    for seq in 1..=EXCHANGES {
        let (user, at_ns) = (seq % 64, u64::from(seq) * 10_000);
        writeln!(
            text,
            r#"{{"type":"exchange","seq":{seq},"at_ns":{at_ns},"session":"s{user}","user":"u{user}","connection":{user},"route":"GET /api/v1/people","request":{{"version":"1.1","method":"GET","path":"/api/v1/people","query":"page=1","headers":[["accept","application/json"]],"body":{{"encoding":"none","bytes":0}}}},"response":{{"status":200,"headers":[],"body":{{"encoding":"none","bytes":0}}}},"timing":{{"first_byte_ns":1000000,"total_ns":1000000}},"links":[],"flags":[]}}"#
        )?;
    }
    let path = folder.join("flood.jsonl");
    fs::write(&path, text)?;
    Ok(path)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}
