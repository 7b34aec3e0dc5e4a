//! What counts in which number of the summary.

use trace::exchange::Flag;

use super::*;
use crate::engine::{Answer, Outcome, Shapes, Steps};
use crate::plan::tests::{exchange, load, planner};
use crate::record::clocks;
use crate::report::sample;
use crate::summary::StatusChange;

const SECOND: u64 = 1_000_000_000;

/// Arrivals at 0 s, 1 s and so on, of which the first is warm-up. One is of another route; two
/// carry an identifier, of which one is answered as it was recorded; the last two are dropped, as
/// was asked.
fn run() -> Summary {
    let exchanges = (0..8_u64).map(|number| {
        let mut exchange = exchange(number, number * SECOND, 1);
        if number == 0 {
            exchange.route = "GET /warm-up".to_owned();
        }
        if number == 3 || number == 4 {
            exchange.flags.push(Flag::Identifier);
        }
        exchange
    });
    let mut planner = planner(exchanges.collect(), load("1"));
    let (mut planned, mut recorder) = (Planned::default(), Recorder::new(SECOND));
    while let Some(arrival) = planner.next().unwrap() {
        planned.count(arrival.due_ns, SECOND);
        let number = arrival.due_ns / SECOND;
        if number >= 6 {
            recorder.dropped(&arrival);
            recorder.overloaded(&arrival);
            continue;
        }
        let outcome = Outcome {
            ready_ns: arrival.due_ns,
            held: false,
            sent_ns: arrival.due_ns,
            ended_ns: arrival.due_ns + SECOND / 2,
            steps: Steps::default(),
            written: 10,
            read: 20,
            answer: Ok(Answer {
                status: if number == 4 { 404 } else { 200 },
                ..Answer::default()
            }),
        };
        recorder.ended(&arrival, &outcome, arrival.due_ns, 0);
    }
    planned.routes = planner.routes().to_vec();
    let sample = sample::summary();
    let about = About {
        run: String::new(),
        started: String::new(),
        interrupted: false,
        capture: sample.capture,
        settings: sample.settings,
        upkeep: sample.upkeep,
        noise: None,
        memory: None,
        criteria: &sample::NOTHING,
        ended_by: None,
        intervals: false,
        warnings: Vec::new(),
    };
    let brought = Brought {
        planned: &planned,
        recorder: &recorder,
        shapes: &Shapes::new(),
        machine: &clocks::fine(),
    };
    summarize(about, &brought)
}

#[test]
fn totals_are_of_what_was_sent_after_the_warm_up() {
    let totals = run().totals;
    let counts = (totals.planned, totals.sent, totals.dropped, totals.failed);
    assert_eq!(counts, (7, 5, 2, 1));
    // From the end of the warm-up to the last answer, at 5.5 s.
    assert_eq!(totals.duration_s, 4.5);
    assert_eq!(totals.rate, 5.0 / 4.5);
    assert_eq!(totals.failed_ratio, 0.2);
}

#[test]
fn what_was_dropped_as_asked_is_no_shortfall() {
    let summary = run();
    assert_eq!(summary.fidelity.achieved_ratio, 1.0);
    assert_eq!(summary.fidelity.dropped_as_asked, 2);
    let series = summary.series.iter();
    let series: Vec<_> = series.map(|it| (it.planned, it.sent, it.failed)).collect();
    let (good, bad, dropped) = ((1, 1, 0), (1, 1, 1), (1, 0, 0));
    let expected = [(0, 0, 0), good, good, good, bad, good, dropped, dropped];
    assert_eq!(series, expected);
}

#[test]
fn answers_are_compared_with_the_recorded_ones() {
    let summary = run();
    let divergence = &summary.divergence;
    assert_eq!(divergence.equal_statuses, 0.8);
    assert_eq!(summary.fidelity.identifier_requests, 2);
    let [route] = &*divergence.routes else {
        panic!("one route");
    };
    assert_eq!((route.requests, route.equal, route.identifiers), (5, 4, 2));
    let change = StatusChange {
        recorded: "200".to_owned(),
        replayed: "404".to_owned(),
        requests: 1,
        noise: false,
    };
    assert_eq!(route.changes, [change]);
}

#[test]
fn a_route_of_which_nothing_was_planned_is_not_there() {
    let summary = run();
    let routes: Vec<_> = summary.endpoints.iter().map(|it| &it.route).collect();
    assert_eq!(routes, ["GET /api/v1/people"]);
}
