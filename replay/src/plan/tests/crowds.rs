//! Who plays, as whom, how much of the capture, and how often.

use super::*;

fn log_in(seq: u64, session: u8) -> Exchange {
    let mut exchange = exchange(seq, seq, session);
    let name = &exchange.user;
    let text =
        format!(r#"{{"username":"{{{{username:{name}}}}}","password":"{{{{password:{name}}}}}"}}"#);
    exchange.request.method = "POST".to_owned();
    exchange.request.body = Body {
        bytes: text.len() as u64,
        content: Content::Utf8(text),
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
fn a_session_without_its_log_in_logs_in_first() {
    let exchanges = [
        log_in(1, 1),
        with_token(2, 1),
        with_token(3, 2),
        with_token(4, 2),
    ];
    let plan = plan(&exchanges, wanted(load("1"))).unwrap();
    let first = plan.players.iter().map(|player| player.logs_in_first);
    assert_eq!(first.collect::<Vec<_>>(), [false, true]);
    let mut helpless = wanted(load("1"));
    helpless.can_log_in = false;
    let error = super::plan(&exchanges, helpless).unwrap_err();
    insta::assert_snapshot!(error, @"1 sessions were recorded without their log-in; set `login` under `[auth]` in other.toml");
}

#[test]
fn what_a_filter_leaves_logs_in_first_too() {
    let mut reading = wanted(load("1"));
    reading.selection.filter.read_only = true;
    let plan = plan(&[log_in(1, 1), with_token(2, 1)], reading).unwrap();
    assert_eq!(plan.arrivals.len(), 1);
    assert!(plan.players[0].logs_in_first);
}

#[test]
fn users_get_test_users_of_their_role() {
    let mut me = with_token(5, 2);
    me.route = "GET /api/v1/auth/me".to_owned();
    me.response.body.content = Content::Shape(serde_json::json!({"role": "keep:admin"}).into());
    let mut wanted = wanted(load("1"));
    wanted.role = Some(RoleSource {
        route: me.route.clone(),
        at: "body#/role".parse().unwrap(),
    });
    let plan = plan(&[log_in(1, 1), me], wanted).unwrap();
    assert!(plan.players[0].test_user > 0);
    assert_eq!(plan.players[1].test_user, 0);
}

#[test]
fn clones_log_in_as_somebody_else() {
    let crowd = |users: &str| {
        let users = Decimal::parse(users).unwrap();
        plan(
            &[log_in(1, 1), with_token(2, 1)],
            wanted(Load { users, ..load("1") }),
        )
    };
    let plan = crowd("3").unwrap();
    let as_whom: BTreeSet<_> = plan.players.iter().map(|player| player.test_user).collect();
    let names: BTreeSet<_> = plan.players.iter().map(|player| player.identity).collect();
    assert_eq!((as_whom.len(), names.len()), (3, 3));
    let error = crowd("4").unwrap_err();
    insta::assert_snapshot!(error, @"the capture needs 4 test users, and `users.csv` has 3; add lines to it, or set `share = true` under `[users]` in other.toml to let several recorded users log in as one");
}

#[test]
fn a_range_that_is_too_small_is_an_error() {
    let exchanges: Vec<_> = (0..4)
        .map(|number| exchange(number.into(), number.into(), number))
        .collect();
    let mut wanted = wanted(load("1"));
    wanted.client_addresses = Some("10.0.0.0/30".parse().unwrap());
    assert!(plan(&exchanges[..3], wanted.clone()).is_ok());
    let error = plan(&exchanges, wanted).unwrap_err();
    insta::assert_snapshot!(error, @"10.0.0.0/30 has too few addresses for 4 users, give `--client-addresses` a larger range");
}

#[test]
fn limit_and_duration_cut_the_plan() {
    let exchanges: Vec<_> = (0..10)
        .map(|number| exchange(number, 500 + number * 100, 1))
        .collect();
    let lengths = |load: Load| plan(&exchanges, wanted(load)).map(|plan| plan.arrivals.len());
    let limited = Load {
        limit: Some(3),
        ..load("1")
    };
    assert_eq!(lengths(limited), Ok(3));
    let brief = Load {
        duration: Some(Duration::from_nanos(200)),
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
fn a_large_capture_is_read_again_in_each_lap() {
    // Bodies that together are more than is kept.
    let exchanges: Vec<_> = (0..40)
        .map(|number| {
            let mut exchange = exchange(number, number * 1_000, 1);
            exchange.request.method = "POST".to_owned();
            let text = "x".repeat(1 << 20);
            exchange.request.body = Body {
                bytes: text.len() as u64,
                content: Content::Utf8(text),
            };
            exchange
        })
        .collect();
    let load = Load {
        laps: Some(2),
        ..load("1")
    };
    let plan = plan(&exchanges, wanted(load)).unwrap();
    let lines: Vec<_> = plan
        .arrivals
        .iter()
        .map(|arrival| {
            (
                arrival.lap,
                sent(arrival).lines().next().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = (0..2).flat_map(|lap| {
        (0..40).map(move |number| (lap, format!("POST /api/v1/people/{number} HTTP/1.1")))
    });
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

#[test]
fn a_crowd_that_changes_takes_whole_sessions() {
    // Each user has a session at the beginning and one at the end.
    let exchanges: Vec<_> = (0..200_u64)
        .map(|number| {
            let late = number / 100;
            let mut exchange = exchange(number, number * 100_000_000, 0);
            exchange.user = format!("u{}", number % 100);
            exchange.session = format!("s{}-{late}", number % 100);
            exchange
        })
        .collect();
    let pace = Pace::Stages("10s:1users,10s:3users".parse().unwrap());
    let plan = plan(&exchanges, wanted(Load { pace, ..load("1") })).unwrap();
    let by = |late: u64| {
        let of = plan.arrivals.iter().filter(|arrival| {
            let entry = arrival.entry();
            u64::from(entry.at_ns >= 10_000_000_000) == late
        });
        of.count()
    };
    // Clones of early sessions come up to ten seconds later, when there are more users.
    assert!((100..200).contains(&by(0)), "{}", by(0));
    assert!((150..300).contains(&by(1)), "{}", by(1));
}
