//! The text that k6 2.2 prints at the end of a test, without colours.
//!
//! Pure.

use crate::report::text::verdict;
use crate::summary::{Summary, Unit};
use crate::words;

use super::collect::results;
use super::metric::{Contains, Metric, Results, Rule, Trend, Values};
use super::number::{bytes, duration, percent, plain};

/// The summary as k6 would tell it, in full with what a request's time is made of; above it what
/// k6 has no place for.
pub(crate) fn render(summary: &Summary, full: bool) -> String {
    format!("{}\n{}", head(summary), body(&results(summary), full))
}

/// In one line whether the numbers can be trusted and what they are, and then why not.
fn head(summary: &Summary) -> String {
    let (word, meaning) = verdict(summary);
    let fidelity = &summary.fidelity;
    let first = format!(
        "{word}  {meaning}; {} of what was planned was sent, at p99 {} late; http_req_duration is \
         the response time, from when a request was due\n",
        words::percent(fidelity.achieved_ratio),
        words::micros(fidelity.judged_lateness_p99),
    );
    let reasons = summary.verdict.reasons.iter();
    let reasons = reasons.map(|reason| format!("      because {reason}\n"));
    let unknown = summary.thresholds.iter().filter(|rule| !rule.known);
    let unknown = unknown.map(|rule| {
        format!(
            "      warning: {} samples are too few to know {} of {}\n",
            rule.samples, rule.expression, rule.metric
        )
    });
    first + &reasons.chain(unknown).collect::<String>()
}

/// What k6 prints.
fn body(results: &Results, full: bool) -> String {
    let rules = match thresholds(&results.metrics).as_str() {
        "" => String::new(),
        rules => format!("  █ THRESHOLDS \n\n{rules}\n"),
    };
    let shown = results.metrics.iter().filter(|it| is_shown(it, full));
    let shown: Vec<_> = shown.collect();
    let layout = Layout::of(&shown);
    let sections = SECTIONS.iter().map(|title| {
        let lines = shown.iter().filter(|it| section(it.name()) == *title);
        let lines: String = lines.map(|metric| layout.line(metric)).collect();
        match lines.as_str() {
            "" => lines,
            lines => format!("    {title}\n{lines}\n"),
        }
    });
    let (checks, sections) = (checks(results), sections.collect::<String>());
    format!("\n{rules}  █ TOTAL RESULTS \n\n{checks}{sections}")
}

/// Whether it has a line of its own among the results.
fn is_shown(metric: &Metric, full: bool) -> bool {
    let is_known = !matches!(metric.values, Values::OfRules);
    is_known && metric.name() != "checks" && (full || !STEPS.contains(&metric.name()))
}

/// The rules by metric; those on a part stand under those on the whole where there are any.
fn thresholds(metrics: &[Metric]) -> String {
    let ruled = metrics.iter().filter(|metric| !metric.rules.is_empty());
    let ruled: Vec<_> = ruled.collect();
    let has_whole = |name: &str| ruled.iter().any(|metric| metric.key == name);
    let block = |metric: &&Metric| {
        let (indent, name) = match metric.tags() {
            Some(tags) if has_whole(metric.name()) => ("      ", format!("{{{tags}}}")),
            _ => ("    ", metric.key.clone()),
        };
        let rules = metric.rules.iter().map(|rule| {
            let (mark, measured) = (mark(rule.ok), measured(rule));
            let (expression, measure) = (&rule.expression, rule.measure());
            format!("{indent}{mark} '{expression}' {measure}={measured}\n")
        });
        format!("{indent}{name}\n{}\n", rules.collect::<String>())
    };
    ruled.iter().map(block).collect()
}

fn measured(rule: &Rule) -> String {
    let Some(value) = rule.value else {
        return "none".to_owned();
    };
    match rule.unit {
        Unit::Milliseconds => duration(value),
        Unit::Seconds => duration(value * 1e3),
        Unit::Share => percent(value),
        Unit::Count => plain(value),
        Unit::PerSecond => format!("{}/s", plain(value)),
        Unit::Bytes => bytes(value),
        Unit::BytesPerSecond => format!("{}/s", bytes(value)),
    }
}

