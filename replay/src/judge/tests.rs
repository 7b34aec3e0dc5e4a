//! Rules on what was measured, from what is written to what is said of it.

use std::time::Duration;

use super::*;
use crate::engine::{Answer, Failure, Outcome, Steps};
use crate::plan::Arrival;
use crate::plan::tests::{exchange, load, planner};
use crate::record::Recorder;
use crate::report::sample::summary;
use crate::summary::{Course, Level, Peak, Summary, Threshold};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const ROUTES: [&str; 2] = ["GET /quick/{id}", "POST /slow"];

/// A run of 40 s in which every 100 ms a request is due, by turns of two routes.
struct Run {
    criteria: Criteria,
    recorder: Recorder,
}

/// Answers after 10 ms, or 50 ms on the slow route; after ten times as long in seconds 20 to 23.
fn outcome(arrival: &Arrival) -> Outcome {
    let second = arrival.due_ns / SECOND;
    let slow = 10_u64.pow(u32::from((20..24).contains(&second)));
    let took = [10, 50][arrival.entry().route as usize] * slow * MS;
    let status = if second == 30 { 503 } else { 200 };
    Outcome {
        ready_ns: arrival.due_ns,
        held: false,
        sent_ns: arrival.due_ns + MS,
        ended_ns: arrival.due_ns + MS + took,
        steps: Steps {
            waiting_ns: took,
            ..Steps::default()
        },
        written: 100,
        read: 1_000,
        answer: match second {
            31 => Err(Failure::Reset),
            _ => Ok(Answer {
                status,
                ..Answer::default()
            }),
        },
    }
}

fn run_of(rules: &[&str], baselines: &[Summary]) -> Run {
    let rules = rules.iter().flat_map(|text| match text.parse().unwrap() {
        Asked::Preset(rules) | Asked::Rules(rules) => rules,
    });
    let criteria = Criteria::new(rules.collect(), shipped(), None, Vec::new(), baselines).unwrap();
    let exchanges = (0..400_u16).map(|number| {
        let mut exchange = exchange(number.into(), u64::from(number) * 100 * MS, 1);
        exchange.route = ROUTES[usize::from(number % 2)].to_owned();
        exchange
    });
    let mut planner = planner(exchanges.collect(), load("1"));
    let mut recorder = Recorder::measuring(0, &criteria);
    while let Some(arrival) = planner.next().unwrap() {
        let outcome = outcome(&arrival);
        recorder.ended(&arrival, &outcome, arrival.due_ns, 0);
        let meters = criteria.meters_of(ROUTES[arrival.entry().route as usize]);
        let ended = (&arrival, &outcome);
        recorder.measured(&criteria.meant, &meters, ended, arrival.due_ns, 0);
    }
    Run { criteria, recorder }
}

impl Run {
    fn seen<'a>(&'a self, duration_s: f64, course: &'a Course) -> Seen<'a> {
        Seen {
            meters: &self.recorder.meters,
            duration_s,
            span: Span {
                from: 0,
                until: 40,
                goes_on: false,
            },
            dropped: 3,
            rates: Rates {
                planned: 10.0,
                sent: 10.0,
            },
            users: 7,
            checks: &[],
            course,
        }
    }

    fn thresholds(&self) -> Vec<Threshold> {
        self.criteria
            .judge(&self.seen(40.0, &Course::default()), None)
            .thresholds
    }
}

/// How one rule went: whether it held, its value, and its second.
fn of(rule: &str) -> (bool, f64, Option<u64>) {
    let thresholds = run_of(&[rule], &[]).thresholds();
    let [threshold] = &thresholds[..] else {
        panic!("one threshold");
    };
    (
        threshold.ok,
        threshold.value.unwrap_or(f64::NAN),
        threshold.second,
    )
}

#[test]
fn times_are_those_of_the_requests_that_are_meant() {
    let near = |rule: &str, wanted: f64| {
        let (ok, value, _) = of(rule);
        assert!((value - wanted).abs() <= wanted * 0.02, "{rule}: {value}");
        ok
    };
    assert!(near("http_req_duration: med<55", 51.0));
    assert!(near("http_req_duration{clock:service}: min<=10", 10.0));
    assert!(!near("http_req_duration: max<500", 501.0));
    assert!(near(
        "http_req_duration{endpoint:GET /quick/{id}}: med<12",
        11.0
    ));
    assert!(near("http_req_duration{method:POST}: min>50", 51.0));
    assert!(near(
        "http_req_waiting{endpoint:!GET /quick/*}: min>49",
        50.0
    ));
    assert!(near("http_req_duration{status:503}: max<55", 51.0));
    assert!(near("http_req_duration{clock:lateness}: p(99)<=1.001", 1.0));
}

