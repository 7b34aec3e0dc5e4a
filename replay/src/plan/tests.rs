//! Laws of the plan, and what single requests become.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use proptest::prelude::*;
use trace::exchange::{Body, Content, Exchange, Headers, Request, Response, Timing};
use trace::format::Used;

use crate::settings::{Decimal, Filter, Load, Pace, RoleSource};
use crate::users::Pool;

use super::{
    Arrival, Hole, Input, Part, PlanError, Planner, Player, Recorded, Rules, Selection, Text,
    Wanted,
};

mod crowds;
pub(crate) mod laps;
mod requests;

/// An exchange of one user's only session.
pub(crate) fn exchange(seq: u64, at_ns: u64, session: u8) -> Exchange {
    Exchange {
        seq,
        at_ns,
        session: format!("s{session}"),
        user: format!("u{session}"),
        connection: 1,
        route: "GET /api/v1/people".to_owned(),
        request: Request {
            version: "1.1".to_owned(),
            method: "GET".to_owned(),
            path: format!("/api/v1/people/{seq}"),
            query: String::new(),
            headers: Headers::default(),
            body: Body::EMPTY,
        },
        response: Response {
            status: 200,
            headers: Headers::default(),
            body: Body::EMPTY,
        },
        timing: Timing {
            first_byte_ns: 1,
            total_ns: 2,
        },
        links: Vec::new(),
        flags: Vec::new(),
    }
}

/// A load at a speed, once.
pub(crate) fn load(speed: &str) -> Load {
    Load {
        pace: Pace::speed(speed).unwrap(),
        users: Decimal::ONE,
        laps: Some(1),
        duration: None,
        limit: None,
        warm_up: Duration::ZERO,
        seed: 0,
    }
}

fn wanted(load: Load) -> Wanted {
    Wanted {
        selection: Selection {
            rules: Rules {
                host: HeaderValue::from_static("target:81"),
                prefix: String::new(),
                via_loadtest: false,
                rewrites: Vec::new(),
                headers: Vec::new(),
                addresses: false,
                verbatim: false,
                shift_days: None,
                unique: Vec::new(),
                sends: None,
            },
            filter: Filter::default(),
            limit: load.limit,
        },
        load,
        client_addresses: None,
        role: None,
        share: false,
        can_log_in: true,
        config: "other.toml".to_owned(),
    }
}

fn pool() -> Pool {
    let text = "username,password,role\na,pa,admin\nf,pf,faculty\ng,pg,faculty\n";
    Pool::parse(Path::new("users.csv"), text).unwrap()
}

/// All of a plan.
#[derive(Debug, Default)]
struct Plan {
    arrivals: Vec<Arrival>,
    players: Vec<Player>,
    clones: u32,
}

impl Plan {
    fn due(&self) -> Vec<u64> {
        self.arrivals.iter().map(|arrival| arrival.due_ns).collect()
    }

    fn length_ns(&self) -> u64 {
        let due = self.due();
        due.last().copied().unwrap_or_default()
    }

    /// The number of the session of each arrival.
    fn sessions(&self) -> Vec<u32> {
        let each = self.arrivals.iter();
        each.map(|arrival| arrival.entry().session * self.clones + arrival.clone)
            .collect()
    }
}

/// What plans these exchanges.
pub(crate) fn planner(exchanges: Vec<Exchange>, load: Load) -> Planner {
    planner_of(exchanges, wanted(load)).unwrap()
}

fn planner_of(exchanges: Vec<Exchange>, wanted: Wanted) -> Result<Planner, PlanError> {
    let recorded = recorded(exchanges);
    let open =
        move || -> Result<Input, PlanError> { Ok(Box::new(recorded.clone().into_iter().map(Ok))) };
    Planner::new(wanted, Arc::new(pool()), Box::new(open))
}

