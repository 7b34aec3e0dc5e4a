//! Benchmarks beside nginx, wrk and what else is installed, as ratios in one run.
//!
//! A machine's speed varies from one minute to the next, so that each figure is the median of
//! several rounds in which we and the peer take turns.

mod clock;
mod cpu;
mod exchanges;
mod nginx;
mod overload;
mod proxy_cost;
mod proxy_latency;
mod proxy_memory;
mod recording;
mod replay;
mod tap;
mod wrk;

use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail, ensure};
use mimalloc::MiMalloc;

/// As in the programs that are measured here without being started.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    let mut chosen: Vec<String> = std::env::args().skip(1).collect();
    if chosen
        .first()
        .is_some_and(|first| first == recording::CHILD)
    {
        return recording::record_and_measure(&chosen[1..]);
    }
    let quick = chosen.iter().any(|it| it == QUICK);
    chosen.retain(|it| it != QUICK);
    if let Some(unknown) = chosen.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!(
            "no benchmark `{unknown}`; there are {}, and {QUICK} to see whether they run",
            NAMES.join(", ")
        );
    }
    say("Medians of the rounds (least to most); a cost is CPU time, user and system\n");
    for name in NAMES {
        if chosen.is_empty() || chosen.iter().any(|it| it == name) {
            measure(name, Effort { quick })?;
        }
    }
    Ok(())
}

/// All benchmarks, in order; arguments choose some.
const NAMES: [&str; 11] = [
    "cost",
    "latency",
    "memory",
    "replay",
    "links",
    "sizes",
    "exactness",
    "anonymize",
    "read",
    "recorder",
    "overload",
];

/// So little of each that its numbers mean nothing.
const QUICK: &str = "--quick";

fn measure(name: &str, effort: Effort) -> Result<()> {
    if !matches!(name, "anonymize" | "read" | "recorder") {
        peers_are_there()?;
    }
    match name {
        "cost" => proxy_cost::run()?.print(),
        "latency" => proxy_latency::run()?.iter().for_each(Table::print),
        "memory" => proxy_memory::run()?,
        "replay" => replay::cost::beside_others(effort)?.print(),
        "links" => replay::cost::of_links(effort)?.print(),
        "sizes" => {
            replay::cost::by_size(effort)?.print();
            replay::memory::run(effort)?;
        }
        "exactness" => {
            replay::timing::exactness(effort)?;
            replay::timing::drift(effort)?;
        }
        "anonymize" => recording::anonymize(effort)?,
        "read" => recording::read(effort)?,
        "recorder" => recording::memory(effort)?,
        _ => overload::run(effort)?.iter().for_each(Table::print),
    }
    Ok(())
}

fn peers_are_there() -> Result<()> {
    for peer in ["nginx", "wrk", "h2load"] {
        ensure!(
            installed(peer),
            "{peer} is not installed; `make bench` installs it"
        );
    }
    Ok(())
}

/// How much a benchmark does.
#[derive(Clone, Copy)]
struct Effort {
    quick: bool,
}

impl Effort {
    const fn is_quick(self) -> bool {
        self.quick
    }

    const fn rounds(self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// A part of so many.
    const fn of(self, count: u32) -> u32 {
        if self.quick { count / 20 + 1 } else { count }
    }

    /// Exchanges after which memory is measured.
    const fn millions(self) -> [u32; 4] {
        let million = if self.quick { 5_000 } else { 1_000_000 };
        [million, 2 * million, 5 * million, 10 * million]
    }
}

/// One comparison: the peer first, then ours.
struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

/// What one contestant needed in each round.
struct Row {
    name: &'static str,
    /// Microseconds, by round.
    values: Vec<f64>,
    /// What the value is made of.
    parts: String,
}

impl Row {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            values: Vec::new(),
            parts: String::new(),
        }
    }
}

impl Table {
    fn print(&self) {
        say(self.title);
        let Some(peer) = self.rows.first().map(|row| median(&row.values)) else {
            return;
        };
        for row in &self.rows {
            let value = median(&row.values);
            let least = row.values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = row.values.iter().copied().fold(0.0, f64::max);
            say(&format!(
                "  {:<44} {value:>7.1} µs  {:>5.2} x   ({least:.1} to {most:.1}{})",
                row.name,
                value / peer,
                row.parts,
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
