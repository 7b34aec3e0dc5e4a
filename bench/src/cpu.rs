//! CPU time of processes, user and system together, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// CPU time of a running process so far, in seconds.
pub(crate) fn of(process: u32) -> Result<f64> {
    let fields = stat_fields(&process.to_string())?;
    Ok(seconds(fields[10] + fields[11]))
}

/// CPU time of all children that were waited for so far, in seconds.
pub(crate) fn of_ended_children() -> Result<f64> {
    let fields = stat_fields("self")?;
    Ok(seconds(fields[12] + fields[13]))
}

/// The numbers after the state in `/proc/PID/stat` (proc(5)), the parent's id first.
fn stat_fields(process: &str) -> Result<Vec<u64>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a process has a name")?;
    // Some are negative; none of those is a time.
    let numbers = after_name.split_whitespace().skip(1);
    Ok(numbers.map(|number| number.parse().unwrap_or(0)).collect())
}

/// A tick is 10 ms on every Linux that we run on (`USER_HZ`).
fn seconds(ticks: u64) -> f64 {
    Duration::from_millis(ticks * 10).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_uses_cpu_time() {
        let before = of(std::process::id()).unwrap();
        while of(std::process::id()).unwrap() < before + 0.05 {}
    }
}
