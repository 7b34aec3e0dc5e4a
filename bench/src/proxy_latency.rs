//! What a proxy adds to the time of an answer at half of its load: nginx, then rehearsal-proxy.
//!
//! h2load keeps the rate over HTTP/1.1 and writes down how long each request took.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::nginx::KEY;
use crate::proxy_cost::{PATH, Stage, address};
use crate::{Row, Table, wrk};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const CLIENTS: u32 = 32;

/// Runs the rounds; gives a table for the median and one for the 99th percentile.
pub(crate) fn run() -> Result<[Table; 2]> {
    let folder = tempfile::tempdir()?;
    let stage = Stage::new()?;
    let contestants = [stage.peer.address.clone(), address(&stage.plain)?];
    let most = contestants
        .iter()
        .map(|address| wrk::flood(address, PATH, 1));
    let most = most.collect::<Result<Vec<_>>>()?;
    let rate = most.into_iter().min().unwrap_or_default() / 2;
    let rows = || {
        [
            "nginx: gate, limits, tag, forward",
            "rehearsal-proxy: the same",
        ]
        .map(Row::new)
    };
    let (mut p50, mut p99) = (rows(), rows());
    for _ in 0..ROUNDS {
        for (place, address) in contestants.iter().enumerate() {
            let mut times = times(address, rate, folder.path())?;
            times.sort_by(f64::total_cmp);
            p50[place].values.push(times[times.len() / 2]);
            p99[place].values.push(times[times.len() * 99 / 100]);
        }
    }
    for rows in [&mut p50, &mut p99] {
        rows[1].parts = format!("; {rate} requests/s");
    }
    Ok([
        Table {
            title: "time of an answer at half load, p50",
            rows: p50.into(),
        },
        Table {
            title: "time of an answer at half load, p99",
            rows: p99.into(),
        },
    ])
}

/// Microseconds that each request took.
pub(crate) fn times(address: &str, rate: u64, folder: &Path) -> Result<Vec<f64>> {
    let log = folder.join("times.tsv");
    // h2load adds to a log that is there.
    drop(fs::remove_file(&log));
    let each = rate / u64::from(CLIENTS);
    let status = Command::new("h2load")
        .args([
            "--h1",
            "-t1",
            &format!("-c{CLIENTS}"),
            &format!("--rps={each}"),
        ])
        .arg(format!("--duration={SECONDS}"))
        .arg(format!("--log-file={}", log.display()))
        .arg(format!("--header=X-Load-Test-Key: {KEY}"))
        .arg(format!("http://{address}{PATH}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start h2load")?;
    ensure!(status.success(), "h2load ended with {status}");
    let text = fs::read_to_string(&log)?;
    let mut times = Vec::new();
    for line in text.lines() {
        let mut columns = line.split('\t');
        let (status, time) = (columns.nth(1), columns.next());
        ensure!(status == Some("200"), "h2load met an error: {line}");
        times.push(time.context("a line without a time")?.trim().parse()?);
    }
    ensure!(!times.is_empty(), "h2load measured nothing");
    Ok(times)
}
