//! What a gated request costs: nginx, rehearsal-proxy, and rehearsal-proxy while it records.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::nginx::{KEY, Nginx};
use crate::process::{Running, own};
use crate::{Row, Table, wrk};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const PATH: &str = "/api/loadtest/people?page=1";

/// Runs the rounds.
pub(crate) fn run() -> Result<Table> {
    let folder = tempfile::tempdir()?;
    let origin = Nginx::origin(folder.path())?;
    let nginx = Nginx::gate(folder.path(), origin.port)?;
    let (plain, plain_port) = proxy(folder.path(), origin.port, false)?;
    let (recording, recording_port) = proxy(folder.path(), origin.port, true)?;
    let contestants = [
        (
            "nginx: gate, limits, tag, forward",
            &nginx.process,
            nginx.port,
        ),
        ("rehearsal-proxy: the same", &plain, plain_port),
        (
            "rehearsal-proxy: and recording, anonymized",
            &recording,
            recording_port,
        ),
    ];
    let mut rows: Vec<Row> = contestants
        .iter()
        .map(|(name, ..)| Row {
            name,
            costs: Vec::new(),
        })
        .collect();
    for _ in 0..ROUNDS {
        for (row, (_, process, port)) in rows.iter_mut().zip(&contestants) {
            row.costs.push(cost(process, *port)?);
        }
    }
    Ok(Table {
        title: "a proxied request",
        rows,
    })
}

/// Microseconds of CPU time for each request of a flood.
fn cost(process: &Running, port: u16) -> Result<f64> {
    let before = process.cpu()?;
    let requests = wrk::flood(port, PATH, SECONDS)?;
    let spent = process.cpu()? - before;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
    Ok(spent * 1e6 / requests as f64)
}

fn proxy(folder: &Path, upstream: u16, record: bool) -> Result<(Running, u16)> {
    let name = if record { "recording" } else { "plain" };
    let policy = folder.join("anonymize.toml");
    fs::write(&policy, include_str!("../../config/anonymize.toml"))?;
    let config = folder.join(format!("{name}.toml"));
    let (capture, policy) = (folder.join(format!("{name}.jsonl")), policy.display());
    fs::write(
        &config,
        format!(
            r#"
            listen = ["127.0.0.1:0"]
            admin = "127.0.0.1:0"
            [load_test]
            enabled = true
            allow = ["127.0.0.1/32", "198.18.0.0/15"]
            keys = [{{ name = "bench", env = "LOAD_TEST_KEY" }}]
            [upstream.staging]
            servers = [{{ address = "127.0.0.1:{upstream}" }}]
            keepalive = 100
            [[route]]
            name = "loadtest"
            prefix = "/api/loadtest/"
            rewrite = "/api/v1/"
            gate = "key"
            limit = {{ rate = "1000000/s", burst = 100000, concurrent = 10000, per = "client" }}
            upstream = "staging"
            record = {record}
            [record]
            enabled = {record}
            file = "{}"
            policy = "{policy}"
            "#,
            capture.display()
        ),
    )?;
    let mut command = Command::new(own("rehearsal-proxy")?);
    command.arg("-c").arg(&config).env("LOAD_TEST_KEY", KEY);
    let (process, ready) = Running::start_and_hear(&mut command)?;
    let port = ready
        .split("http://127.0.0.1:")
        .nth(1)
        .and_then(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .with_context(|| format!("no port in: {ready}"))?;
    Ok((process, port))
}
