//! A summary for the tests of judge and reports.

mod judged;

use std::sync::LazyLock;

use trace::exchange::Flag;

use crate::engine::{Answer, Failure, Outcome, Planned, Shapes, Steps};
use crate::judge::Criteria;
use crate::plan::Arrival;
use crate::plan::tests::{exchange, load, planner};
use crate::record::{Recorder, clocks};
use crate::summarize::{About, Brought, summarize};
pub(crate) use judged::judged;

use crate::summary::{Capture, Model, Settings, Summary, Upkeep};

/// The summary of 2,000 made-up requests over 12 s, of which 2 failed.
pub(crate) fn summary() -> Summary {
    let exchanges = (0..2_000_u32).map(|number| {
        let session = u8::try_from(number % 40).unwrap();
        let mut exchange = exchange(number.into(), u64::from(number) * 6_000_000, session);
        let route = [0, 0, 0, 1, 2][number as usize % 5];
        exchange.route = ROUTES[route].to_owned();
        exchange
            .flags
            .extend((route == 1).then_some(Flag::Identifier));
        exchange
    });
    let mut planner = planner(exchanges.collect(), load("1"));
    let (mut planned, mut recorder) = (Planned::default(), Recorder::new(0));
    while let Some(arrival) = planner.next().unwrap() {
        planned.count(arrival.due_ns, 0);
        let outcome = outcome(planned.arrivals - 1, &arrival);
        recorder.ended(&arrival, &outcome, arrival.due_ns, 0);
    }
    planned.routes = planner.routes().to_vec();
    let mut machine = clocks::fine();
    clocks::record(&mut machine, 41_000);
    let brought = Brought {
        planned: &planned,
        recorder: &recorder,
        shapes: &Shapes::new(),
        machine: &machine,
    };
    summarize(about(), &brought)
}

const ROUTES: [&str; 3] = [
    "GET /api/v1/people",
    "GET /api/v1/people/{id}",
    "POST /api/v1/auth/login",
];

fn outcome(number: u64, arrival: &Arrival) -> Outcome {
    let sent_ns = arrival.due_ns + 20_000 + number % 50 * 1_000;
    let wave = (number % 400).min(400 - number % 400) * 100_000;
    Outcome {
        ready_ns: arrival.due_ns,
        held: false,
        sent_ns,
        ended_ns: sent_ns + 5_000_000 + wave + u64::from(arrival.entry().route) * 3_000_000,
        steps: Steps {
            blocked_ns: 0,
            connecting_ns: u64::from(number.is_multiple_of(100)) * 400_000,
            sending_ns: 9_000,
            waiting_ns: 4_900_000 + wave,
            receiving_ns: 30_000,
        },
        written: 240,
        read: 900,
        answer: match number {
            500 => Err(Failure::Reset),
            603 => Ok(answer(404)),
            _ => Ok(answer(200)),
        },
    }
}

fn answer(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

/// Nothing is asked of it.
pub(crate) static NOTHING: LazyLock<Criteria> = LazyLock::new(Criteria::default);

fn about() -> About<'static> {
    About {
        run: "0123456789abcdef0123456789abcdef".to_owned(),
        started: "2026-11-21T09:30:00Z".to_owned(),
        interrupted: false,
        capture: Capture {
            file: "captures/peak.jsonl".to_owned(),
            id: "c1".to_owned(),
            tool: "rehearsal-proxy 0.1.0".to_owned(),
            exchanges: 2_000,
            complete: true,
        },
        settings: Settings {
            target: "http://127.0.0.1:8080".to_owned(),
            pace: "5x".to_owned(),
            users_ratio: "1".to_owned(),
            model: Model::PartlyOpen,
            sessions: "ordered".to_owned(),
            pacing: "timer".to_owned(),
            laps: Some(1),
            warm_up_s: 0.0,
            protocol: "http/1.1".to_owned(),
            connections_for: "pool".to_owned(),
            max_in_flight: None,
            on_overload: "queue".to_owned(),
            via_loadtest: true,
            client_addresses: Some("198.18.0.0/15".to_owned()),
            headers: Vec::new(),
            duration_s: None,
            limit: None,
            seed: 0,
            timeout_s: 60.0,
            workers: 2,
            users: 40,
            session_count: 40,
            verbatim: false,
            on_unresolved: "recorded".to_owned(),
            shift_dates: None,
            log_in_first: 0,
            connections: 12,
        },
        upkeep: Upkeep::default(),
        noise: None,
        memory: None,
        criteria: &NOTHING,
        ended_by: None,
        intervals: false,
        warnings: Vec::new(),
    }
}