/// The exchanges, each with what those after it use of its answer.
fn recorded(exchanges: Vec<Exchange>) -> Vec<Recorded> {
    let mut recorded: Vec<Recorded> = exchanges.into_iter().map(Recorded::from).collect();
    for at in 0..recorded.len() {
        for link in recorded[at].exchange.links.clone() {
            let mut all = recorded.iter_mut();
            let of = all.find(|it| it.exchange.seq == link.from).unwrap();
            let (source, times) = (link.source, 1);
            match of.used.iter_mut().find(|used| used.source == source) {
                Some(used) => used.times += 1,
                None => of.used.push(Used { source, times }),
            }
        }
    }
    recorded
}

fn plan(exchanges: &[Exchange], wanted: Wanted) -> Result<Plan, PlanError> {
    let mut planner = planner_of(exchanges.to_vec(), wanted)?;
    let mut plan = Plan {
        clones: planner.clones(),
        ..Plan::default()
    };
    while let Some(arrival) = planner.next()? {
        plan.players.extend(planner.newcomers());
        plan.arrivals.push(arrival);
    }
    Ok(plan)
}

/// The arrival as it goes over the wire; holes show what belongs there.
fn sent(arrival: &Arrival) -> String {
    let text = |text: Text| -> String {
        let parts = arrival.window.parts(text).map(|part| match part {
            Part::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Part::Hole(Hole::Slot(kind, number), _) => format!("<{kind:?} {number}>"),
            Part::Hole(hole, _) => format!("<{hole:?}>\r\n"),
        });
        parts.collect()
    };
    let request = &arrival.entry().request;
    let body = match request.body {
        super::Body::Filler(bytes) => format!("(filler of {bytes})"),
        super::Body::None => String::new(),
        super::Body::Text(body) => text(body),
    };
    (text(request.head) + &body).replace("\r\n", "\n")
}

prop_compose! {
    fn recording()(
        gaps in prop::collection::vec((0_u64..5_000_000_000, 0_u8..6), 1..60)
    ) -> Vec<Exchange> {
        let mut at_ns = 0;
        gaps.into_iter().enumerate().map(|(number, (gap, session))| {
            at_ns += gap;
            exchange(number as u64, at_ns, session)
        }).collect()
    }
}

fn recorded_ns(exchanges: &[Exchange]) -> u64 {
    exchanges[exchanges.len() - 1].at_ns - exchanges[0].at_ns
}

/// Everything that an arrival is.
fn identity(arrival: &Arrival) -> (u64, String, u32, u32) {
    (arrival.due_ns, sent(arrival), arrival.clone, arrival.lap)
}

