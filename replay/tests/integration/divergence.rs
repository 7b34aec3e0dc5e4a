//! Divergence: what is different from the recording, and what of that is noise.

use serde_json::{Value, json};

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::{Answer, Server};

/// Answers lists that are one shorter than recorded, and lacks a field; one route fails.
fn application() -> Server {
    Server::start(|seen| match seen.path.as_str() {
        "/list" => Answer::Json(
            200,
            json!({"items": [{"id": "x"}], "total": "1"}).to_string(),
        ),
        "/gone" => 404.into(),
        _ => 200.into(),
    })
}

fn recording() -> Recording {
    let shape = json!({
        "items": ["array(2)", {"id": "id:a", "name": "string(4)"}], "total": "number",
    });
    Recording::new()
        .with(Recorded::get(0, 1, "/list").shaped(&shape))
        .with(Recorded::get(1, 1, "/gone"))
        .with(Recorded::get(2, 1, "/fine").took(1))
}

fn route<'a>(ended: &'a Ended, name: &str) -> &'a Value {
    let routes = ended.summary["divergence"]["routes"].as_array().unwrap();
    routes.iter().find(|route| route["route"] == name).unwrap()
}

#[test]
fn shapes_statuses_and_latencies_are_compared_by_route() {
    let server = application();
    let ended = Replay::of(&recording(), &server).run().measured();
    let shapes = &route(&ended, "GET /list")["shapes"];
    assert_eq!(shapes["compared"], 1);
    let difference =
        |at: &str, what: &str| json!({"at": at, "what": what, "answers": 1, "noise": false});
    assert_eq!(
        shapes["differences"],
        json!([
            difference("/items", "length"),
            difference("/items/*/name", "gone"),
            difference("/total", "type"),
        ])
    );
    let change = json!([{"recorded": "200", "replayed": "404", "requests": 1, "noise": false}]);
    assert_eq!(route(&ended, "GET /gone")["changes"], change);
    let latency = &route(&ended, "GET /fine")["latency"];
    let recorded = latency["recorded_p50"].as_u64().unwrap();
    assert!((990..1_010).contains(&recorded), "{latency}");
    assert!(latency["ratio_p50"].as_f64() > Some(0.0), "{latency}");
    for told in ["field gone", "/items/*/name", "another type"] {
        assert!(ended.stdout.contains(told), "{}", ended.stdout);
    }
}

#[test]
fn what_an_earlier_replay_had_too_is_noise() {
    let server = application();
    let replay = Replay::of(&recording(), &server);
    let first = replay.run().measured();
    let replay = replay.file("first.json", &first.summary.to_string());
    let again = replay.args(["--noise-from", "first.json"]).run().measured();
    assert_eq!(again.summary["divergence"]["noise_from"], "first.json");
    assert_eq!(route(&again, "GET /gone")["changes"][0]["noise"], true);
    let differences = route(&again, "GET /list")["shapes"]["differences"]
        .as_array()
        .unwrap();
    assert!(
        differences.iter().all(|it| it["noise"] == true),
        "{differences:?}"
    );
    let known = &route(&first, "GET /fine")["latency"]["ratio_p50"];
    assert_eq!(
        &route(&again, "GET /fine")["latency"]["noise_ratio_p50"],
        known
    );
    assert!(!again.stdout.contains("another type"), "{}", again.stdout);
}

#[test]
fn noise_that_is_no_summary_is_refused() {
    let server = application();
    let replay = Replay::of(&recording(), &server).file("first.json", "{}");
    let ended = replay.args(["--noise-from", "first.json"]).run();
    assert_eq!(ended.code, 2);
    let expected = "error: cannot read the summary `first.json`: missing field `format`";
    assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
}
