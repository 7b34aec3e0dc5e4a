//! Upkeep: sessions stay logged in, outside the plan.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::{Answer, Seen, Server};

const CONFIG: &str = r#"
[users]
file = "users.csv"
[auth]
login = { path = "/login", body = '{"username":"{{username}}","password":"{{password}}"}' }
refresh = { path = "/refresh", body = '{"refresh_token":"{{refresh}}"}' }
life = "1s"
"#;

/// Tokens of almost two seconds, each with a refresh token for one use.
#[derive(Default)]
struct Tokens {
    made: u32,
    good: Vec<(String, Duration)>,
    refresh: HashSet<String>,
}

impl Tokens {
    fn issue(&mut self, seen: &Seen) -> Answer {
        self.made += 1;
        let (access, refresh) = (format!("a{}", self.made), format!("r{}", self.made));
        let until = seen.at + Duration::from_millis(1_800);
        self.good.push((access.clone(), until));
        self.refresh.insert(refresh.clone());
        let body = json!({"access_token": access, "refresh_token": refresh});
        Answer::Json(200, body.to_string())
    }

    fn answer(&mut self, seen: &Seen) -> Answer {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap_or_default();
        match seen.path.as_str() {
            "/login" => self.issue(seen),
            "/refresh" => {
                let token = body["refresh_token"].as_str().unwrap_or_default();
                match self.refresh.remove(token) {
                    true => self.issue(seen),
                    false => 401.into(),
                }
            }
            _ => {
                let token = seen.header("authorization").trim_start_matches("Bearer ");
                let is_good = self
                    .good
                    .iter()
                    .any(|(good, until)| good == token && *until > seen.at);
                if is_good { 200.into() } else { 401.into() }
            }
        }
    }
}

fn application() -> Server {
    let tokens = Mutex::new(Tokens::default());
    Server::start(move |seen| tokens.lock().unwrap().answer(seen))
}

/// Twelve requests, with a break in between that is longer than a token lives.
fn recording() -> Recording {
    let at = (0..6)
        .map(|number| number * 100)
        .chain((0..6).map(|number| 3_000 + number * 100));
    Recording::new().with_all(at.map(|at| Recorded::get(at, 1, "/api/people").with_token(1)))
}

#[test]
fn tokens_are_refreshed_ahead_of_their_end() {
    let server = application();
    let ended = Replay::of(&recording(), &server)
        .users("ann,pa,admin\n")
        .file("config/replay.toml", CONFIG)
        .run()
        .measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 12}));
    let upkeep = &ended.summary["upkeep"];
    assert_eq!(
        (&upkeep["log_ins"], &upkeep["retries"]),
        (&json!(1), &json!(0)),
        "{upkeep}"
    );
    assert!(upkeep["refreshes"].as_u64() >= Some(2), "{upkeep}");
    assert_eq!(upkeep["failed"], 0);
}

#[test]
fn a_401_brings_one_log_in_and_one_retry() {
    let server = application();
    // Nobody said how long a token lives.
    let config = CONFIG.replace("life = \"1s\"", "");
    let ended = Replay::of(&recording(), &server)
        .users("ann,pa,admin\n")
        .file("config/replay.toml", &config)
        .run()
        .measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 12}));
    let upkeep = &ended.summary["upkeep"];
    assert_eq!(
        upkeep["retries"].as_u64().map(|it| it + 1),
        upkeep["log_ins"].as_u64(),
        "{upkeep}"
    );
    assert_eq!(ended.summary["totals"]["sent"], 12);
    let paths = server.seen();
    let asked = paths
        .iter()
        .filter(|seen| seen.path == "/api/people")
        .count() as u64;
    assert_eq!(Some(asked), upkeep["retries"].as_u64().map(|it| it + 12));
}

#[test]
fn a_401_that_was_recorded_is_left_alone() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/login" => Answer::Json(200, json!({"access_token": "a"}).to_string()),
        _ => 401.into(),
    });
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/secret").with_token(1).answered(401))
        .with(Recorded::get(1, 1, "/people").with_token(1));
    let ended = Replay::of(&recording, &server)
        .users("ann,pa,admin\n")
        .file("config/replay.toml", CONFIG)
        .run();
    assert_eq!(ended.summary["statuses"], json!({"401": 2}));
    assert_eq!(ended.summary["upkeep"]["retries"], 1);
    let asked = server
        .seen()
        .iter()
        .filter(|seen| seen.path == "/people")
        .count();
    assert_eq!(asked, 2);
}

