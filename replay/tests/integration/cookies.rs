//! Cookies: as a browser keeps them, by the names that were recorded.

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::{Answer, Server};

/// Sets cookies of several scopes at `/login`, and takes one back at `/logout`.
fn application() -> Server {
    Server::start(|seen| {
        let set = |lines: &[&str]| {
            let lines = lines.iter().map(|line| format!("Set-Cookie: {line}"));
            Answer::With(200, lines.collect(), b"{}".to_vec())
        };
        match seen.path.as_str() {
            "/login" => set(&["sid=live; HttpOnly; Path=/", "view=grid; Path=/lists"]),
            "/lists/1" => set(&["sid=newer; Path=/"]),
            "/logout" => set(&["sid=; Path=/; Max-Age=0"]),
            _ => 200.into(),
        }
    })
}

#[test]
fn cookies_have_their_live_values_where_they_are_in_scope() {
    let server = application();
    let recorded = "theme=x; sid={{auth:u1}}; view=old";
    let get = |at_ms, path| Recorded::get(at_ms, 1, path).header("cookie", recorded);
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1).answer_header("set-cookie", "sid={{auth:u1}}; Path=/"))
        .with(
            Recorded::post(1, 1, "/login", "text/plain", "")
                .answer_header("set-cookie", "sid={{auth:u1}}"),
        )
        .with(get(2, "/"))
        .with(get(3, "/lists/1"))
        .with(get(4, "/lists/2"))
        // Nobody sends cookies who did not.
        .with(Recorded::get(5, 1, "/plain"))
        .with(get(6, "/logout"))
        .with(get(7, "/after"))
        .with(get(8, "/other").header("cookie", "b=2"));
    let ended = Replay::of(&recording, &server)
        .users("ann,pa,admin\n")
        .file(
            "config/replay.toml",
            "[users]\nfile = \"users.csv\"\n[auth]\ntoken = \"cookie/sid\"\n",
        )
        .run()
        .measured();
    let seen = server.seen();
    let cookies: Vec<_> = seen[2..].iter().map(|seen| seen.header("cookie")).collect();
    assert_eq!(
        cookies,
        [
            "theme=x; sid=live; view=old",
            "theme=x; sid=live; view=grid",
            "theme=x; sid=newer; view=grid",
            "",
            "theme=x; sid=newer; view=old",
            "theme=x; view=old",
            "theme=x; view=old; b=2",
        ]
    );
    assert_eq!(ended.summary["totals"]["failed"], 0);
}

#[test]
fn a_session_has_cookies_of_its_own() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/login" => {
            let line = format!("set-cookie: sid=of-{}", seen.header("x-who"));
            Answer::With(200, vec![line], Vec::new())
        }
        _ => 200.into(),
    });
    let mut recording = Recording::new();
    for who in [1, 2] {
        let login = Recorded::get(who.into(), who, "/login")
            .header("x-who", &who.to_string())
            .answer_header("set-cookie", "sid=x");
        recording = recording.with(login);
    }
    for who in [1, 2] {
        let get = Recorded::get(10 + u64::from(who), who, "/a").header("x-who", &who.to_string());
        recording = recording.with(get.header("cookie", "sid=x"));
    }
    Replay::of(&recording, &server)
        .args(["--workers", "1"])
        .run()
        .measured();
    let seen = server.seen();
    for seen in seen.iter().filter(|seen| seen.path == "/a") {
        assert_eq!(
            seen.header("cookie"),
            format!("sid=of-{}", seen.header("x-who"))
        );
    }
}

#[test]
fn a_session_that_logs_in_by_itself_has_the_cookies_of_that() {
    let server = Server::start(|seen| match (seen.path.as_str(), seen.header("cookie")) {
        ("/login", _) => {
            let set = "set-cookie: sid=fresh; Path=/; HttpOnly".to_owned();
            Answer::With(303, vec![set, "location: /".to_owned()], Vec::new())
        }
        (_, "sid=fresh") => 200.into(),
        _ => 401.into(),
    });
    let recording = Recording::new()
        .with_all((0..3).map(|at| Recorded::get(at, 1, "/a").header("cookie", "sid={{auth:u1}}")));
    let config = r#"
[users]
file = "users.csv"
[auth]
login = { path = "/login", body = "username={{username}}&password={{password}}" }
token = "cookie/sid"
"#;
    let ended = Replay::of(&recording, &server)
        .users("ann,p a,admin\n")
        .file("config/replay.toml", config)
        .run()
        .measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 3}));
    assert_eq!(server.seen()[0].body, "username=ann&password=p%20a");
    assert_eq!(ended.summary["upkeep"]["log_ins"], 1);
}

#[test]
fn a_header_that_is_asked_for_takes_the_place_of_cookies() {
    let server = application();
    let recording = Recording::new().with(Recorded::get(0, 1, "/").header("cookie", "a=b"));
    Replay::of(&recording, &server)
        .args(["--header", "Cookie: mine=1"])
        .run()
        .measured();
    let headers = &server.seen()[0].headers;
    let cookies: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name == "cookie")
        .collect();
    assert_eq!(cookies, [&("cookie".to_owned(), "mine=1".to_owned())]);
}

#[test]
fn a_lap_begins_without_the_log_out_of_the_one_before() {
    let server = application();
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/").header("cookie", "sid=x"))
        .with(Recorded::get(1, 1, "/logout").header("cookie", "sid=x"))
        .with(Recorded::get(2, 1, "/after").header("cookie", "sid=x"));
    Replay::of(&recording, &server)
        .args(["--loop=2"])
        .run()
        .measured();
    let seen = server.seen();
    let cookies: Vec<_> = seen.iter().map(|seen| seen.header("cookie")).collect();
    assert_eq!(cookies, ["sid=x", "sid=x", "", "sid=x", "sid=x", ""]);
}
