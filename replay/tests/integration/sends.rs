//! What is sent, and how it is accounted for.

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::{Answer, Server};

#[test]
fn every_request_is_accounted_for() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/api/v1/people/7" => 404.into(),
        "/broken" => Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
        "/garbage" => Answer::Raw("this is not HTTP\r\n\r\n"),
        "/silent" => Answer::Raw(""),
        _ => 200.into(),
    });
    let recording = Recording::new()
        .with_all((0..6).map(|number| Recorded::get(number, 1, "/api/v1/people")))
        .with(Recorded::get(10, 1, "/api/v1/people/7").flagged())
        .with(Recorded::get(11, 2, "/broken"))
        .with(Recorded::get(12, 3, "/garbage"))
        .with(Recorded::get(13, 4, "/silent"))
        .with(Recorded::get(14, 1, "/missing").answered(404));
    let ended = Replay::of(&recording, &server).run().measured();
    let summary = &ended.summary;
    assert_eq!(summary["totals"]["planned"], 11);
    assert_eq!(summary["totals"]["sent"], 11);
    assert_eq!(summary["totals"]["completed"], 7);
    assert_eq!(summary["totals"]["failed"], 4);
    assert_eq!(summary["statuses"], json!({"200": 7, "404": 1}));
    assert_eq!(summary["errors"], json!({"protocol": 1, "read": 2}));
    assert_eq!(summary["fidelity"]["identifier_requests"], 1);
    let divergence = &summary["divergence"];
    assert_eq!(divergence["equal_statuses"], 6.0 / 11.0);
    let route = |name: &str| {
        let routes = divergence["routes"].as_array().unwrap();
        routes
            .iter()
            .find(|route| route["route"] == name)
            .unwrap()
            .clone()
    };
    let missing = route("GET /missing");
    assert_eq!(
        (&missing["requests"], &missing["equal"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        missing["changes"],
        json!([{"recorded": "404", "replayed": "200", "requests": 1, "noise": false}])
    );
    assert_eq!(route("GET /broken")["replayed"], json!({"error": 1}));
    assert_eq!(route("GET /api/v1/people/7")["identifiers"], 1);
}

#[test]
fn the_load_test_path_gets_the_key_and_nothing_else_does() {
    let server = Server::start(|_| 200.into());
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/api/v1/people"))
        .with(Recorded::get(1, 2, "/health"));
    let replay = Replay::of(&recording, &server)
        .args(["--via-loadtest", "--client-addresses", "198.18.0.0/15"])
        .args(["--header", "X-Team: red", "--sessions", "open"])
        .key("the-key-0123456789");
    let ended = replay.run().measured();
    let mut seen = server.seen();
    seen.sort_by_key(|seen| seen.path.clone());
    let paths: Vec<_> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/api/loadtest/people", "/health"]);
    assert_eq!(seen[0].header("x-load-test-key"), "the-key-0123456789");
    assert_eq!(seen[0].header("x-load-test-run"), ended.summary["run"]);
    assert_eq!(seen[1].header("x-load-test-key"), "");
    assert_eq!(seen[0].header("x-forwarded-for"), "198.18.0.1");
    assert_eq!(seen[1].header("x-forwarded-for"), "198.18.0.2");
    assert!(seen.iter().all(|seen| seen.header("x-team") == "red"));
    assert!(
        seen.iter()
            .all(|seen| seen.header("host") == &server.url()[7..])
    );
    let written = [
        std::fs::read_to_string(replay.path("out/summary.json")).unwrap(),
        std::fs::read_to_string(replay.path("out/report.html")).unwrap(),
        ended.stdout,
        ended.stderr,
    ];
    assert!(
        written
            .iter()
            .all(|text| !text.contains("the-key-0123456789"))
    );
}

#[test]
fn bodies_and_fresh_values_arrive() {
    let server = Server::start(|_| 200.into());
    let keyed = |at_ms, key: &str| {
        Recorded::post(
            at_ms,
            1,
            "/api/v1/notes",
            "application/json",
            r#"{"text":"some words"}"#,
        )
        .header("idempotency-key", &format!("{{{{fresh:{key}}}}}"))
    };
    let recording = Recording::new()
        .with(keyed(0, "k1"))
        .with(keyed(1, "k2"))
        .with(keyed(2, "k1"));
    Replay::of(&recording, &server).run().measured();
    let seen = server.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.method == "POST" && seen.body == r#"{"text":"some words"}"#)
    );
    let keys: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("idempotency-key"))
        .collect();
    assert_eq!(keys[0].len(), 36);
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_torn_capture_is_played_as_far_as_it_goes() {
    let server = Server::start(|_| 200.into());
    let recording =
        Recording::new().with_all((0..5).map(|number| Recorded::get(number, 1, "/api/v1/people")));
    let whole = recording.unfinished();
    let replay = Replay::of(&recording, &server).file("capture.jsonl", &whole[..whole.len() - 30]);
    let ended = replay.run().measured();
    assert_eq!(ended.summary["totals"]["planned"], 4);
    assert_eq!(ended.summary["capture"]["complete"], false);
    let warnings = ended.summary["warnings"].as_array().unwrap();
    assert!(
        ended
            .stderr
            .starts_with("warning: capture `capture.jsonl`: line 6, "),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), warnings.len());
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() {
    let server = Server::start(|_| Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    let recording = Recording::new()
        .with_all((0..5).map(|number| Recorded::get(number * 50, 1, "/api/v1/people")));
    let ended = Replay::of(&recording, &server).run().measured();
    assert_eq!(ended.summary["statuses"], json!({"200": 5}));
    assert_eq!(ended.summary["totals"]["failed"], 0);
}

#[test]
fn a_run_in_which_nothing_worked_fails_and_still_reports() {
    let server = Server::start(|_| 403.into());
    let recording =
        Recording::new().with_all((0..5).map(|number| Recorded::get(number, 1, "/api/v1/people")));
    let replay = Replay::of(&recording, &server)
        .args(["--via-loadtest"])
        .key("the-key-0123456789");
    let ended = replay.run();
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert_eq!(ended.summary["verdict"]["status"], "fail");
    assert_eq!(
        ended.summary["verdict"]["reasons"][0],
        "not one of 5 requests succeeded: 5 × 403; is LOAD_TEST_KEY the proxy's key?"
    );
    assert!(
        ended
            .stdout
            .starts_with("FAIL  nothing worked: not one of 5 requests succeeded")
    );
    assert!(replay.path("out/report.html").exists());
}

#[test]
fn a_capture_that_failed_its_audit_is_played_with_a_warning() {
    let server = Server::start(|_| 200.into());
    let recording = || Recording::new().with(Recorded::get(0, 1, "/api/v1/people"));
    let found = Replay::of(&recording().found(3), &server);
    let quarantined = Replay::of(&recording(), &server)
        .file("a.jsonl.quarantine", &recording().text())
        .without_capture()
        .args(["a.jsonl.quarantine"]);
    for (replay, said) in [
        (found, "capture `capture.jsonl`: its audit found 3 places"),
        (
            quarantined,
            "capture `a.jsonl.quarantine`: it is in quarantine",
        ),
    ] {
        let ended = replay.run().measured();
        let warning = ended.summary["warnings"][0].as_str().unwrap();
        assert!(warning.starts_with(said), "{warning}");
        assert_eq!(ended.stderr, format!("warning: {warning}\n"));
        assert!(ended.stdout.contains(warning));
    }
}
