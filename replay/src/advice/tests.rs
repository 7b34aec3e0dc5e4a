//! Advice on made-up summaries: one thing wrong in each, and then all of it.

use super::of;
use crate::report::sample::{judged, summary};
use crate::summary::{
    Check, Memory, MemorySample, Model, Peak, Status, StatusChange, Summary, Trend, Unresolved,
};

/// What is said of a run with this wrong, line by line.
fn said(change: impl FnOnce(&mut Summary)) -> String {
    let mut summary = summary();
    change(&mut summary);
    of(&summary).join("\n")
}

fn changed(summary: &mut Summary, recorded: &str, replayed: &str, requests: u64) {
    summary.divergence.routes[0].changes.push(StatusChange {
        recorded: recorded.to_owned(),
        replayed: replayed.to_owned(),
        requests,
        noise: false,
    });
}

/// Lets so many requests of a route fail.
fn failing(summary: &mut Summary, route: usize, status: &str, count: u64) {
    summary.totals.failed += count;
    summary.totals.completed -= count;
    summary.totals.failed_ratio = summary.totals.failed as f64 / summary.totals.sent as f64;
    *summary.statuses.entry(status.to_owned()).or_default() += count;
    let statuses = &mut summary.endpoints[route].statuses;
    *statuses.entry(status.to_owned()).or_default() += count;
}

fn trend(change: f64) -> Trend {
    Trend {
        spans: 40,
        slope_us_per_hour: 90_000.0,
        change,
        p_value: 0.0004,
        rising: true,
        steady: true,
    }
}

fn peak(recovery_s: Option<f64>, recovered: f64) -> Peak {
    Peak {
        from: 32,
        until: 107,
        rate_before: 8.0,
        rate: 186.2,
        p95_before: 150_000,
        p95: 2_400_000,
        p95_after: 900_000,
        recovery_s,
        recovered,
        seconds_after: 63,
    }
}

fn memory(seconds: u64) -> Memory {
    let samples = [(0, 50_000_000), (seconds, 62_500_000)];
    let samples = samples.map(|(second, bytes)| MemorySample { second, bytes });
    Memory {
        url: "http://127.0.0.1:8001/metrics".to_owned(),
        samples: samples.to_vec(),
        growth: Some(0.25),
    }
}

#[test]
fn a_good_run_needs_no_advice() {
    assert_eq!(said(|_| ()), "");
}

#[test]
fn answers_that_are_others_than_recorded() {
    insta::assert_snapshot!(said(|summary| changed(summary, "200", "401", 150)), @"150 of 2000 requests (7.50 %) were answered 401 or 403 where the recorded answer was another one: check `[auth]` and the users file, and how long tokens are good for");
    insta::assert_snapshot!(said(|summary| changed(summary, "200", "403", 30)), @"30 of 2000 requests (1.50 %) were answered 401 or 403 where the recorded answer was another one: check the roles in the users file, and whether LOAD_TEST_KEY is the proxy's key");
    insta::assert_snapshot!(said(|summary| {
        changed(summary, "200", "429", 12);
        summary.settings.client_addresses = None;
    }), @"limits of the target, or of a proxy before it, answered 12 of 2000 requests (0.60 %) with 429: give users addresses of their own with `--client-addresses`");
    insta::assert_snapshot!(said(|summary| changed(summary, "200", "429", 1_000)), @"limits of the target, or of a proxy before it, answered 1000 of 2000 requests (50.00 %) with 429: `--dry-run` with `--limits` tells which limits of the proxy this load is beyond");
    // Noise is nothing new.
    assert_eq!(
        said(|summary| {
            changed(summary, "200", "429", 12);
            let change = summary.divergence.routes[0].changes.last_mut();
            change.unwrap().noise = true;
        }),
        ""
    );
}

