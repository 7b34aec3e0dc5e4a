//! Long runs: spans of some seconds instead of each, so that a plot stays small.
//!
//! Pure.

use crate::summary::Second;

/// Some seconds in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    /// From the start of the run.
    pub(super) from: f64,
    /// The second after its last one.
    pub(super) until: f64,
    /// Arrivals due, in the mean of its seconds.
    pub(super) planned: f64,
    /// Requests sent, in the mean of its seconds.
    pub(super) sent: f64,
    /// Percentiles of response times in microseconds, where there are any: the median as the mean
    /// of those of its seconds, weighted by their requests; p95 and p99 those of the worst second.
    pub(super) response: Option<[f64; 3]>,
    /// What the generator was late by at worst, in microseconds.
    pub(super) lateness_max: f64,
    /// Outcomes by kind, in the mean of its seconds.
    pub(super) kinds: [f64; 5],
}

/// The series as at most 600 spans, and how many seconds each has.
pub(super) fn thinned(series: &[Second]) -> (Vec<Span>, u64) {
    let width = width(series.last().map_or(0, |last| last.second + 1));
    let same = |a: &Second, b: &Second| a.second / width == b.second / width;
    let spans = series.chunk_by(same).map(|seconds| span(seconds, width));
    (spans.collect(), width)
}

/// So many seconds make one point, so that there are at most 600.
pub(super) fn width(seconds: u64) -> u64 {
    let least = seconds.div_ceil(MOST);
    let round = ROUND.into_iter().find(|&width| width >= least);
    round.unwrap_or_else(|| least.next_multiple_of(3_600))
}

/// What a plot of such spans says of itself.
pub(super) fn note(width: u64, how: &str) -> Option<String> {
    let span = match width {
        ..=1 => return None,
        2..60 => format!("{width} s"),
        60..3_600 => format!("{} min", width / 60),
        _ => format!("{} h", width / 3_600),
    };
    Some(format!(
        "Each point stands for {span}: {how}. summary.json has every second."
    ))
}

fn span(seconds: &[Second], width: u64) -> Span {
    let count = seconds.len().max(1) as f64;
    let mean = |value: fn(&Second) -> u64| seconds.iter().map(value).sum::<u64>() as f64 / count;
    let worst = |value: fn(&Second) -> u64| seconds.iter().map(value).max().unwrap_or(0) as f64;
    let from = seconds.first().map_or(0, |first| first.second) / width * width;
    let last = seconds.last().map_or(from, |last| last.second);
    let median = median(seconds);
    Span {
        from: from as f64,
        until: (from + width).min(last + 1) as f64,
        planned: mean(|it| it.planned),
        sent: mean(|it| it.sent),
        response: median.map(|median| [median, worst(|it| it.p95), worst(|it| it.p99)]),
        lateness_max: worst(|it| it.lateness_max),
        kinds: [0, 1, 2, 3, 4].map(|which| {
            let sum: u64 = seconds.iter().map(|it| kinds(it)[which]).sum();
            sum as f64 / count
        }),
    }
}

/// Outcomes by kind.
pub(super) fn kinds(second: &Second) -> [u64; 5] {
    let it = second.outcomes;
    [it.c2xx, it.c3xx, it.c4xx, it.c5xx, it.error]
}

/// The mean of the medians of the seconds that have one, weighted by what was due in them.
fn median(seconds: &[Second]) -> Option<f64> {
    // No answer takes less than a microsecond: 0 says that there was none.
    let measured = || seconds.iter().filter(|it| it.p99 > 0);
    let weight = |it: &Second| it.planned.max(1) as f64;
    let all: f64 = measured().map(weight).sum();
    let sum: f64 = measured().map(|it| it.p50 as f64 * weight(it)).sum();
    (all > 0.0).then(|| sum / all)
}

const MOST: u64 = 600;
const ROUND: [u64; 14] = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 1_800, 3_600,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Outcomes;

    fn second(second: u64) -> Second {
        Second {
            second,
            planned: 10,
            sent: 10,
            failed: 0,
            p50: 1_000,
            p95: 2_000,
            p99: 3_000,
            lateness_max: 40,
            outcomes: Outcomes {
                c2xx: 10,
                ..Outcomes::default()
            },
        }
    }

    #[test]
    fn a_short_run_stays_as_it_is() {
        let series: Vec<_> = (0..600).map(second).collect();
        let (spans, width) = thinned(&series);
        assert_eq!((spans.len(), width), (600, 1));
        assert_eq!((spans[7].from, spans[7].until), (7.0, 8.0));
        assert_eq!(note(width, ""), None);
    }

    #[test]
    fn a_day_becomes_spans_that_hide_no_peak() {
        let mut series: Vec<_> = (0..86_400).map(second).collect();
        series[50_000] = Second {
            planned: 190,
            p50: 11_000,
            p95: 90_000,
            p99: 95_000,
            lateness_max: 5_000,
            ..second(50_000)
        };
        let (spans, width) = thinned(&series);
        assert_eq!((spans.len(), width), (480, 180));
        let peak = &spans[50_000 / 180];
        // 179 seconds of 10 requests at 1 ms, and one of 190 at 11 ms.
        let median = (1_790.0 * 1_000.0 + 190.0 * 11_000.0) / 1_980.0;
        assert_eq!(peak.response, Some([median, 90_000.0, 95_000.0]));
        assert_eq!((peak.lateness_max, peak.planned), (5_000.0, 11.0));
    }

    #[test]
    fn seconds_without_answers_have_no_percentiles() {
        let silent = Second {
            p50: 0,
            p95: 0,
            p99: 0,
            ..second(0)
        };
        assert_eq!(thinned(&[silent]).0[0].response, None);
    }

    #[test]
    fn there_are_never_more_points_than_that() {
        for seconds in [0_u64, 1, 601, 3_601, 86_400, 604_800, 31_536_000] {
            assert!(seconds.div_ceil(width(seconds)) <= MOST, "{seconds}");
        }
    }
}
