//! A summary for the tests of judge and reports.

use crate::engine::{Answer, Failure, Outcome};
use crate::plan::{Arrival, Body, Plan, Request, store};
use crate::record::{Recorder, clocks};
use crate::summarize::{About, summarize};
use crate::summary::{Capture, Settings, Summary};

/// The summary of 2,000 made-up requests over 12 s, of which 2 failed.
pub(crate) fn summary() -> Summary {
    let plan = plan();
    let mut recorder = Recorder::new(&plan);
    for (position, arrival) in plan.arrivals.iter().enumerate() {
        recorder.ended(position, arrival, &outcome(position as u64, arrival), 0);
    }
    let mut machine = clocks::fine();
    clocks::record(&mut machine, 41_000);
    summarize(about(), &plan, &recorder, &machine)
}

fn plan() -> Plan {
    let mut store = store::StoreBuilder::default();
    let request = store.request(store_draft());
    let arrivals: Vec<_> = (0..2_000).map(|number| arrival(number, &request)).collect();
    Plan {
        length_ns: arrivals.last().unwrap().due_ns,
        arrivals,
        sessions: 40,
        identities: Vec::new(),
        users: Vec::new(),
        routes: [
            "GET /api/v1/people",
            "GET /api/v1/people/{id}",
            "POST /api/v1/auth/login",
        ]
        .map(str::to_owned)
        .to_vec(),
        fresh: 0,
        store: store.finish(),
    }
}

fn store_draft() -> store::Draft {
    let mut scratch = store::StoreBuilder::default();
    store::Draft {
        method: http::Method::GET,
        target: scratch.literal(b""),
        headers: Vec::new(),
        body: Body::None,
        gated: true,
    }
}

fn arrival(number: u32, request: &Request) -> Arrival {
    let route = [0, 0, 0, 1, 2][number as usize % 5];
    Arrival {
        due_ns: u64::from(number) * 6_000_000,
        session: number % 40,
        route,
        request: request.clone(),
        needs: None,
        gives: None,
        status: 200,
        took_ns: 10_000_000,
        identifier: route == 1,
    }
}

fn outcome(number: u64, arrival: &Arrival) -> Outcome {
    let sent_ns = arrival.due_ns + 20_000 + number % 50 * 1_000;
    let wave = (number % 400).min(400 - number % 400) * 100_000;
    Outcome {
        ready_ns: arrival.due_ns,
        held: false,
        sent_ns,
        ended_ns: sent_ns + 5_000_000 + wave + u64::from(arrival.route) * 3_000_000,
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
    Answer { status, body: None }
}

fn about() -> About {
    About {
        run: "0123456789abcdef0123456789abcdef".to_owned(),
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
            speed: "5x".to_owned(),
            sessions: "ordered".to_owned(),
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
            log_in_first: 0,
            connections: 12,
        },
        warnings: Vec::new(),
    }
}