#[test]
fn counts_and_shares() {
    assert_eq!(of("http_reqs: count==400"), (true, 400.0, None));
    assert_eq!(of("http_reqs: rate>=10"), (true, 10.0, None));
    assert_eq!(of("http_reqs{status:5xx}: count<10"), (false, 10.0, None));
    assert_eq!(of("http_req_failed: rate<5%"), (false, 0.05, None));
    assert_eq!(of("availability: rate>=0.95"), (true, 0.95, None));
    assert_eq!(of("data_received: rate>1kB/s"), (true, 10_000.0, None));
    assert_eq!(of("dropped_iterations: count==0"), (false, 3.0, None));
    assert_eq!(of("vus: value>6"), (true, 7.0, None));
}

#[test]
fn what_has_no_sample_breaks_no_rule() {
    let (ok, value, _) = of("http_req_duration{status:404}: max<1");
    assert!(ok && value.is_nan());
}

#[test]
fn the_worst_window_counts() {
    // 4 slow seconds of 40 do not move the median of all, but that of a window.
    let (ok, _, _) = of("http_req_duration{method:GET}: med<50");
    assert!(ok);
    let (ok, value, second) = of("http_req_duration{method:GET}: med<50 for 4s");
    assert!(!ok && value > 99.0, "{value}");
    assert_eq!(
        second,
        Some(19),
        "the first of which more than half is slow"
    );
    assert_eq!(of("http_req_failed: rate<50% for 10s").1, 0.2);
    assert_eq!(of("http_req_failed: rate<=1 for 2s"), (true, 1.0, Some(30)));
    assert_eq!(of("http_reqs: rate>=10 for 5s"), (true, 10.0, Some(0)));
    // A window that is longer than the run is the run.
    assert_eq!(of("http_req_failed: rate<5% for 10m").1, 0.05);
}

#[test]
fn percentiles_of_too_few_samples_are_not_known() {
    let known = |rule| run_of(&[rule], &[]).thresholds()[0].known;
    assert!(known("http_req_duration: p(99)<5s"));
    assert!(!known("http_req_duration: p(99.9)<5s"));
    assert!(!known("http_req_duration{status:503}: p(95)<5s"));
}

#[test]
fn a_baseline_moves_the_limit() {
    let limit = |rule: &str| run_of(&[rule], &[summary()]).thresholds()[0].limit;
    let p95 = summary().latency.response.p95 as f64 / 1e3;
    let near = |limit: Option<f64>, wanted: f64| (limit.unwrap() - wanted).abs() < wanted * 0.01;
    assert!(near(
        limit("http_req_duration: p(95)<baseline+10%"),
        p95 * 1.1
    ));
    assert!(near(
        limit("http_req_duration: p(95)<baseline+100ms"),
        p95 + 100.0
    ));
    assert_eq!(limit("http_req_duration{method:PUT}: p(95)<baseline"), None);
    let without = "http_req_duration: p(95)<baseline".parse().unwrap();
    let (Asked::Rules(rules) | Asked::Preset(rules)) = without;
    let error = Criteria::new(rules, Vec::new(), None, Vec::new(), &[]).unwrap_err();
    insta::assert_snapshot!(error, @"threshold `http_req_duration: p(95)<baseline` is about a baseline; name the summary.json of an earlier replay with `--baseline`");
}

#[test]
fn a_rule_ends_the_run_once_it_may() {
    let rule =
        r#"http_req_failed: {"threshold":"rate<1%","abortOnFail":true,"delayAbortEval":"10s"}"#;
    let run = run_of(&["http_reqs: count<5", rule], &[]);
    let course = Course::default();
    assert!(run.criteria.can_abort());
    assert_eq!(run.criteria.ends_run(&run.seen(9.0, &course)), None);
    let ended_by = run.criteria.ends_run(&run.seen(10.0, &course)).unwrap();
    let judged = run
        .criteria
        .judge(&run.seen(10.0, &course), Some(&ended_by));
    let aborted: Vec<_> = judged.thresholds.iter().map(|it| it.aborted).collect();
    assert_eq!(aborted, [false, true]);
}