#[test]
fn requests_that_fail() {
    insta::assert_snapshot!(said(|summary| {
        failing(summary, 0, "500", 40);
        failing(summary, 2, "503", 100);
        summary.errors.insert("timeout".to_owned(), 3);
    }), @"
140 of 2000 requests (7.00 %) were answered with a server error, 100 of them by POST /api/v1/auth/login: look at what the target logged there
145 of 2000 requests (7.25 %) failed that did not when they were recorded, mostly 100 × 503, 40 × 500, 3 × timeout: find out why before looking at times
");
    insta::assert_snapshot!(said(|summary| failing(summary, 1, "404", 50)), @"52 of 2000 requests (2.60 %) failed that did not when they were recorded, mostly 51 × 404, 1 × reset: find out why before looking at times");
    insta::assert_snapshot!(said(|summary| failing(summary, 1, "502", 2)), @"2 of 2000 requests (0.10 %) were answered with a server error, all of them by GET /api/v1/people/{id}: look at what the target logged there");
}

#[test]
fn requests_that_failed_when_recorded_may_fail() {
    let as_recorded = |summary: &mut Summary| {
        failing(summary, 1, "404", 300);
        let recorded = &mut summary.divergence.routes[1].recorded;
        recorded.insert("404".to_owned(), 300);
    };
    assert_eq!(said(as_recorded), "");
    insta::assert_snapshot!(said(|summary| {
        as_recorded(summary);
        failing(summary, 0, "422", 60);
    }), @"62 of 2000 requests (3.10 %) failed that did not when they were recorded, mostly 60 × 422, 1 × 404, 1 × reset: find out why before looking at times");
}

#[test]
fn checks_that_do_not_hold() {
    let holding = |passes, fails| {
        said(|summary| {
            let check = |name: &str, passes, fails| Check {
                name: name.to_owned(),
                passes,
                fails,
            };
            summary.checks = vec![check("has an id", passes, fails), check("is 200", 500, 0)];
        })
    };
    assert_eq!(holding(495, 5), "");
    insta::assert_snapshot!(holding(470, 30), @"30 of 1000 checks (3.00 %) did not hold, most often `has an id` (30 times): look at the answers that it is about");
    insta::assert_snapshot!(holding(300, 200), @"200 of 1000 checks (20.00 %) did not hold, most often `has an id` (200 times): look at the answers that it is about");
}

#[test]
fn values_that_nobody_gave() {
    let missing = |cause: &str, from: Option<&str>, places| {
        said(|summary| {
            let links = &mut summary.divergence.links;
            links.places = 1_000;
            links.unresolved = vec![Unresolved {
                cause: cause.to_owned(),
                from: from.map(str::to_owned),
                places,
            }];
        })
    };
    insta::assert_snapshot!(missing("empty_list", Some("GET /api/v1/people"), 400), @"400 of 1000 values (40.00 %) that requests take from earlier answers were not there: mostly the list of GET /api/v1/people is empty, so give the target test data");
    insta::assert_snapshot!(missing("no_place", Some("GET /api/v1/people"), 5), @"5 of 1000 values (0.50 %) that requests take from earlier answers were not there: mostly GET /api/v1/people answers in another shape than when it was recorded");
    insta::assert_snapshot!(missing("source_failed", Some("POST /api/v1/people"), 50), @"50 of 1000 values (5.00 %) that requests take from earlier answers were not there: mostly POST /api/v1/people failed, so look there first");
    insta::assert_snapshot!(missing("not_played", None, 50), @"50 of 1000 values (5.00 %) that requests take from earlier answers were not there: mostly the requests that would give them are not played, so let `--filter` keep them");
}

#[test]
fn slow_answers() {
    let slow = |p95| {
        said(|summary| {
            summary.latency.response.p95 = p95;
            summary.latency.service.p95 = p95;
        })
    };
    assert_eq!(slow(500_000), "");
    insta::assert_snapshot!(slow(700_000), @"the 95th percentile of response times is 700 ms, more than the 500 ms of normal times: the table by route tells which requests it is made of");
    insta::assert_snapshot!(slow(1_200_000), @"the 95th percentile of response times is 1.20 s, more than 1 s: the table by route tells which requests it is made of");
    insta::assert_snapshot!(slow(2_500_000), @"the 95th percentile of response times is 2.50 s, more than the 2 s that are good enough under load: the table by route tells which requests it is made of");
    insta::assert_snapshot!(slow(6_000_000), @"the 95th percentile of response times is 6.00 s, beyond the 5 s from which on it is critical: the table by route tells which requests it is made of");
    insta::assert_snapshot!(said(|summary| summary.latency.response.max = 12_300_000), @"the slowest answer took 12.3 s, and 95 % took no more than 27.2 ms: outliers like that come from locks, pauses, or a time-out of something behind the target");
}

#[test]
fn the_slowest_route_and_its_share() {
    insta::assert_snapshot!(said(|summary| {
        summary.endpoints[2].latency.response.p95 = 4_100_000;
        summary.endpoints[2].latency.service.mean = 900_000.0;
    }), @"POST /api/v1/auth/login is the slowest route, with 4.10 s at p95, and takes 93.46 % of the time that all requests take: to make it quicker helps most");
    insta::assert_snapshot!(said(|summary| summary.endpoints[1].latency.response.p95 = 800_000), @"GET /api/v1/people/{id} is the slowest route, with 800 ms at p95, and takes 21.44 % of the time that all requests take: look there first if people wait for it");
    // Of too few answers nobody knows.
    assert_eq!(
        said(|summary| {
            summary.endpoints[1].latency.response.p95 = 800_000;
            summary.endpoints[1].latency.response.count = 30;
        }),
        ""
    );
}

#[test]
fn requests_that_had_to_wait() {
    let waited = |change: fn(&mut Summary)| {
        said(|summary| {
            summary.latency.response.p95 = 480_000;
            change(summary);
        })
    };
    insta::assert_snapshot!(waited(|_| ()), @"95 % of answers came within 480 ms of when they were due, but within 27.1 ms of when their requests were sent: the target does not keep up, and in a session requests wait for the answer before them");
    insta::assert_snapshot!(waited(|summary| summary.phases.blocked.p95 = 400_000), @"95 % of answers came within 480 ms of when they were due, but within 27.1 ms of when their requests were sent: most of it for a free connection, of which `--max-connections` allows too few");
    insta::assert_snapshot!(waited(|summary| summary.settings.max_in_flight = Some(8)), @"95 % of answers came within 480 ms of when they were due, but within 27.1 ms of when their requests were sent: the target does not keep up, and `--max-in-flight` lets the rest queue");
    assert_eq!(waited(|summary| summary.settings.model = Model::Closed), "");
}

#[test]
fn connections_that_are_not_kept() {
    let connecting = |purpose: &str| {
        said(|summary| {
            summary.phases.connecting.mean = summary.latency.service.mean / 4.0;
            summary.settings.connections = 1_990;
            summary.settings.connections_for = purpose.to_owned();
        })
    };
    insta::assert_snapshot!(connecting("pool"), @"connecting took 25.00 % of the time from sending to the last byte, with 1990 connections for 2000 requests: see whether the target, or a proxy before it, keeps connections open");
    insta::assert_snapshot!(connecting("user"), @"connecting took 25.00 % of the time from sending to the last byte, with 1990 connections for 2000 requests: `--connections pool` would need fewer, where that is as true to life");
}

#[test]
fn a_run_that_is_too_short() {
    insta::assert_snapshot!(said(|summary| summary.latency.response.count = 200), @"200 answers are too few to know the 99th percentile, which takes 368: play longer, as with `--loop`, or with more users");
}

#[test]
fn what_happened_over_time() {
    insta::assert_snapshot!(said(|summary| summary.course.trend = Some(trend(0.44))), @"at a steady load the median of response times rose by 44.00 % over the run (by chance with p = 0.0004): look for what grows in the target, such as memory, tables or open connections");
    insta::assert_snapshot!(said(|summary| summary.course.trend_p95 = Some(trend(0.3))), @"at a steady load the 95th percentile of response times rose by 30.00 % over the run (by chance with p = 0.0004): look for what grows in the target, such as memory, tables or open connections");
    let came_back = |recovery_s, recovered| {
        said(|summary| summary.course.peak = Some(peak(recovery_s, recovered)))
    };
    assert_eq!(came_back(Some(30.0), 0.96), "");
    insta::assert_snapshot!(came_back(Some(45.0), 1.0), @"the target took 45 s to come back from the peak of 186.2 requests/s, more than the 30 s that it may take: look at queues and connections that are still busy after it");
    insta::assert_snapshot!(came_back(Some(3.0), 0.85), @"after the peak of 186.2 requests/s answers were as before it in only 85.00 % of the time once the target had come back: look at queues and connections that are still busy after it");
    insta::assert_snapshot!(came_back(None, 0.1), @"the target did not come back from the peak of 186.2 requests/s, with 900 ms at p95 in the 63 s after it and 150 ms before: look at queues and connections that are still busy after it");
    let grown = |seconds| said(|summary| summary.course.memory = Some(memory(seconds)));
    assert_eq!(grown(50), "");
    insta::assert_snapshot!(grown(90), @"the target's memory grew by 25.00 % in 90 s, from 50.0 MB to 62.5 MB: play longer to see whether it levels off");
    insta::assert_snapshot!(grown(7_200), @"the target's memory grew by 25.00 % in 7200 s, from 50.0 MB to 62.5 MB: unless it levels off, something is kept that should go");
}

#[test]
fn of_a_run_that_says_nothing_only_the_remedy_is_said() {
    let invalid = |change: fn(&mut Summary)| {
        said(|summary| {
            summary.verdict.status = Status::Invalid;
            summary.verdict.reasons = vec!["line 7 is torn".to_owned()];
            summary.latency.response.p95 = 9_000_000;
            change(summary);
        })
    };
    insta::assert_snapshot!(invalid(|_| ()), @"this run says nothing about the target, because line 7 is torn: see to that, and play again");
    insta::assert_snapshot!(invalid(|summary| summary.fidelity.judged_lateness_p99 = 4_000), @"requests went out 4.00 ms late at p99, and a bare timer on this machine was 41 µs late: play at a lower speed, from a machine with more cores, or with `--pacing precise`");
    insta::assert_snapshot!(invalid(|summary| {
        summary.fidelity.judged_lateness_p99 = 4_000;
        summary.fidelity.machine_lateness_p99 = 3_900;
    }), @"requests went out 4.00 ms late at p99, and a bare timer on this machine was 3.90 ms late: this machine is busy or shared, so play from one with cores to spare, or at a lower speed");
    insta::assert_snapshot!(invalid(|summary| {
        summary.totals.dropped = 40;
        summary.fidelity.dropped_as_asked = 10;
    }), @"30 of 2000 planned requests were never sent: play at a lower speed, or with more `--workers` and open files");
    // That somebody ended it is known to them, and what was measured till then is true.
    let interrupted = invalid(|summary| summary.interrupted = true);
    assert!(
        interrupted.starts_with("the 95th percentile"),
        "{interrupted}"
    );
}

#[test]
fn where_nothing_worked_times_say_nothing() {
    insta::assert_snapshot!(said(|summary| {
        let all = summary.totals.completed;
        failing(summary, 0, "500", all);
        summary.latency.response.p95 = 9_000_000;
        summary.course.trend = Some(trend(0.4));
    }), @"
1998 of 2000 requests (99.90 %) were answered with a server error, all of them by GET /api/v1/people: look at what the target logged there
2000 of 2000 requests (100.00 %) failed that did not when they were recorded, mostly 1998 × 500, 1 × 404, 1 × reset: find out why before looking at times
");
}

#[test]
fn the_most_important_is_first_and_no_more_than_eight_are_said() {
    let mut summary = judged();
    changed(&mut summary, "200", "401", 30);
    changed(&mut summary, "200", "429", 30);
    failing(&mut summary, 0, "500", 400);
    summary.latency.response.p95 = 700_000;
    summary.latency.response.max = 20_000_000;
    summary.phases.connecting.mean = summary.latency.service.mean;
    summary.course.trend = Some(trend(0.4));
    summary.course.peak = Some(peak(None, 0.0));
    summary.course.memory = Some(memory(7_200));
    summary.divergence.links.places = 100;
    summary.divergence.links.unresolved = vec![Unresolved {
        cause: "not_played".to_owned(),
        from: None,
        places: 9,
    }];
    let said = of(&summary);
    assert_eq!(said.len(), super::MOST);
    insta::assert_snapshot!(said.join("\n"), @"
400 of 2000 requests (20.00 %) were answered with a server error, all of them by GET /api/v1/people: look at what the target logged there
402 of 2000 requests (20.10 %) failed that did not when they were recorded, mostly 400 × 500, 1 × 404, 1 × reset: find out why before looking at times
at a steady load the median of response times rose by 40.00 % over the run (by chance with p = 0.0004): look for what grows in the target, such as memory, tables or open connections
the target did not come back from the peak of 186.2 requests/s, with 900 ms at p95 in the 63 s after it and 150 ms before: look at queues and connections that are still busy after it
30 of 2000 requests (1.50 %) were answered 401 or 403 where the recorded answer was another one: check `[auth]` and the users file, and how long tokens are good for
limits of the target, or of a proxy before it, answered 30 of 2000 requests (1.50 %) with 429: `--dry-run` with `--limits` tells which limits of the proxy this load is beyond
9 of 100 values (9.00 %) that requests take from earlier answers were not there: mostly the requests that would give them are not played, so let `--filter` keep them
the target's memory grew by 25.00 % in 7200 s, from 50.0 MB to 62.5 MB: unless it levels off, something is kept that should go
");
}
