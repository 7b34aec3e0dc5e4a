//! Laws of the plan, and what single requests become.

use std::path::Path;

use proptest::prelude::*;
use trace::exchange::{Body, Content, Exchange, Flag, Headers, Request, Response, Timing};

use crate::settings::{Load, RoleSource, Speed};
use crate::slot::Kind;
use crate::users::Pool;

use super::{Plan, PlanError, Slot, Wanted, build};

fn exchange(seq: u64, at_ns: u64, session: u8) -> Exchange {
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

fn load(speed: &str) -> Load {
    Load {
        speed: speed.parse().unwrap(),
        duration: None,
        limit: None,
        seed: 0,
    }
}

fn wanted(load: &Load) -> Wanted<'_> {
    Wanted {
        load,
        prefix: "",
        via_loadtest: false,
        headers: &[],
        client_addresses: None,
        role: None,
        share: false,
        can_log_in: true,
        config: "other.toml",
    }
}

fn pool() -> Pool {
    let text = "username,password,role\na,pa,admin\nf,pf,faculty\ng,pg,faculty\n";
    Pool::parse(Path::new("users.csv"), text).unwrap()
}

/// What the arrival at this position looks like on the wire; slots are filled with their kind.
fn sent(plan: &Plan, position: usize) -> String {
    let request = &plan.arrivals[position].request;
    let value = |slot: Slot| Some(format!("<{:?} {}>", slot.kind, slot.subject));
    let text = |text| String::from_utf8(plan.store.fill(text, &value).unwrap().to_vec()).unwrap();
    let headers: String = plan
        .store
        .headers(request)
        .map(|(name, value)| format!("{name}: {}\n", text(value)))
        .collect();
    let body = match request.body {
        super::Body::Filler(bytes) => format!("(filler of {bytes})"),
        super::Body::None => String::new(),
        super::Body::Text(body) => text(body),
    };
    format!(
        "{} {}\n{headers}\n{body}",
        request.method,
        text(request.target)
    )
}