#[test]
fn recorded_refreshes_and_those_of_replay_do_not_take_each_others_tokens() {
    let server = application();
    let refresh = |at_ms| {
        let body = r#"{"refresh_token":"{{refresh:u1}}"}"#;
        Recorded::post(at_ms, 1, "/refresh", "application/json", body).routed("POST /refresh")
    };
    let mut recording = Recording::new().with(Recorded::log_in(0, 1).routed("POST /login"));
    for at in 0..30 {
        recording = recording
            .with(Recorded::get(10 + at * 50, 1, "/api/people").with_token(1))
            .with(refresh(20 + at * 50));
    }
    for sessions in ["ordered", "open"] {
        let ended = Replay::of(&recording, &server)
            .users("ann,pa,admin\n")
            .file("config/replay.toml", &CONFIG.replace("1s", "60ms"))
            .args([
                "--rewrite",
                "/api/v1/auth/login/json=/login",
                "--sessions",
                sessions,
            ])
            .run()
            .measured();
        assert_eq!(ended.summary["statuses"], json!({"200": 61}), "{sessions}");
        assert_eq!(ended.summary["upkeep"]["failed"], 0, "{sessions}");
    }
}

#[test]
fn the_token_is_sent_as_the_settings_say() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/login" => Answer::With(200, vec!["x-token: abc".to_owned()], Vec::new()),
        _ => 200.into(),
    });
    let recording = Recording::new().with(Recorded::get(0, 1, "/a").with_token(1));
    let config = r#"
[users]
file = "users.csv"
[auth]
login = { path = "/login", body = "u={{username}}" }
token = "header/x-token"
send = "x-auth: Token {{token}}"
"#;
    Replay::of(&recording, &server)
        .users("ann,pa,admin\n")
        .file("config/replay.toml", config)
        .run()
        .measured();
    let seen = server.seen();
    assert_eq!(seen[1].header("x-auth"), "Token abc");
    assert_eq!(seen[1].header("authorization"), "");
}

/// A request whose token is over waits for no log-in that is released behind it, which may itself
/// wait for the request: for its place, or for a value that it brings.
#[test]
fn open_sessions_do_not_wait_for_log_ins_behind_them() {
    let server = application();
    let log_in = |at_ms| {
        Recorded::log_in(at_ms, 1)
            .routed("POST /login")
            .header("x-csrf", "old")
            .linked(1, "body#/csrf", "header/x-csrf")
    };
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/api/people").with_token(1))
        .with(log_in(0))
        .with(Recorded::get(1, 1, "/api/people").with_token(1));
    for most in ["1", "100"] {
        let ended = Replay::of(&recording, &server)
            .users("ann,pa,admin\n")
            .file("config/replay.toml", CONFIG)
            .args(["--rewrite", "/api/v1/auth/login/json=/login"])
            .args(["--sessions", "open", "--max-in-flight", most])
            .run();
        assert_eq!(
            ended.summary["statuses"],
            json!({"200": 3}),
            "{most}: {ended:?}"
        );
    }
}

#[test]
fn a_run_in_which_very_many_cannot_log_in_is_not_started() {
    let server = Server::start(|_| 401.into());
    let recording = Recording::new()
        .with_all((0..20).map(|who| Recorded::get(0, who, "/api/people").with_token(who)));
    let users: String = (0..20).map(|who| format!("user{who},wrong,a\n")).collect();
    let ended = Replay::of(&recording, &server)
        .users(&users)
        .file("config/replay.toml", CONFIG)
        .args(["--workers", "1"])
        .run();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.stderr.contains("no session could log in"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_token_that_would_end_a_header_is_not_sent() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/login" => Answer::Json(200, json!({"access_token": "a\r\nx-evil: 1"}).to_string()),
        _ => 200.into(),
    });
    let config = CONFIG.to_owned() + "send = \"x-auth: {{token}}\"\n";
    let ended = Replay::of(&recording(), &server)
        .users("ann,pa,admin\n")
        .file("config/replay.toml", &config)
        .run();
    assert_eq!(ended.summary["errors"], json!({"protocol": 12}));
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("x-evil").is_empty())
    );
}