/// Answers that come in after the end do not heal what ended the run.
#[test]
fn a_rule_that_ended_the_run_stays_broken() {
    let rule = r#"http_reqs: {"threshold":"rate>15","abortOnFail":true}"#;
    let run = run_of(&[rule], &[]);
    let course = Course::default();
    let ended_by = run.criteria.ends_run(&run.seen(40.0, &course)).unwrap();
    let judged = run
        .criteria
        .judge(&run.seen(20.0, &course), Some(&ended_by));
    let [threshold] = &judged.thresholds[..] else {
        panic!("one threshold");
    };
    assert!(
        !threshold.ok && threshold.value == Some(10.0),
        "{threshold:?}"
    );
}

#[test]
fn a_run_that_goes_on_is_judged_by_whole_windows_that_are_over() {
    let rules = [
        "http_reqs: rate>=10 for 4s",
        "http_req_duration{method:GET}: med<50 for 4s",
    ];
    let rules = rules.map(|rule| {
        let (key, rule) = rule.split_once(": ").unwrap();
        format!(r#"{key}: {{"threshold":"{rule}","abortOnFail":true}}"#)
    });
    let run = run_of(&[&rules[0], &rules[1]], &[]);
    let course = Course::default();
    let seen = |at_s: u64| Seen {
        span: Span::so_far(0, at_s * SECOND),
        ..run.seen(at_s as f64, &course)
    };
    // Of the first seconds there is no whole window, and after that all is well until second 21.
    for at_s in [1, 5, 8, 9, 20, 26] {
        assert_eq!(run.criteria.ends_run(&seen(at_s)), None, "{at_s}");
    }
    assert!(run.criteria.ends_run(&seen(28)).is_some());
}

#[test]
fn what_is_known_at_the_end_can_end_no_run() {
    let rule = r#"memory_growth: {"threshold":"value<1","abortOnFail":true}"#;
    let error = rule.parse::<Asked>().unwrap_err();
    insta::assert_snapshot!(error, @"`memory_growth` is known only when the run is over; leave out abortOnFail");
    let rules = match "checks{check:x}: rate>0".parse().unwrap() {
        Asked::Rules(rules) | Asked::Preset(rules) => rules,
    };
    let error = Criteria::new(rules, Vec::new(), None, Vec::new(), &[]).unwrap_err();
    insta::assert_snapshot!(error, @"threshold `checks{check:x}` is about a check that is not there; write one as `[[check]]`");
}

#[test]
fn the_course_of_a_run_can_be_asked_for() {
    let run = run_of(&["recovery_time: value<30s", "recovered: value>95%"], &[]);
    let peak = Peak {
        from: 4,
        until: 7,
        rate_before: 80.0,
        rate: 330.0,
        p95_before: 9_000,
        p95: 31_000,
        p95_after: 9_400,
        recovery_s: None,
        recovered: 0.5,
        seconds_after: 20,
    };
    let course = Course {
        peak: Some(peak),
        ..Course::default()
    };
    let judged = run.criteria.judge(&run.seen(40.0, &course), None);
    assert!(judged.thresholds.iter().all(|threshold| !threshold.ok));
    // Without a peak there is nothing to recover from.
    assert!(run.thresholds().iter().all(|threshold| threshold.ok));
}

#[test]
fn objectives_stand_where_their_numbers_are() {
    let rules: Vec<Rule> = Vec::new();
    let criteria = Criteria::new(rules, shipped(), Some(Level::Normal), Vec::new(), &[]).unwrap();
    let run = Run {
        criteria,
        ..run_of(&[], &[])
    };
    let slo = run
        .criteria
        .judge(&run.seen(40.0, &Course::default()), None)
        .slo;
    let levels: Vec<_> = slo
        .rows
        .iter()
        .map(|row| (row.name.as_str(), row.level, row.ok))
        .collect();
    assert_eq!(
        levels,
        [
            ("API p95", Level::Load, false),
            ("API p99", Level::Normal, true),
            ("Schedule generation p95", Level::Unknown, true),
            ("ACGME validation p95", Level::Unknown, true),
            ("Error rate", Level::Degraded, false),
            ("Availability", Level::Critical, false),
            ("Throughput", Level::Unknown, true),
        ]
    );
    assert_eq!(slo.stands, Level::Critical);
}

#[test]
fn rules_can_be_asked_for_after_a_while() {
    let rule: Asked =
        r#"http_reqs: {"threshold":"rate>1","abortOnFail":true,"delayAbortEval":"1m"}"#
            .parse()
            .unwrap();
    let (Asked::Rules(rules) | Asked::Preset(rules)) = rule;
    assert_eq!(rules[0].abort_after, Duration::from_secs(60));
}