fn log_in() -> Exchange {
    let mut exchange = exchange(1, 0, 1);
    let text = r#"{"username":"{{username:u1}}","password":"{{password:u1}}"}"#;
    exchange.request.method = "POST".to_owned();
    exchange.request.path = "/api/v1/auth/login/json".to_owned();
    exchange.request.headers = [
        ("content-type", "application/json"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "1.2.3.4"),
        ("connection", "close"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
    .into();
    exchange.request.body = Body {
        bytes: text.len() as u64,
        content: Content::Utf8(text.to_owned()),
    };
    exchange
}

fn with_token(seq: u64, session: u8) -> Exchange {
    let mut exchange = exchange(seq, seq, session);
    let value = format!("Bearer {{{{auth:u{session}}}}}");
    exchange.request.headers = vec![("authorization".to_owned(), value)].into();
    exchange
}

#[test]
fn a_request_is_sent_as_recorded_with_its_holes() {
    let load = load("1");
    let mut wanted = wanted(&load);
    wanted.via_loadtest = true;
    wanted.prefix = "/base";
    wanted.client_addresses = Some("198.18.0.0/15".parse().unwrap());
    let headers = ["X-Team: red".parse().unwrap()];
    wanted.headers = &headers;
    let plan = build(&[log_in(), with_token(2, 1)], &wanted, &pool()).unwrap();
    insta::assert_snapshot!(sent(&plan, 0), @r#"
    POST /base/api/loadtest/auth/login/json
    content-type: application/json
    x-team: red
    user-agent: rehearsal-replay/0.1.0
    x-forwarded-for: 198.18.0.1

    {"username":"<Username 0>","password":"<Password 0>"}
    "#);
    insta::assert_snapshot!(sent(&plan, 1), @"
    GET /base/api/loadtest/people/2
    authorization: Bearer <Auth 0>
    x-team: red
    user-agent: rehearsal-replay/0.1.0
    x-forwarded-for: 198.18.0.1
    ");
    assert_eq!(
        (plan.arrivals[0].gives, plan.arrivals[1].needs),
        (Some(0), Some(0))
    );
    assert!(plan.arrivals.iter().all(|arrival| arrival.request.gated));
}

#[test]
fn only_the_api_goes_through_the_load_test_path() {
    let mut health = exchange(1, 0, 1);
    health.request.path = "/health".to_owned();
    health.request.query = "a=b%20c".to_owned();
    let load = load("1");
    let mut wanted = wanted(&load);
    wanted.via_loadtest = true;
    let plan = build(&[health], &wanted, &pool()).unwrap();
    assert!(sent(&plan, 0).starts_with("GET /health?a=b%20c\n"));
    assert!(!plan.arrivals[0].request.gated);
}

#[test]
fn a_body_that_was_not_kept_is_filled_to_its_length() {
    let mut upload = exchange(1, 0, 1);
    upload.request.body = Body {
        bytes: 9_000,
        content: Content::Shape(serde_json::json!("binary(9000)").into()),
    };
    let load = load("1");
    let plan = build(&[upload], &wanted(&load), &pool()).unwrap();
    assert!(sent(&plan, 0).ends_with("(filler of 9000)"));
}

#[test]
fn a_session_without_its_log_in_logs_in_first() {
    let load = load("1");
    let exchanges = [
        log_in(),
        with_token(2, 1),
        with_token(3, 2),
        with_token(4, 2),
    ];
    let plan = build(&exchanges, &wanted(&load), &pool()).unwrap();
    let first: Vec<_> = plan
        .identities
        .iter()
        .map(|identity| identity.logs_in_first)
        .collect();
    assert_eq!(first, [false, true]);
    let mut wanted = wanted(&load);
    wanted.can_log_in = false;
    assert_eq!(
        build(&exchanges, &wanted, &pool()),
        Err(PlanError::NoLogin {
            sessions: 1,
            config: "other.toml".to_owned()
        })
    );
}

#[test]
fn equal_fresh_names_are_one_value() {
    let keyed = |seq, key: &str| {
        let mut exchange = exchange(seq, seq, 1);
        let value = format!("{{{{fresh:{key}}}}}");
        exchange.request.headers = vec![("idempotency-key".to_owned(), value)].into();
        exchange
    };
    let load = load("1");
    let plan = build(
        &[keyed(1, "k7"), keyed(2, "k8"), keyed(3, "k7")],
        &wanted(&load),
        &pool(),
    );
    let plan = plan.unwrap();
    assert_eq!(sent(&plan, 0).lines().nth(1), sent(&plan, 2).lines().nth(1));
    assert_ne!(sent(&plan, 0).lines().nth(1), sent(&plan, 1).lines().nth(1));
    assert_eq!(
        sent(&plan, 0).lines().nth(1),
        Some(&*format!("idempotency-key: <{:?} 0>", Kind::Fresh))
    );
}

#[test]
fn users_get_test_users_of_their_role() {
    let mut me = with_token(5, 2);
    me.route = "GET /api/v1/auth/me".to_owned();
    me.response.body.content = Content::Shape(serde_json::json!({"role": "keep:admin"}).into());
    let role = RoleSource {
        route: me.route.clone(),
        at: "body#/role".parse().unwrap(),
    };
    let load = load("1");
    let mut wanted = wanted(&load);
    wanted.role = Some(&role);
    let plan = build(&[log_in(), me], &wanted, &pool()).unwrap();
    assert_eq!(plan.users[1].test_user, Some(0));
    assert!(plan.users[0].test_user.is_some_and(|at| at > 0));
}

#[test]
fn a_range_that_is_too_small_is_an_error() {
    let load = load("1");
    let mut wanted = wanted(&load);
    wanted.client_addresses = Some("10.0.0.0/30".parse().unwrap());
    let exchanges: Vec<_> = (0..4)
        .map(|number| exchange(number.into(), number.into(), number))
        .collect();
    assert!(build(&exchanges[..3], &wanted, &pool()).is_ok());
    let error = build(&exchanges, &wanted, &pool()).unwrap_err();
    insta::assert_snapshot!(error, @"10.0.0.0/30 has too few addresses for 4 users, give `--client-addresses` a larger range");
}

#[test]
fn limit_and_duration_cut_the_plan() {
    let exchanges: Vec<_> = (0..10)
        .map(|number| exchange(number, 500 + number * 100, 1))
        .collect();
    let lengths =
        |load: Load| build(&exchanges, &wanted(&load), &pool()).map(|plan| plan.arrivals.len());
    let limited = Load {
        limit: Some(3),
        ..load("1")
    };
    assert_eq!(lengths(limited), Ok(3));
    let brief = Load {
        duration: Some(std::time::Duration::from_nanos(200)),
        ..load("2")
    };
    assert_eq!(lengths(brief), Ok(4));
    let nothing = Load {
        limit: Some(0),
        ..load("1")
    };
    assert_eq!(lengths(nothing), Err(PlanError::Empty));
}

#[test]
fn identifiers_are_marked() {
    let mut flagged = exchange(1, 0, 1);
    flagged.flags = vec![Flag::Identifier];
    let load = load("1");
    let plan = build(&[flagged], &wanted(&load), &pool()).unwrap();
    assert!(plan.arrivals[0].identifier);
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

proptest! {
    #[test]
    fn due_times_keep_order_and_scale(exchanges in recording(), speed in 1_u64..5_000) {
        let speed: Speed = format!("{}.{:03}", speed / 1_000, speed % 1_000).parse().unwrap();
        let load = Load { speed, ..load("1") };
        let plan = build(&exchanges, &wanted(&load), &pool()).unwrap();
        prop_assert_eq!(plan.arrivals.len(), exchanges.len());
        prop_assert!(plan.arrivals.is_sorted_by_key(|arrival| arrival.due_ns));
        let recorded = exchanges[exchanges.len() - 1].at_ns - exchanges[0].at_ns;
        prop_assert_eq!(plan.length_ns, speed.due_ns(recorded));
        prop_assert_eq!(plan.arrivals[0].due_ns, 0);
    }

    #[test]
    fn sessions_stay_in_order(exchanges in recording()) {
        let load = load("5");
        let plan = build(&exchanges, &wanted(&load), &pool()).unwrap();
        for session in 0..plan.sessions {
            let planned: Vec<_> = (0..plan.arrivals.len())
                .filter(|&at| plan.arrivals[at].session == session)
                .map(|at| sent(&plan, at).lines().next().unwrap().to_owned())
                .collect();
            let first = plan.arrivals.iter().position(|arrival| arrival.session == session).unwrap();
            let recorded: Vec<_> = exchanges
                .iter()
                .filter(|exchange| exchange.session == exchanges[first].session)
                .map(|exchange| format!("GET {}", exchange.request.path))
                .collect();
            prop_assert_eq!(planned, recorded);
        }
    }

    #[test]
    fn the_same_input_gives_the_same_plan(exchanges in recording(), seed: u64) {
        let load = Load { seed, ..load("5") };
        let once = build(&exchanges, &wanted(&load), &pool()).unwrap();
        prop_assert_eq!(once, build(&exchanges, &wanted(&load), &pool()).unwrap());
    }
}
