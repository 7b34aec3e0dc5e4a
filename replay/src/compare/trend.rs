//! Runs one after the other: whether the target becomes slower from run to run.
//!
//! Pure.

use crate::stats::{mann_kendall, theil_sen};
use crate::summary::Status;

use super::measured::{Clock, Measured};

/// Runs by time.
#[derive(Debug)]
pub(crate) struct Trend {
    /// The clock of all durations.
    pub(crate) clock: &'static str,
    /// The runs, the earliest first.
    pub(crate) runs: Vec<Run>,
    /// Runs that do not say when they began, and so have no place.
    pub(crate) without_time: usize,
    /// Whether p95 rises or falls; `None` for too few runs.
    pub(crate) p95: Option<Course>,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its file.
    pub(crate) name: String,
    /// When it began.
    pub(crate) started: String,
    /// Its verdict, where it has one.
    pub(crate) verdict: Option<Status>,
    /// Requests.
    pub(crate) requests: u64,
    /// Share of those that failed.
    pub(crate) failed: Option<f64>,
    /// p50, p95 and p99 in milliseconds.
    pub(crate) percentiles_ms: [Option<f64>; 3],
    /// Requests a second.
    pub(crate) rate: Option<f64>,
    /// Whether its numbers say something about the target.
    pub(crate) holds: bool,
}

/// Where p95 goes.
#[derive(Debug)]
pub(crate) struct Course {
    /// Runs whose numbers hold.
    pub(crate) runs: usize,
    /// By how many milliseconds it grows from run to run.
    pub(crate) slope_ms: f64,
    /// How probable that is by chance.
    pub(crate) p_value: f64,
}

impl Course {
    /// Whether that is more than chance.
    pub(crate) fn is_more_than_chance(&self) -> bool {
        self.p_value < 0.05
    }
}

/// These runs by time.
pub(crate) fn of(measured: Vec<Measured>) -> Trend {
    let clock = Clock::of_all(measured.iter());
    let all = measured.len();
    let runs = measured.into_iter();
    let mut runs: Vec<_> = runs.filter_map(|run| Run::of(run, clock)).collect();
    runs.sort_by(|first, second| first.started.cmp(&second.started));
    let holding = runs.iter().filter(|run| run.holds);
    let p95: Vec<_> = holding.filter_map(|run| run.percentiles_ms[1]).collect();
    let points = (0_u32..).map(f64::from).zip(p95.iter().copied());
    let points: Vec<_> = points.collect();
    Trend {
        clock: clock.name(),
        without_time: all - runs.len(),
        p95: (p95.len() >= FEWEST).then(|| Course {
            runs: p95.len(),
            slope_ms: theil_sen(&points),
            p_value: mann_kendall(&p95),
        }),
        runs,
    }
}

impl Run {
    fn of(run: Measured, clock: Clock) -> Option<Self> {
        let durations = run.all.durations(clock);
        let ms = |quantile| Some(durations?.value(quantile)? / 1e3);
        Some(Self {
            percentiles_ms: [ms(0.5), ms(0.95), ms(0.99)],
            started: run.started?,
            verdict: run.verdict,
            requests: run.all.requests,
            failed: run.all.failed.map(|failed| failed.value()),
            rate: run.all.rate,
            holds: run.holds,
            name: run.name,
        })
    }
}

/// Of fewer runs any order is likely by chance.
pub(crate) const FEWEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::measured::Measured;
    use crate::report::sample::summary;

    /// A run of that day whose durations are all so many times as long.
    fn run(day: u32, scale: u64) -> Measured {
        let mut summary = summary();
        summary.started = format!("2026-11-{day:02}T09:30:00Z");
        summary.latency.response.hdr.clear();
        summary.latency.response.p95 *= scale;
        Measured::from_summary(&summary).unwrap()
    }

    #[test]
    fn what_rises_from_run_to_run_is_seen_whatever_the_order_of_files() {
        let days = [5, 3, 1, 4, 2, 6];
        let trend = of(days.map(|day| run(day, day.into())).to_vec());
        let times: Vec<_> = trend.runs.iter().map(|run| &run.started[8..10]).collect();
        assert_eq!(times, ["01", "02", "03", "04", "05", "06"]);
        let course = trend.p95.unwrap();
        let first = trend.runs[0].percentiles_ms[1].unwrap();
        assert!((course.slope_ms - first).abs() < 1e-9);
        assert!(course.is_more_than_chance());
    }

    #[test]
    fn what_stays_is_chance_and_what_does_not_hold_does_not_count() {
        let mut runs = [1, 2, 3, 4]
            .map(|day| run(day, 1 + u64::from(day % 2)))
            .to_vec();
        let course = of(runs.clone()).p95.unwrap();
        assert_eq!(course.runs, 4);
        assert!(!course.is_more_than_chance());
        runs[2].holds = false;
        assert!(of(runs.clone()).p95.is_none());
        runs[1].started = None;
        let trend = of(runs);
        assert_eq!((trend.runs.len(), trend.without_time), (3, 1));
    }
}