/// How many checks held, and which.
fn checks(results: &Results) -> String {
    let checks = &results.checks;
    if checks.is_empty() {
        return String::new();
    }
    let passes = checks.iter().map(|check| check.passes).sum::<u64>();
    let fails = checks.iter().map(|check| check.fails).sum::<u64>();
    let total = passes + fails;
    let rate = |key: &str, matches| Metric {
        key: key.to_owned(),
        contains: Contains::Default,
        values: Values::Rate { matches, total },
        rules: Vec::new(),
    };
    let counter = Metric {
        values: Values::Counter {
            count: total,
            rate: results.checks_rate,
        },
        ..rate("checks_total", total)
    };
    let all = [
        counter,
        rate("checks_succeeded", passes),
        rate("checks_failed", fails),
    ];
    let all: Vec<_> = all.iter().collect();
    let layout = Layout::of(&all);
    let totals: String = all.iter().map(|metric| layout.line(metric)).collect();
    let each = checks.iter().map(|check| {
        let (name, passes, fails) = (&check.name, check.passes, check.fails);
        match fails {
            0 => format!("    ✓ {name}\n"),
            _ => format!(
                "    ✗ {name}\n      ↳  {}% — ✓ {passes} / ✗ {fails}\n",
                u128::from(passes) * 100 / (u128::from(passes) + u128::from(fails))
            ),
        }
    });
    format!("{totals}\n{}\n", each.collect::<String>())
}

fn mark(ok: bool) -> &'static str {
    if ok { "✓" } else { "✗" }
}

/// How wide the columns are.
struct Layout {
    name: usize,
    trend: [usize; 6],
    value: usize,
    extras: [usize; 2],
}

impl Layout {
    fn of(metrics: &[&Metric]) -> Self {
        let mut layout = Self {
            name: 0,
            trend: [0; 6],
            value: 0,
            extras: [0; 2],
        };
        let widen = |width: &mut usize, text: &str| *width = text.chars().count().max(*width);
        for metric in metrics {
            widen(&mut layout.name, &shown_name(metric));
            match cells(metric) {
                Cells::Trend(stats) => {
                    for (width, (_, value)) in layout.trend.iter_mut().zip(&stats) {
                        widen(width, value);
                    }
                }
                Cells::Other(value, extras) => {
                    widen(&mut layout.value, &value);
                    for (width, extra) in layout.extras.iter_mut().zip(&extras) {
                        widen(width, extra);
                    }
                }
            }
        }
        layout
    }

    fn line(&self, metric: &Metric) -> String {
        let name = format!("{:.<width$}:", shown_name(metric), width = self.name + DOTS);
        let values = match cells(metric) {
            Cells::Trend(stats) => {
                let stats = stats.iter().zip(&self.trend);
                let stats = stats.map(|((stat, value), &width)| format!("{stat}={value:<width$}"));
                stats.collect::<Vec<_>>().join(" ")
            }
            Cells::Other(value, extras) => {
                let value = format!("{value:<width$}", width = self.value);
                let extras = match extras.as_slice() {
                    [one] => one.clone(),
                    several => {
                        let padded = several.iter().zip(&self.extras);
                        let padded = padded.map(|(extra, &width)| format!("{extra:<width$}"));
                        padded.collect::<Vec<_>>().join(" ")
                    }
                };
                format!("{value} {extras}")
            }
        };
        format!("    {name} {values}\n")
    }
}

