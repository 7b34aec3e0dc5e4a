//! `replay inspect`: what a capture asks of a replay.

use serde_json::{Value, json};

use crate::capture::{Recorded, Recording};
use crate::login::CONFIG;
use crate::program::Replay;

fn recording() -> Recording {
    Recording::new()
        .with(Recorded::log_in(0, 1).answer_header("set-cookie", "sid={{auth:u1}}; Path=/"))
        .with(
            Recorded::get(10, 1, "/api/v1/auth/me")
                .with_token(1)
                .shaped(&json!({"role": "keep:admin"})),
        )
        .with(
            Recorded::get(20, 1, "/people?from=2026-11-23")
                .routed("GET /people")
                .with_token(1),
        )
        .with(
            Recorded::get(30, 1, "/people/7")
                .routed("GET /people/{id}")
                .linked(3, "body#/items/0/id", "path/1")
                .flagged(),
        )
        .with(
            Recorded::get(1_500, 2, "/people/8")
                .routed("GET /people/{id}")
                .with_token(2)
                .flagged(),
        )
}

#[test]
fn a_capture_is_told_in_words() {
    let replay = Replay::told(["inspect", "c.jsonl"])
        .file("c.jsonl", &recording().text())
        .file("config/replay.toml", CONFIG);
    let ended = replay.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn a_capture_is_told_as_json() {
    let replay =
        Replay::told(["inspect", "--json", "c.jsonl"]).file("c.jsonl", &recording().text());
    let found: Value = serde_json::from_str(&replay.run().stdout).unwrap();
    assert_eq!(
        (&found["exchanges"], &found["users"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(found["routes"][0]["route"], "GET /people/{id}");
    assert_eq!(found["sessions_without_log_in"], 1);
}

#[test]
fn what_cannot_be_read_is_said() {
    let replay =
        Replay::told(["inspect", "gone.jsonl", "c.jsonl"]).file("c.jsonl", &recording().text());
    let ended = replay.run();
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .stderr
            .starts_with("error: cannot open capture `gone.jsonl`"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stdout.starts_with("c.jsonl: 5 exchanges"),
        "{}",
        ended.stdout
    );
}
