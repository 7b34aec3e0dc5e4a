//! Runs one after the other as text: a line for each, and where p95 goes.

use crate::compare::trend::{Course, FEWEST, Run, Trend};
use crate::summary::Status;

use crate::words;

/// The trend for the terminal.
pub(crate) fn text(trend: &Trend) -> String {
    let head = [
        "began", "verdict", "requests", "failed", "p50", "p95", "p99", "rate", "run",
    ];
    let rows = trend.runs.iter().map(row);
    let rows: Vec<_> = [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(rows)
        .collect();
    let left = match trend.without_time {
        0 => String::new(),
        1 => "  1 run does not say when it began, and is left out\n".to_owned(),
        more => format!("  {more} runs do not say when they began, and are left out\n"),
    };
    format!("{}\n{}{left}", words::table(&rows, COLUMNS), course(trend))
}

fn course(trend: &Trend) -> String {
    let clock = trend.clock;
    let Some(course) = &trend.p95 else {
        return format!(
            "  whether p95 of {clock} times rises takes {FEWEST} runs or more whose numbers hold\n"
        );
    };
    let Course {
        runs,
        slope_ms,
        p_value,
    } = course;
    let by = format!(
        "{slope_ms:+.3} ms a run (Theil–Sen) over {runs} runs, p = {p_value:.3} (Mann–Kendall)"
    );
    let word = match course.is_more_than_chance() {
        true if *slope_ms > 0.0 => "rises",
        true if *slope_ms < 0.0 => "falls",
        _ => "neither rises nor falls by more than chance",
    };
    format!("  p95 of {clock} times {word}: {by}\n")
}

fn row(run: &Run) -> Vec<String> {
    let verdict = match run.verdict {
        None => "–",
        Some(Status::Fail) => "fail",
        Some(Status::Invalid) => "invalid",
        Some(Status::Pass) => "pass",
    };
    let nothing = || "–".to_owned();
    let [p50, p95, p99] = run
        .percentiles_ms
        .map(|ms| ms.map_or_else(nothing, words::millis));
    vec![
        run.started.clone(),
        verdict.to_owned(),
        run.requests.to_string(),
        run.failed.map_or_else(nothing, words::percent),
        p50,
        p95,
        p99,
        run.rate.map_or_else(nothing, |rate| format!("{rate:.1}/s")),
        run.name.clone(),
    ]
}

const COLUMNS: &[bool] = &[false, false, true, true, true, true, true, true, false];

#[cfg(test)]
mod tests {
    use super::*;

    fn run(started: &str) -> Run {
        Run {
            name: "a/summary.json".to_owned(),
            started: started.to_owned(),
            verdict: Some(Status::Pass),
            requests: 2_000,
            failed: Some(0.001),
            percentiles_ms: [Some(5.1), Some(14.2), Some(1_250.0)],
            rate: Some(166.6),
            holds: true,
        }
    }

    #[test]
    fn a_line_a_run_and_where_it_goes() {
        let mut trend = Trend {
            clock: "response",
            runs: vec![
                run("2026-11-20T09:30:00Z"),
                Run {
                    verdict: None,
                    failed: None,
                    percentiles_ms: [Some(5.1), Some(14.2), None],
                    rate: None,
                    ..run("2026-11-21T09:30:00Z")
                },
            ],
            without_time: 1,
            p95: None,
        };
        let few = text(&trend);
        trend.without_time = 0;
        let ends = [(2.5, 0.0167), (-2.5, 0.0167), (2.5, 0.2)].map(|(slope_ms, p_value)| {
            trend.p95 = Some(Course {
                runs: 5,
                slope_ms,
                p_value,
            });
            course(&trend)
        });
        insta::assert_snapshot!(format!("{few}\n{}", ends.concat()));
    }
}
