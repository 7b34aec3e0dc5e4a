//! How quickly a capture is read: records a second on one core, for a file that is read over and
//! over from memory.
//!
//! `cargo run --profile profiling -p rehearsal-trace --example read [FILE]`

#![expect(clippy::print_stdout, reason = "what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement looks at the clock"
)]

use std::error::Error;
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::time::Instant;

use rehearsal_trace::format::Reader;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let file = file.as_deref().unwrap_or("captures/peak.jsonl");
    let bytes = std::fs::read(file)?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut records = 0_u32;
        for exchange in Reader::new(Path::new(file), Cursor::new(&bytes))? {
            black_box(exchange?);
            records += 1;
        }
        rates.push(f64::from(records) / begun.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    let median = rates[rates.len() / 2];
    println!("{median:.0} records/s (median of {ROUNDS} rounds)");
    Ok(())
}

/// Rounds of which the median is taken.
const ROUNDS: usize = 101;
