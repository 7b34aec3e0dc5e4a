//! Benchmarks beside nginx and wrk, as ratios of CPU time per request in one run.
//!
//! A machine's speed varies from one minute to the next, so that each figure is the median of
//! several rounds in which we and the peer take turns.

mod cpu;
mod nginx;
mod proxy_cost;
mod replay_cost;
mod wrk;

use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    say("CPU time per request, median of the rounds (user + system)\n");
    for peer in ["nginx", "wrk"] {
        ensure!(
            installed(peer),
            "{peer} is not installed; `make bench` installs it"
        );
    }
    proxy_cost::run()?.print();
    replay_cost::run()?.print();
    Ok(())
}

/// One comparison: the peer's cost first, then ours.
struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

/// What one contestant needed in each round.
struct Row {
    name: &'static str,
    /// Microseconds of CPU time for each request, by round.
    costs: Vec<f64>,
}

impl Table {
    fn print(&self) {
        say(self.title);
        let Some(peer) = self.rows.first().map(|row| median(&row.costs)) else {
            return;
        };
        for row in &self.rows {
            let cost = median(&row.costs);
            let rounds: Vec<String> = row.costs.iter().map(|cost| format!("{cost:.1}")).collect();
            let ratio = cost / peer;
            say(&format!(
                "  {:<44} {cost:>7.1} µs  {ratio:>5.2} x   (rounds: {})",
                row.name,
                rounds.join(" ")
            ));
        }
        say("");
    }
}

/// Whether a program is on the path.
fn installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}

fn median(costs: &[f64]) -> f64 {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A closed standard output is not worth a failure.
fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}