proptest! {
    #[test]
    fn due_times_keep_order_and_scale(exchanges in recording(), speed in 1_u64..5_000) {
        let speed = format!("{}.{:03}", speed / 1_000, speed % 1_000);
        let plan = plan(&exchanges, wanted(load(&speed))).unwrap();
        prop_assert_eq!(plan.arrivals.len(), exchanges.len());
        prop_assert!(plan.due().is_sorted());
        prop_assert_eq!(plan.due()[0], 0);
        let speed = Decimal::parse(&speed).unwrap();
        prop_assert_eq!(plan.length_ns(), speed.divide(recorded_ns(&exchanges).into()));
    }

    #[test]
    fn sessions_stay_in_order(exchanges in recording(), users in 1_u32..4) {
        let users = Decimal::parse(&users.to_string()).unwrap();
        let plan = plan(&exchanges, wanted(Load { users, ..load("5") })).unwrap();
        let sessions = plan.sessions();
        for session in sessions.iter().copied().collect::<BTreeSet<_>>() {
            let mine = || (0..sessions.len()).filter(|&at| sessions[at] == session);
            let planned: Vec<_> = mine().map(|at| sent(&plan.arrivals[at])).collect();
            let first = plan.arrivals[mine().next().unwrap()].entry();
            let recorded: Vec<_> = exchanges
                .iter()
                .filter(|exchange| {
                    let like = exchanges.iter().find(|other| {
                        sent(&plan.arrivals[mine().next().unwrap()])
                            .starts_with(&format!("GET {} ", other.request.path))
                    });
                    exchange.session == like.unwrap().session
                })
                .map(|exchange| format!("GET {} ", exchange.request.path))
                .collect();
            prop_assert_eq!(planned.len(), recorded.len(), "{:?}", first);
            for (planned, recorded) in planned.iter().zip(&recorded) {
                prop_assert!(planned.starts_with(recorded));
            }
        }
    }

    #[test]
    fn the_same_input_gives_the_same_plan(exchanges in recording(), seed: u64) {
        let users = Decimal::parse("2.5").unwrap();
        let load = Load { seed, users, laps: Some(2), ..load("5") };
        let once = plan(&exchanges, wanted(load.clone())).unwrap();
        let again = plan(&exchanges, wanted(load)).unwrap();
        let all = |plan: &Plan| plan.arrivals.iter().map(identity).collect::<Vec<_>>();
        prop_assert_eq!(all(&once), all(&again));
    }

    #[test]
    fn clones_have_names_of_their_own(exchanges in recording(), seed: u64) {
        let users = Decimal::parse("3").unwrap();
        let plan = plan(&exchanges, wanted(Load { seed, users, ..load("1") })).unwrap();
        prop_assert_eq!(plan.arrivals.len(), 3 * exchanges.len());
        prop_assert!(plan.due().is_sorted());
        let sessions: BTreeSet<_> = plan.sessions().into_iter().collect();
        let recorded: BTreeSet<_> = exchanges.iter().map(|it| &it.session).collect();
        prop_assert_eq!(sessions.len(), 3 * recorded.len());
        // Think times are kept: each clone does everything later by the same time.
        for clone in 1..3 {
            for session in &recorded {
                let of = |clone| -> Vec<u64> {
                    plan.arrivals
                        .iter()
                        .filter(|arrival| arrival.clone == clone)
                        .filter(|arrival| {
                            exchanges.iter().any(|exchange| {
                                &exchange.session == *session
                                    && sent(arrival)
                                        .starts_with(&format!("GET {} ", exchange.request.path))
                            })
                        })
                        .map(|arrival| arrival.due_ns)
                        .collect()
                };
                let (first, later) = (of(0), of(clone));
                let shift = later[0] - first[0];
                prop_assert!(shift < 10_000_000_000);
                let shifted: Vec<_> = first.iter().map(|due_ns| due_ns + shift).collect();
                prop_assert_eq!(later, shifted);
            }
        }
    }

    #[test]
    fn laps_follow_each_other(exchanges in recording(), laps in 1_u32..4) {
        let plan = plan(&exchanges, wanted(Load { laps: Some(laps), ..load("1") })).unwrap();
        prop_assert_eq!(plan.arrivals.len(), laps as usize * exchanges.len());
        prop_assert!(plan.due().is_sorted());
        prop_assert!(plan.arrivals.is_sorted_by_key(|arrival| arrival.lap));
        let length = recorded_ns(&exchanges);
        let gap = (length / exchanges.len() as u64).max(1);
        prop_assert_eq!(plan.length_ns(), u64::from(laps) * length + u64::from(laps - 1) * gap);
    }

    #[test]
    fn a_rate_keeps_the_recorded_order(exchanges in recording()) {
        let pace = Pace::rate("200/s").unwrap();
        let plan = plan(&exchanges, wanted(Load { pace, ..load("1") })).unwrap();
        for (number, (arrival, exchange)) in plan.arrivals.iter().zip(&exchanges).enumerate() {
            prop_assert_eq!(arrival.due_ns, number as u64 * 5_000_000);
            prop_assert!(sent(arrival).contains(&exchange.request.path));
        }
    }

    #[test]
    fn stages_end_when_they_end(exchanges in recording()) {
        let pace = Pace::Stages("2s:1x,3s:4x,1s:0x".parse().unwrap());
        let load = Load { pace, laps: None, ..load("1") };
        prop_assume!(recorded_ns(&exchanges) > 0);
        let plan = plan(&exchanges, wanted(load)).unwrap();
        prop_assert!(plan.due().is_sorted());
        prop_assert!(plan.length_ns() < 6_000_000_000);
    }
}
