//! How quickly a capture is read: records a second of CPU time, for a file that is read over and over
//! from memory.
//!
//! `cargo run --profile profiling -p rehearsal-trace --example read [FILE]`

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::error::Error;
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

use mimalloc::MiMalloc;
use rehearsal_trace::format::Reader;
use rustix::time::{ClockId, clock_gettime};

/// As in replay.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let file = file.as_deref().unwrap_or("captures/peak.jsonl");
    let bytes = std::fs::read(file)?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begun = cpu_seconds();
        let mut records = 0_u32;
        for exchange in Reader::new(Path::new(file), Cursor::new(&bytes))? {
            black_box(exchange?);
            records += 1;
        }
        rates.push(f64::from(records) / (cpu_seconds() - begun));
    }
    rates.sort_by(f64::total_cmp);
    let median = rates[rates.len() / 2];
    println!("{median:.0} records a second of CPU time (median of {ROUNDS} rounds)");
    Ok(())
}

/// CPU time that this process has used: another one that is busy does not count.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Rounds of which the median is taken.
const ROUNDS: usize = 101;