/// What stands behind a name.
enum Cells {
    /// A value for each statistic.
    Trend([(&'static str, String); 6]),
    /// A value, and what there is to say of it.
    Other(String, Vec<String>),
}

fn cells(metric: &Metric) -> Cells {
    let shown = |value: f64| match metric.contains {
        Contains::Data => bytes(value),
        Contains::Default => plain(value),
        Contains::Time => duration(value),
    };
    match &metric.values {
        Values::Counter { count, rate } => {
            Cells::Other(shown(*count as f64), vec![format!("{}/s", shown(*rate))])
        }
        Values::Gauge { value, min, max } => {
            let extras = [("min", min), ("max", max)];
            let extras = extras.map(|(name, value)| format!("{name}={}", shown(*value)));
            Cells::Other(shown(*value), extras.to_vec())
        }
        &Values::Rate { matches, total } => Cells::Other(
            percent(Values::share(matches, total)),
            vec![format!("{matches} out of {total}")],
        ),
        Values::Trend(trend) => {
            Cells::Trend(Trend::stats(trend).map(|(stat, value)| (stat, shown(value))))
        }
        Values::OfRules => Cells::Other(String::new(), Vec::new()),
    }
}

/// The name, or of a part its tags under it.
fn shown_name(metric: &Metric) -> String {
    match metric.tags() {
        None => metric.key.clone(),
        Some(tags) => format!("  {{ {tags} }}"),
    }
}

/// What is between the longest name and its colon.
const DOTS: usize = 3;

/// What a request's time is made of, which only the full text has.
const STEPS: [&str; 5] = [
    "http_req_blocked",
    "http_req_connecting",
    "http_req_receiving",
    "http_req_sending",
    "http_req_waiting",
];

const SECTIONS: [&str; 4] = ["CUSTOM", "HTTP", "EXECUTION", "NETWORK"];

/// The section that a metric is in.
fn section(name: &str) -> &'static str {
    match name {
        "data_received" | "data_sent" => "NETWORK",
        "dropped_iterations" | "vus" | "vus_max" => "EXECUTION",
        name if name.starts_with("http_req") => "HTTP",
        _ => "CUSTOM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};
    use crate::summary::{Check, Status};

    fn trend(key: &str, stats: [f64; 6], rules: &[Rule]) -> Metric {
        let [avg, min, med, max, p90, p95] = stats;
        let p99 = 98.7;
        let trend = Trend {
            avg,
            min,
            med,
            max,
            p90,
            p95,
            p99,
        };
        metric(key, Contains::Time, Values::Trend(trend), rules)
    }

    fn metric(key: &str, contains: Contains, values: Values, rules: &[Rule]) -> Metric {
        Metric {
            key: key.to_owned(),
            contains,
            values,
            rules: rules.to_vec(),
        }
    }

    fn rule(expression: &str, value: f64, unit: Unit, ok: bool) -> Rule {
        Rule {
            expression: expression.to_owned(),
            value: Some(value),
            unit,
            ok,
        }
    }

    fn check(name: &str, passes: u64, fails: u64) -> Check {
        Check {
            name: name.to_owned(),
            passes,
            fails,
        }
    }

    /// What k6 2.2 itself made of these numbers, byte for byte.
    #[test]
    fn the_same_numbers_make_the_same_text_as_with_k6() {
        let of = |count, rate| Values::Counter { count, rate };
        let p95 = |value| rule("p(95)<50", value, Unit::Milliseconds, true);
        let failed = Values::Rate {
            matches: 123,
            total: 10_000,
        };
        let users = Values::Gauge {
            value: 50.0,
            min: 1.0,
            max: 50.0,
        };
        let default = Contains::Default;
        let metrics = vec![
            metric(
                "data_received",
                Contains::Data,
                of(12_345_678, 411_522.6),
                &[],
            ),
            metric("data_sent", Contains::Data, of(1_234_567, 41_152.2), &[]),
            metric("dropped_iterations", default, of(42, 1.4), &[]),
            trend(
                "http_req_duration",
                [12.345_678, 0.812_3, 10.5, 1_234.567_8, 25.1, 48.999],
                &[
                    p95(48.999),
                    rule("p(99)<90", 98.7, Unit::Milliseconds, false),
                ],
            ),
            trend(
                "http_req_duration{expected_response:true}",
                [12.1, 0.812_3, 10.4, 904.2, 25.0, 48.1],
                &[],
            ),
            trend(
                "http_req_duration{name:GET /api/orders/:id}",
                [61_000.0, 0.000_5, 10.4, 3_904_000.0, 0.0, 48.1],
                &[p95(48.1)],
            ),
            trend("http_req_waiting", [1.0; 6], &[]),
            metric(
                "http_req_failed",
                default,
                failed,
                &[rule("rate<0.01", 0.0123, Unit::Share, false)],
            ),
            metric("http_reqs", default, of(10_000, 333.333_333), &[]),
            metric("vus", default, users, &[]),
        ];
        let results = Results {
            metrics,
            checks: vec![
                check("status is 200", 9_877, 123),
                check("has body", 10_000, 0),
            ],
            checks_rate: 666.666_6,
        };
        let fixture = include_str!("../../../tests/fixtures/k6-formats/end-of-test.txt");
        assert_eq!(body(&results, false), fixture);
        assert!(body(&results, true).contains("\n    http_req_waiting."));
    }

    #[test]
    fn a_run_as_k6_would_tell_it() {
        insta::assert_snapshot!(render(&judged(), false));
    }

    #[test]
    fn a_run_in_full() {
        insta::assert_snapshot!(render(&summary(), true));
    }

    #[test]
    fn numbers_that_cannot_be_trusted_are_called_so_before_all_others() {
        let mut summary = summary();
        summary.verdict.status = Status::Invalid;
        summary.verdict.reasons = vec!["40 arrivals were dropped".to_owned()];
        let text = render(&summary, false);
        let head: Vec<_> = text.lines().take(2).collect();
        insta::assert_snapshot!(head.join("\n"), @"
        INVALID  these numbers say nothing about the target; 100.00 % of what was planned was sent, at p99 69 µs late; http_req_duration is the response time, from when a request was due
              because 40 arrivals were dropped
        ");
    }
}
