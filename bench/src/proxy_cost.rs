//! What a gated request costs: nginx, rehearsal-proxy, and rehearsal-proxy while it records.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use demo::programs::Program;

use crate::nginx::{self, KEY};
use crate::{Row, Table, cpu, wrk};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const PATH: &str = "/api/loadtest/people?page=1";

/// Runs the rounds.
pub(crate) fn run() -> Result<Table> {
    let folder = tempfile::tempdir()?;
    let origin = nginx::origin()?;
    let peer = nginx::gate(&origin.address)?;
    let (plain, plain_address) = proxy(folder.path(), &origin.address, false)?;
    let (recording, recording_address) = proxy(folder.path(), &origin.address, true)?;
    let contestants = [
        (
            "nginx: gate, limits, tag, forward",
            peer.id(),
            &peer.address,
        ),
        ("rehearsal-proxy: the same", plain.id(), &plain_address),
        (
            "rehearsal-proxy: and recording, anonymized",
            recording.id(),
            &recording_address,
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
        for (row, (_, process, address)) in rows.iter_mut().zip(&contestants) {
            row.costs.push(cost(*process, address)?);
        }
    }
    Ok(Table {
        title: "a proxied request",
        rows,
    })
}

/// Microseconds of CPU time for each request of a flood.
fn cost(process: u32, address: &str) -> Result<f64> {
    let before = cpu::of(process)?;
    let requests = wrk::flood(address, PATH, SECONDS)?;
    let spent = cpu::of(process)? - before;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
    Ok(spent * 1e6 / requests as f64)
}

fn proxy(folder: &Path, upstream: &str, record: bool) -> Result<(Program, String)> {
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
            servers = [{{ address = "{upstream}" }}]
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
    let args = ["-c".into(), config.into_os_string()];
    let process = Program::start("rehearsal-proxy", args, &[("LOAD_TEST_KEY", KEY)])?;
    let address = process.addresses().into_iter().next();
    Ok((
        process,
        address.context("the proxy did not say where it listens")?,
    ))
}
