//! What outcomes add up to, in one recorder or in several that are merged.

use trace::exchange::Flag;

use super::*;
use crate::engine::{self, Answer};
use crate::plan::Entry;
use crate::plan::tests::{exchange, load, planner};

const MS: u64 = 1_000_000;
/// When the run started, on the clock.
const START_NS: u64 = 5_000 * MS;

/// Thirty arrivals, one every 100 ms; each second one is of another route, with an identifier.
fn arrivals() -> Vec<Arrival> {
    let exchanges = (0..30_u8).map(|number| {
        let mut exchange = exchange(number.into(), u64::from(number) * 100 * MS, number % 5);
        if number % 2 == 1 {
            exchange.route = "GET /other".to_owned();
            exchange.flags.push(Flag::Identifier);
        }
        exchange
    });
    let mut planner = planner(exchanges.collect(), load("1"));
    std::iter::from_fn(|| planner.next().unwrap()).collect()
}

/// Its answer after 20 ms, to a request that was 1 ms late.
fn good(arrival: &Arrival) -> Outcome {
    let ready_ns = START_NS + arrival.due_ns;
    Outcome {
        ready_ns,
        held: false,
        sent_ns: ready_ns + MS,
        ended_ns: ready_ns + 21 * MS,
        steps: engine::Steps::default(),
        written: 100,
        read: 1_000,
        answer: Ok(Answer {
            status: 200,
            ..Answer::default()
        }),
    }
}

/// One that waited for 300 ms, and then failed.
fn bad(arrival: &Arrival, failure: Failure) -> Outcome {
    let ready_ns = START_NS + arrival.due_ns + 300 * MS;
    Outcome {
        ready_ns,
        held: true,
        sent_ns: ready_ns + 5 * MS,
        ended_ns: ready_ns + 905 * MS,
        answer: Err(failure),
        ..good(arrival)
    }
}

fn add(recorder: &mut Recorder, arrival: &Arrival, outcome: &Outcome) {
    recorder.ended(arrival, outcome, arrival.due_ns, START_NS);
}

/// All numbers but the histograms.
fn numbers(recorder: &Recorder) -> String {
    let seconds = recorder.seconds.iter();
    let seconds: Vec<_> = seconds
        .map(|second| {
            (
                second.tally.sent,
                second.tally.failed,
                second.response.len(),
            )
        })
        .collect();
    let routes = recorder.endpoints.iter();
    let routes: Vec<_> = routes
        .map(|route| {
            (
                route.counts,
                &route.statuses,
                &route.errors,
                &route.compared,
                route.identified,
            )
        })
        .collect();
    let counts = (
        recorder.warmed,
        recorder.overloaded,
        recorder.order_inversions,
    );
    let ends = (
        recorder.first_sent_ns,
        recorder.last_sent_ns,
        recorder.last_ended_ns,
    );
    let (aborted, windows) = (recorder.aborted, recorder.windows.errors());
    format!("{counts:?} {ends:?} {aborted} {windows:?} {seconds:?} {routes:?}")
}

/// A run with some of everything: as one worker records it, and as three do.
fn recorded() -> (Recorder, [Recorder; 3]) {
    let mut whole = Recorder::new(250 * MS);
    let mut parts = [(); 3].map(|()| Recorder::new(250 * MS));
    for (number, arrival) in arrivals().iter().enumerate() {
        let outcome = match number {
            8 | 9 => bad(arrival, Failure::Timeout),
            17 => bad(arrival, Failure::Reset),
            _ => good(arrival),
        };
        // The first of them has the first, and the last one all that went wrong.
        let part = match number {
            8 | 9 | 17 => 2,
            _ => usize::from(number > 20),
        };
        for recorder in [&mut whole, &mut parts[part]] {
            add(recorder, arrival, &outcome);
            if number == 17 {
                recorder.dropped(arrival);
                recorder.overloaded(arrival);
                recorder.order_inversions += 1;
                recorder.aborted = true;
            }
        }
    }
    (whole, parts)
}

#[test]
fn workers_add_up_to_what_one_would_have_recorded() {
    for backwards in [false, true] {
        let (whole, mut parts) = recorded();
        if backwards {
            parts.reverse();
        }
        let mut merged = Recorder::new(250 * MS);
        for part in parts {
            merged.merge(part);
        }
        assert_eq!(numbers(&merged), numbers(&whole));
        let clocks = |recorder: &Recorder| {
            let all = recorder.endpoints.iter().map(|route| route.clocks.clone());
            let all = all.chain([recorder.all.clone()]);
            all.flat_map(|it| [it.response, it.service, it.lateness, it.link_wait])
                .chain([recorder.judged_lateness.clone()])
                .chain(
                    recorder
                        .seconds
                        .iter()
                        .map(|second| second.response.clone()),
                )
                .collect::<Vec<_>>()
        };
        assert!(clocks(&merged) == clocks(&whole));
        assert_eq!(merged.sends.all().len(), whole.sends.all().len());
    }
}

#[test]
fn a_request_counts_where_it_was_sent_and_its_end_where_it_was_due() {
    let mut recorder = Recorder::new(0);
    for (number, arrival) in arrivals()[..20].iter().enumerate() {
        let outcome = match number {
            9 => bad(arrival, Failure::Timeout),
            _ => good(arrival),
        };
        add(&mut recorder, arrival, &outcome);
    }
    let seconds: Vec<_> = recorder
        .seconds
        .iter()
        .map(|second| {
            (
                second.tally.sent,
                second.tally.failed,
                second.response.len(),
            )
        })
        .collect();
    assert_eq!(seconds, [(9, 1, 10), (11, 0, 10)]);
    // What waited for the target is not judged.
    assert_eq!(recorder.judged_lateness.len(), 19);
    assert!(recorder.judged_lateness.max() < 2_000);
    assert!(recorder.all.link_wait.max() >= 300_000);
}

#[test]
fn what_is_due_in_the_warm_up_is_in_no_number() {
    let mut recorder = Recorder::new(200 * MS);
    for arrival in &arrivals()[..3] {
        recorder.dropped(arrival);
        recorder.overloaded(arrival);
        add(&mut recorder, arrival, &good(arrival));
    }
    let counts: Vec<_> = recorder.endpoints.iter().map(|it| it.counts).collect();
    let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>();
    assert_eq!((sum(|it| it.sent), sum(|it| it.dropped)), (1, 1));
    assert_eq!((recorder.warmed, recorder.overloaded), (2, 1));
    assert_eq!(recorder.first_sent_ns, 201 * MS);
}

#[test]
fn only_recorded_answers_are_compared() {
    let (mut endpoint, arrivals) = (Endpoint::default(), arrivals());
    let plain = arrivals[0].entry().clone();
    let identified = arrivals[1].entry().clone();
    let left = Entry {
        status: 0,
        ..plain.clone()
    };
    for entry in [&plain, &identified, &identified, &left] {
        endpoint.ended(entry, &good(&arrivals[0]), 0);
    }
    endpoint.ended(&plain, &bad(&arrivals[0], Failure::Read), 0);
    let compared = &endpoint.compared;
    assert_eq!((compared.requests(), compared.equal()), (4, 3));
    assert_eq!(endpoint.identified, 2);
    assert_eq!((endpoint.counts.sent, endpoint.counts.failed), (5, 1));
}
