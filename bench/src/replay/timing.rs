//! How exact replay is: by its own clocks, and by those of a server that knows nothing of it.

use anyhow::{Context as _, Result};
use replay::summary::Summary;

use super::Run;
use super::capture::{Shape, write};
use super::sink::Sink;
use crate::{Effort, say};

/// Arrivals that were seen, against the times at which they were due.
struct Seen {
    /// Nanoseconds from when they would have come had all been sent like the quickest.
    late_ns: Vec<u64>,
    /// Nanoseconds from one to the next.
    gaps_ns: Vec<u64>,
    /// From the first to the last, over the same in the plan.
    ratio: f64,
}

/// Runs at 1,000 and 5,000 requests a second on one thread, with either way of pacing, and prints both
/// sides' numbers.
pub(crate) fn exactness(effort: Effort) -> Result<()> {
    say("lateness by replay's clocks, by the server's, and of a bare timer meanwhile, in µs");
    for rate in [1_000, 5_000] {
        for pacing in ["timer", "precise"] {
            for _ in 0..effort.rounds().min(3) {
                exactness_at(rate, pacing, effort)?;
            }
        }
    }
    say("");
    Ok(())
}

fn exactness_at(rate: u32, pacing: &str, effort: Effort) -> Result<()> {
    let exchanges = u64::from(effort.of(20 * rate));
    let gap_ns = 1_000_000_000 / u64::from(rate);
    let (summary, seen) = measure(exchanges, gap_ns, 1, pacing)?;
    let ours = &summary.latency.lateness;
    say(&format!(
        "  {rate:>5}/s {pacing:<7}   replay p50 {:>5} p99 {:>5} p99.9 {:>6}   server p50 {:>5} \
         p99 {:>5} p99.9 {:>6}   gaps p50 {:>5} p99.9 {:>6}   timer p99 {:>5}   ratio {:.5}",
        ours.p50,
        ours.p99,
        ours.p999,
        micros(&seen.late_ns, 0.5),
        micros(&seen.late_ns, 0.99),
        micros(&seen.late_ns, 0.999),
        micros(&seen.gaps_ns, 0.5),
        micros(&seen.gaps_ns, 0.999),
        summary.fidelity.machine_lateness_p99,
        seen.ratio,
    ));
    Ok(())
}

/// Ten minutes of a capture at five times its speed: whether it drifts.
pub(crate) fn drift(effort: Effort) -> Result<()> {
    say("1,000 recorded requests a second for 10 minutes, at 5x");
    let exchanges = u64::from(effort.of(600_000));
    let (summary, seen) = measure(exchanges, 1_000_000, 5, "timer")?;
    let tenth = seen.late_ns.len() / 10;
    say(&format!(
        "  duration ratio {:.6}, by the server's clock {:.6}; median lateness there {} µs in the first \
         tenth, {} µs in the last\n",
        summary.fidelity.duration_ratio,
        seen.ratio,
        micros(&seen.late_ns[..tenth], 0.5),
        micros(&seen.late_ns[seen.late_ns.len() - tenth..], 0.5),
    ));
    Ok(())
}

fn measure(exchanges: u64, gap_ns: u64, speed: u64, pacing: &str) -> Result<(Summary, Seen)> {
    let folder = tempfile::tempdir()?;
    let sink = Sink::start()?;
    let shape = Shape {
        exchanges,
        sessions: 100,
        gap_ns,
        linked: 0,
    };
    let capture = write(folder.path(), shape)?;
    let run = Run {
        capture: &capture,
        target: &sink.address(),
        args: &[
            "--workers",
            "1",
            "--pacing",
            pacing,
            "--speed",
            &speed.to_string(),
        ],
    };
    let summary = run.to_end(folder.path())?;
    Ok((summary, seen(&sink.take(), gap_ns / speed)?))
}

fn seen(arrivals: &[(u64, u64)], gap_ns: u64) -> Result<Seen> {
    let due_ns = |number: u64| number * gap_ns;
    let offsets = arrivals
        .iter()
        .map(|(number, at_ns)| at_ns.saturating_sub(due_ns(*number)));
    let quickest = offsets.clone().min().context("nothing came")?;
    let (first, last) = (arrivals.first(), arrivals.last());
    let (first, last) = first.zip(last).context("nothing came")?;
    let planned_ns = due_ns(last.0).saturating_sub(due_ns(first.0));
    Ok(Seen {
        late_ns: offsets.map(|offset| offset - quickest).collect(),
        gaps_ns: arrivals
            .windows(2)
            .map(|pair| pair[1].1 - pair[0].1)
            .collect(),
        ratio: as_f64(last.1 - first.1) / as_f64(planned_ns),
    })
}

/// A percentile, in microseconds.
fn micros(ns: &[u64], quantile: f64) -> u64 {
    let mut sorted = ns.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into what is there"
    )]
    let at = (as_f64(sorted.len() as u64) * quantile) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
        / 1_000
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}
