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

/// The exchange that tells a user to be an admin, and a plan that looks at it.
fn an_admin(seq: u64, who: u8) -> (Exchange, Wanted) {
    let mut me = with_token(seq, who);
    me.route = "GET /api/v1/auth/me".to_owned();
    me.response.body.content = Content::Shape(serde_json::json!({"role": "keep:admin"}).into());
    let mut wanted = wanted(load("1"));
    wanted.role = Some(RoleSource {
        route: me.route.clone(),
        at: "body#/role".parse().unwrap(),
    });
    (me, wanted)
}

#[test]
fn users_get_test_users_of_their_role() {
    let (me, wanted) = an_admin(5, 2);
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
    insta::assert_snapshot!(error, @"the capture needs 4 test users, and `users.csv` has 3; add lines to it, or let several recorded users log in as one: `--share-users`, or `share = true` under `[users]` in other.toml");
}

#[test]
fn a_range_that_is_too_small_is_an_error() {
    let exchanges: Vec<_> = (0..4)
        .map(|number| exchange(number.into(), number.into(), number))
        .collect();
    let mut wanted = wanted(load("1"));
    wanted.client_addresses = Some("10.0.0.0/30".parse().unwrap());
    assert!(plan(&exchanges[..3], wanted.clone()).is_ok());
    let error = plan(&exchanges, wanted.clone()).unwrap_err();
    insta::assert_snapshot!(error, @"10.0.0.0/30 has too few addresses for 4 users, give `--client-addresses` a larger range");
    // Clones have addresses of their own.
    wanted.load.users = Decimal::parse("2").unwrap();
    let error = plan(&exchanges[..2], wanted).unwrap_err();
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

#[test]
fn a_session_that_was_out_is_so_to_its_end_and_not_in_the_next_lap() {
    let exchanges = [exchange(1, 0, 1), exchange(2, 5_000_000_000, 1)];
    let load = Load {
        pace: Pace::Stages("1s:0users,1s:1users,1h:1users".parse().unwrap()),
        laps: Some(2),
        ..load("1")
    };
    let plan = plan(&exchanges, wanted(load)).unwrap();
    // The second lap begins after a gap of 2.5 seconds, when everybody takes part.
    assert_eq!(plan.due(), [7_500_000_000, 12_500_000_000]);
}

#[test]
fn a_user_is_the_same_test_user_in_all_sessions() {
    let again = |number: u8| {
        let mut exchange = log_in(number.into(), 1);
        exchange.session = format!("s{number}");
        exchange
    };
    // More sessions than there are test users; some are not read before others have begun.
    let mut exchanges: Vec<_> = (2..6).map(again).collect();
    exchanges.extend(laps::large(12));
    exchanges.extend((6..8).map(again));
    let plan = plan(&exchanges, wanted(load("1"))).unwrap();
    let as_whom: Vec<_> = plan.players.iter().map(|player| player.test_user).collect();
    assert_eq!(as_whom, [as_whom[0]; 6]);
}

#[test]
fn only_who_takes_part_needs_a_test_user() {
    let exchanges: Vec<_> = (0..6).map(|who| log_in(who.into(), who)).collect();
    let load = Load {
        users: Decimal::parse("0.5").unwrap(),
        ..load("1")
    };
    // There are three test users for six recorded ones.
    let plan = plan(&exchanges, wanted(load)).unwrap();
    let who: Vec<_> = plan.players.iter().map(|player| player.session).collect();
    assert_eq!(who, plan.sessions());
    assert!((1..=3).contains(&who.len()), "{who:?}");
}

#[test]
fn a_role_is_known_from_an_answer_that_a_filter_leaves_out() {
    let (me, mut wanted) = an_admin(5, 2);
    wanted.selection.filter.any = vec!["method=POST".parse().unwrap()];
    let plan = plan(&[log_in(1, 1), log_in(2, 2), me], wanted).unwrap();
    assert_eq!(plan.arrivals.len(), 2);
    assert!(plan.players[0].test_user > 0);
    assert_eq!(plan.players[1].test_user, 0);
}

#[test]
fn whose_name_alone_was_sent_has_no_token_yet() {
    let mut named = exchange(1, 1, 1);
    named.request.query = "of={{username:u1}}".to_owned();
    let plan = plan(&[named, with_token(2, 1)], wanted(load("1"))).unwrap();
    let first: Vec<_> = plan.players.iter().map(|it| it.logs_in_first).collect();
    assert_eq!(first, [false, true]);
}
