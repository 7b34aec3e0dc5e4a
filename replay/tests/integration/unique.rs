//! What is another one in every run: e-mail addresses, chosen fields, dates.

use std::collections::BTreeSet;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::Server;

#[test]
fn addresses_are_unique_for_each_who_plays_and_the_same_where_they_were() {
    let server = Server::start(|_| 200.into());
    let body = r#"{"email":"a.b@example.com","code":"c1"}"#;
    let mut find = Recorded::get(1, 1, "/people?email=a.b%40example.com");
    find = find.routed("GET /people");
    let recording = Recording::new()
        .with(Recorded::post(0, 1, "/people", "application/json", body))
        .with(find);
    let config = "[[unique]]\nroute = \"POST /people\"\nat = \"body#/code\"\n";
    Replay::of(&recording, &server)
        .file("config/replay.toml", config)
        .args(["--users", "3x", "--loop=2", "--speed", "1000x"])
        .run();
    let seen = server.seen();
    let bodies: BTreeSet<_> = seen
        .iter()
        .map(|seen| seen.body.clone())
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(bodies.len(), 6, "{bodies:?}");
    for body in &bodies {
        let letters = body.strip_prefix(r#"{"email":"a.b."#).unwrap();
        let (letters, rest) = letters.split_once('@').unwrap();
        assert_eq!(rest, format!(r#"example.com","code":"c1{letters}"}}"#));
        let found = seen
            .iter()
            .filter(|seen| seen.path.contains(letters))
            .count();
        assert_eq!(found, 1, "{letters}");
    }
}

#[test]
fn dates_move_by_days_or_to_a_week() {
    let server = Server::start(|_| 200.into());
    let body = r#"{"start_date":"2027-04-21","at":"2027-04-22T08:00:00Z","n":20270421}"#;
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/schedule/2027-04-19/2027-04-25"))
        .with(Recorded::post(
            1,
            1,
            "/x?from=2027-05-03",
            "application/json",
            body,
        ));
    let sent = |shift: &str| {
        let before = server.seen().len();
        let ended = Replay::of(&recording, &server)
            .args([shift])
            .run()
            .measured();
        let seen = server.seen().split_off(before);
        let days = ended.summary["settings"]["shift_dates"].as_i64();
        (
            days,
            seen[0].path.clone(),
            seen[1].path.clone(),
            seen[1].body.clone(),
        )
    };
    // Both ways lead to the same: the week of that Sunday began on a Monday 154 days before.
    for shift in ["--shift-dates=-22w", "--shift-dates=2026-11-22"] {
        assert_eq!(
            sent(shift),
            (
                Some(-154),
                "/schedule/2026-11-16/2026-11-22".to_owned(),
                "/x?from=2026-11-30".to_owned(),
                r#"{"start_date":"2026-11-18","at":"2026-11-19T08:00:00Z","n":20270421}"#
                    .to_owned(),
            ),
            "{shift}"
        );
    }
}
