//! Log-in: who logs in, and where the token goes.

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::{Answer, Seen, Server};

pub(crate) const CONFIG: &str = r#"
[users]
file = "users.csv"
role = { route = "GET /api/v1/auth/me", at = "body#/role" }
[auth]
login = { path = "/api/v1/auth/login/json", body = '{"username":"{{username}}","password":"{{password}}"}' }
"#;

/// Gives `token-of-NAME` to who knows the password, and lets only tokens in.
pub(crate) fn application() -> Server {
    Server::start(|seen| {
        if seen.path.ends_with("/auth/login/json") {
            return token(seen, &|field| {
                let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
                body[field].as_str().unwrap_or_default().to_owned()
            });
        }
        if seen.path.ends_with("/auth/login") {
            return token(seen, &|field| {
                let mut pairs = url::form_urlencoded::parse(seen.body.as_bytes());
                let found = pairs.find(|(name, _)| name == field);
                found
                    .map(|(_, value)| value.into_owned())
                    .unwrap_or_default()
            });
        }
        match seen.header("authorization").starts_with("Bearer token-of-") {
            true => 200.into(),
            false => 401.into(),
        }
    })
}

fn token(_seen: &Seen, field: &dyn Fn(&str) -> String) -> Answer {
    match field("password").as_str() {
        "pa\"ss&wörd" => {
            let token = format!("token-of-{}", field("username"));
            Answer::Json(200, json!({"access_token": token}).to_string())
        }
        _ => 401.into(),
    }
}

fn bearers(server: &Server) -> Vec<String> {
    let seen = server.seen();
    let tokens = seen
        .iter()
        .map(|seen| seen.header("authorization").to_owned());
    tokens.filter(|token| !token.is_empty()).collect()
}

#[test]
fn the_token_of_a_replayed_log_in_flows_into_the_session() {
    let server = application();
    let form = "username={{username:u2}}&password={{password:u2}}";
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(Recorded::post(
            1,
            2,
            "/api/v1/auth/login",
            "application/x-www-form-urlencoded",
            form,
        ))
        .with(
            Recorded::get(2, 1, "/api/v1/auth/me")
                .with_token(1)
                .shaped(&json!({"role": "keep:admin"})),
        )
        .with(Recorded::get(3, 2, "/api/v1/people").with_token(2))
        .with(
            Recorded::get(4, 1, "/api/v1/people").header("cookie", "access_token={{auth:u1}}; a=b"),
        );
    let ended = Replay::of(&recording, &server)
        .users("fay,\"pa\"\"ss&wörd\",faculty\nann,\"pa\"\"ss&wörd\",admin\n")
        .file("config/replay.toml", CONFIG)
        .run()
        .measured();
    let mut bearers = bearers(&server);
    bearers.sort();
    assert_eq!(bearers, ["Bearer token-of-ann", "Bearer token-of-fay"]);
    let seen = server.seen();
    let cookies: Vec<_> = seen.iter().map(|seen| seen.header("cookie")).collect();
    assert!(cookies.contains(&"access_token=token-of-ann; a=b"));
    // The last one has its token in a cookie, which this server does not look at.
    assert_eq!(ended.summary["statuses"], json!({"200": 4, "401": 1}));
    assert_eq!(ended.summary["totals"]["planned"], 5);
}

#[test]
fn a_session_without_its_log_in_logs_in_before_the_run() {
    let server = application();
    let recording = Recording::new()
        .with_all((0..3).map(|number| Recorded::get(number, 1, "/api/v1/people").with_token(1)));
    let ended = Replay::of(&recording, &server)
        .users("ann,\"pa\"\"ss&wörd\",admin\n")
        .file("config/replay.toml", CONFIG)
        .args(["--via-loadtest", "--client-addresses", "10.0.0.0/8"])
        .key("key")
        .run()
        .measured();
    let first = &server.seen()[0];
    assert_eq!(first.path, "/api/loadtest/auth/login/json");
    assert_eq!(first.header("x-load-test-key"), "key");
    assert_eq!(first.header("x-forwarded-for"), "10.0.0.1");
    assert_eq!(ended.summary["statuses"], json!({"200": 3}));
    assert_eq!(ended.summary["totals"]["planned"], 3);
    assert_eq!(ended.summary["settings"]["log_in_first"], 1);
}

