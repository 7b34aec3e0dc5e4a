//! Tokens: who waits for one, for how long, and who does not.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::login::{CONFIG, application};
use crate::program::Replay;
use crate::server::{Answer, Server};

const USERS: &str = "ann,\"pa\"\"ss&wörd\",a\nbob,\"pa\"\"ss&wörd\",a\n";

#[test]
fn who_comes_late_in_the_plan_gets_a_token_too() {
    let server = application();
    // More than what is read at once comes first, and more than what is planned at once.
    let text = "x".repeat(1 << 20);
    let large = (0..10).map(|number| Recorded::post(number, 8, "/", "text/plain", &text));
    let small = (0..1_500).map(|number| Recorded::get(10 + number / 6, 9, "/"));
    let recording = Recording::new()
        .with_all(large)
        .with_all(small)
        .with(Recorded::log_in(300, 1))
        .with(Recorded::get(301, 1, "/api/v1/people").with_token(1))
        // Without its log-in, for which its requests wait.
        .with_all((302..305).map(|at| Recorded::get(at, 2, "/api/v1/people").with_token(2)));
    let ended = Replay::of(&recording, &server)
        .users(USERS)
        .file("config/replay.toml", CONFIG)
        .args(["--sessions", "open", "--workers", "1"])
        .run()
        .measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 5, "401": 1_510}));
    assert_eq!(ended.summary["errors"], json!({}));
}

#[test]
fn each_worker_may_log_in_however_many_there_are() {
    let server = application();
    let recording = Recording::new()
        .with_all((0..20).map(|who| Recorded::get(0, who, "/api/v1/people").with_token(who)));
    let users: String = (0..20)
        .map(|number| format!("user{number},\"pa\"\"ss&wörd\",a\n"))
        .collect();
    let ended = Replay::of(&recording, &server)
        .users(&users)
        .file("config/replay.toml", CONFIG)
        .args(["--workers", "10"])
        .run()
        .measured();
    assert_eq!(ended.summary["settings"]["workers"], 10);
    assert_eq!(ended.summary["statuses"], json!({"200": 20}));
}

#[test]
fn to_wait_for_a_token_is_no_lateness() {
    let server = Server::start(|seen| match seen.header("authorization") {
        "" => {
            thread::sleep(Duration::from_millis(400));
            Answer::Json(200, json!({"access_token": "t"}).to_string())
        }
        _ => 200.into(),
    });
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with_all((1..20).map(|at| Recorded::get(at, 1, "/api/v1/people").with_token(1)));
    let ended = Replay::of(&recording, &server)
        .users(USERS)
        .file("config/replay.toml", CONFIG)
        .args(["--sessions", "open"])
        .run();
    let latency = &ended.summary["latency"];
    let of = |clock: &str, which: &str| latency[clock][which].as_u64().unwrap();
    assert!(of("link_wait", "p50") >= 300_000, "{latency}");
    assert!(of("lateness", "max") < 300_000, "{latency}");
    assert_eq!(ended.measured().summary["statuses"], json!({"200": 20}));
}

#[test]
fn a_refresh_does_not_wait_for_itself() {
    let server = application();
    let body = r#"{"refresh_token":"{{refresh:u1}}"}"#;
    let path = "/api/v1/auth/refresh";
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(Recorded::post(1, 1, path, "application/json", body));
    let ended = Replay::of(&recording, &server)
        .users("ann,wrong,admin\n")
        .file("config/replay.toml", CONFIG)
        .run();
    assert_eq!(ended.summary["statuses"], json!({"401": 1}));
    assert_eq!(ended.summary["errors"], json!({"auth": 1}));
}

#[test]
fn nobody_waits_for_a_log_in_that_was_dropped() {
    let server = Server::start(|seen| {
        if seen.path == "/slow" {
            thread::sleep(Duration::from_millis(400));
        }
        200.into()
    });
    let recording = Recording::new()
        .with(Recorded::get(0, 2, "/slow"))
        .with(Recorded::log_in(100, 1))
        .with(Recorded::get(900, 1, "/api/v1/people").with_token(1));
    let ended = Replay::of(&recording, &server)
        .users(USERS)
        .file("config/replay.toml", CONFIG)
        .args(["--sessions", "open", "--workers", "1"])
        .args(["--max-in-flight", "1", "--on-overload", "drop"])
        .run()
        .balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": 1}));
    assert_eq!(ended.summary["errors"], json!({"auth": 1}));
    assert_eq!(ended.summary["totals"]["dropped"], 1);
}
