//! What a request costs that is sent flat out: wrk, what else is installed, and replay with all
//! that it does: its plan, its clocks, the check of each status.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Run;
use super::capture::{Shape, write};
use crate::{Effort, Row, Table, cpu, installed, nginx, wrk};

/// Beside other generators.
pub(crate) fn beside_others(effort: Effort) -> Result<Table> {
    let folder = tempfile::tempdir()?;
    let origin = nginx::origin()?;
    let requests = u64::from(effort.of(400_000));
    let shape = Shape {
        exchanges: requests / 20,
        sessions: 1_000,
        gap_ns: 1_000_000,
        linked: 0,
    };
    let capture = write(folder.path(), shape)?;
    let url = format!("http://{}/n/1", origin.address);
    let mut wrk = Row::new("wrk");
    let mut others: Vec<_> = OTHERS
        .iter()
        .filter(|other| installed(other.program))
        .map(|other| (other, Row::new(other.program)))
        .collect();
    let mut ours = Row::new("replay: read, plan, send, check, report");
    for _ in 0..effort.rounds() {
        let before = cpu::of_ended_children()?;
        let answered = wrk::flood(&origin.address, "/n/1", SECONDS)?;
        wrk.values.push(each(before, answered)?);
        for (other, row) in &mut others {
            let before = cpu::of_ended_children()?;
            other.flood(requests, &url)?;
            row.values.push(each(before, requests)?);
        }
        let before = cpu::of_ended_children()?;
        let run = Run {
            capture: &capture,
            target: &origin.address,
            args: &FLAT_OUT,
        };
        let summary = run.to_end(folder.path())?;
        ensure!(
            summary.totals.completed == summary.totals.sent,
            "replay met errors"
        );
        ours.values.push(each(before, summary.totals.sent)?);
    }
    let rows = [wrk]
        .into_iter()
        .chain(others.into_iter().map(|(_, row)| row));
    Ok(Table {
        title: "a request sent, flat out, 32 on their way, one thread",
        rows: rows.chain([ours]).collect(),
    })
}

/// What links cost: those who have none, and those who do.
pub(crate) fn of_links(effort: Effort) -> Result<Table> {
    let origin = nginx::origin()?;
    let requests = u64::from(effort.of(200_000));
    let mut rows: Vec<_> = LINKED.iter().map(|(name, ..)| Row::new(name)).collect();
    for _ in 0..effort.rounds() {
        for ((_, linked, args), row) in LINKED.iter().zip(&mut rows) {
            let folder = tempfile::tempdir()?;
            let shape = Shape {
                exchanges: requests / 20,
                sessions: 100,
                gap_ns: 1_000_000,
                linked: *linked,
            };
            let capture = write(folder.path(), shape)?;
            let args = [&FLAT_OUT[..], *args].concat();
            let before = cpu::of_ended_children()?;
            let run = Run {
                capture: &capture,
                target: &origin.address,
                args: &args,
            };
            let summary = run.to_end(folder.path())?;
            ensure!(summary.fidelity.unresolved_links == 0, "a link led nowhere");
            row.values.push(each(before, summary.totals.sent)?);
        }
    }
    Ok(Table {
        title: "a request sent, flat out, by what it takes of earlier answers",
        rows,
    })
}

/// How many requests have a link, one in so many, and how they are sent.
const LINKED: [(&str, u64, &[&str]); 4] = [
    (
        "none, and nothing is followed (--verbatim)",
        0,
        &["--verbatim"],
    ),
    ("none", 0, &[]),
    ("one value, each tenth", 10, &[]),
    ("one value, each", 1, &[]),
];

/// Of captures from small to large, and of few sessions or many.
pub(crate) fn by_size(effort: Effort) -> Result<Table> {
    let origin = nginx::origin()?;
    let mut rows = Vec::new();
    for (name, exchanges, sessions) in SIZES {
        let folder = tempfile::tempdir()?;
        let exchanges = u64::from(effort.of(exchanges)).max(1_000);
        let shape = Shape {
            exchanges,
            sessions: sessions.min(exchanges),
            gap_ns: 1_000_000,
            linked: 0,
        };
        let capture = write(folder.path(), shape)?;
        let mut row = Row::new(name);
        for _ in 0..effort.rounds().min(3) {
            let before = cpu::of_ended_children()?;
            let run = Run {
                capture: &capture,
                target: &origin.address,
                args: &[
                    "--loop",
                    "--duration",
                    "5s",
                    "--rate",
                    "max",
                    "--workers",
                    "1",
                ],
            };
            let summary = run.to_end(folder.path())?;
            row.values.push(each(before, summary.totals.sent)?);
        }
        rows.push(row);
    }
    Ok(Table {
        title: "a request sent, flat out for 5 s, by the size of the capture",
        rows,
    })
}

const SIZES: [(&str, u32, u64); 5] = [
    ("1,000 exchanges of 10 sessions", 1_000, 10),
    ("100,000 exchanges of 1,000 sessions", 100_000, 1_000),
    ("1 million exchanges of 1,000 sessions", 1_000_000, 1_000),
    (
        "1 million exchanges of 100,000 sessions",
        1_000_000,
        100_000,
    ),
    ("10 million exchanges of 1,000 sessions", 10_000_000, 1_000),
];

/// Another generator.
struct Other {
    program: &'static str,
    /// How it is told to send so many requests, 32 at once, on one thread.
    args: fn(u64) -> Vec<String>,
}

impl Other {
    fn flood(&self, requests: u64, url: &str) -> Result<()> {
        let output = Command::new(self.program)
            .args((self.args)(requests))
            .arg(url)
            .env("GOMAXPROCS", "1")
            .output()
            .with_context(|| format!("cannot start {}", self.program))?;
        ensure!(
            output.status.success(),
            "{} ended with {}",
            self.program,
            output.status
        );
        Ok(())
    }
}

const OTHERS: [Other; 4] = [
    Other {
        program: "h2load",
        args: |requests| words(&format!("--h1 -t1 -c32 -n{requests}")),
    },
    Other {
        program: "oha",
        args: |requests| words(&format!("--no-tui -c32 -n{requests}")),
    },
    Other {
        program: "hey",
        args: |requests| words(&format!("-c 32 -n {requests}")),
    },
    Other {
        program: "rload",
        args: |requests| words(&format!("-c 32 -n {requests} -t 1")),
    },
];

const FLAT_OUT: [&str; 8] = [
    "--rate",
    "max",
    "--loop=20",
    "--workers",
    "1",
    "--max-in-flight",
    "32",
    "--sessions=ordered",
];

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Microseconds of CPU time for each request, since then.
fn each(before: cpu::Time, requests: u64) -> Result<f64> {
    let spent = cpu::of_ended_children()? - before;
    Ok(spent.total() * 1e6 / as_f64(requests))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

const SECONDS: u32 = 5;