#[test]
fn open_sessions_wait_for_a_token_that_is_on_its_way() {
    let server = application();
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with_all((0..3).map(|_| Recorded::get(0, 1, "/api/v1/people").with_token(1)));
    let ended = Replay::of(&recording, &server)
        .users("ann,\"pa\"\"ss&wörd\",admin\n")
        .file("config/replay.toml", CONFIG)
        .args(["--sessions", "open"])
        .run()
        .measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 4}));
}

#[test]
fn requests_without_a_token_fail_as_auth() {
    let server = application();
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(Recorded::get(1, 1, "/api/v1/people").with_token(1));
    let ended = Replay::of(&recording, &server)
        .users("ann,wrong,admin\n")
        .file("config/replay.toml", CONFIG)
        .run();
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert_eq!(ended.summary["statuses"], json!({"401": 1}));
    assert_eq!(ended.summary["errors"], json!({"auth": 1}));
    assert_eq!(ended.summary["totals"]["sent"], 2);
    assert_eq!(ended.summary["totals"]["failed"], 2);
}

#[test]
fn a_run_in_which_nobody_can_log_in_is_not_started() {
    let server = application();
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/api/v1/people").with_token(1))
        .with(Recorded::get(0, 2, "/api/v1/people").with_token(2));
    let replay = Replay::of(&recording, &server)
        .users("ann,wrong,admin\nfay,wrong,faculty\n")
        .file("config/replay.toml", CONFIG)
        .args(["--workers", "2"]);
    let ended = replay.run();
    assert_eq!(ended.code, 1);
    assert!(
        ended
            .stderr
            .starts_with("error: no session could log in, `POST /api/v1/auth/login/json` as `")
    );
    assert!(
        ended
            .stderr
            .contains(": answered 401; check the users file"),
        "{}",
        ended.stderr
    );
    assert!(!replay.path("out").exists());
    assert_eq!(bearers(&server), [""; 0]);
}

#[test]
fn a_run_in_which_some_can_log_in_is_started() {
    let server = application();
    let recording = Recording::new().with_all(
        (0..4).map(|who| Recorded::get(u64::from(who), who, "/api/v1/people").with_token(who)),
    );
    // Only one of two workers has a session that gets in.
    let ended = Replay::of(&recording, &server)
        .users("ann,wrong,a\nbob,wrong,a\ncat,wrong,a\nfay,\"pa\"\"ss&wörd\",a\n")
        .file("config/replay.toml", CONFIG)
        .args(["--workers", "2"])
        .run()
        .measured();
    assert!(
        ended.stderr.starts_with(
            "warning: 3 of 4 log-ins and refreshes outside the plan failed, such as `POST "
        ),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.summary["statuses"], json!({"200": 1}));
    assert_eq!(ended.summary["errors"], json!({"auth": 3}));
}

#[test]
fn log_ins_that_the_gate_refuses_point_at_the_key() {
    let server = Server::start(|_| 403.into());
    let recording = Recording::new().with(Recorded::get(0, 1, "/api/v1/people").with_token(1));
    let ended = Replay::of(&recording, &server)
        .users("ann,secret,admin\n")
        .file("config/replay.toml", CONFIG)
        .args(["--via-loadtest"])
        .key("not-the-proxy's")
        .run();
    assert_eq!(ended.code, 1);
    insta::assert_snapshot!(ended.stderr, @"error: no session could log in, `POST /api/v1/auth/login/json` as `ann`: answered 403, as it is when LOAD_TEST_KEY is wrong; check the users file and `[auth]` in config/replay.toml");
}
