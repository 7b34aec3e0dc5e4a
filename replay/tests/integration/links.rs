//! Links: live values go where recorded ones went.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::{Answer, Server};

/// Makes new ids for everybody who asks, gives an e-tag and a token with them, and counts up.
fn application() -> Server {
    let last = AtomicU64::new(100);
    Server::start(move |seen| match seen.path.as_str() {
        "/api/notes" if seen.method == "POST" => {
            let id = last.fetch_add(1, Ordering::Relaxed);
            let body = json!({"id": id, "csrf": format!("t+{id}/\"")}).to_string();
            let headers = vec![
                format!("ETag: \"e{id}\""),
                format!("Location: /api/notes/{id}?v=x%20{id}"),
            ];
            Answer::With(201, headers, body.into_bytes())
        }
        "/api/notes" => {
            let items: Vec<_> = ["a", "b", "c"].map(|id| json!({"id": id})).to_vec();
            Answer::Json(200, json!({"items": items, "none": []}).to_string())
        }
        _ => 200.into(),
    })
}

fn create(at_ms: u64, who: u32) -> Recorded {
    Recorded::post(at_ms, who, "/api/notes", "application/json", "{}").answered(201)
}

/// What follows a creation: its values in every place that a request has.
fn follow(at_ms: u64, who: u32, from: u64) -> Recorded {
    let body = r#"{"id": 17, "again": "17", "token": "old"}"#;
    let mut recorded = Recorded::post(at_ms, who, "/api/notes/17/x", "application/json", body)
        .routed("POST /api/notes/{id}/x")
        .header("if-match", "\"old\"");
    for (source, into) in [
        ("body#/id", "path/2"),
        ("body#/id", "body#/id"),
        ("body#/id", "body#/again"),
        ("body#/csrf", "body#/token"),
        ("header/etag", "header/if-match"),
    ] {
        recorded = recorded.linked(from, source, into);
    }
    recorded
}

fn links(ended: &Ended) -> (u64, u64, serde_json::Value) {
    let links = &ended.summary["divergence"]["links"];
    let count = |name: &str| links[name].as_u64().unwrap();
    (
        count("places"),
        count("other_item"),
        links["unresolved"].clone(),
    )
}

#[test]
fn live_values_go_into_paths_headers_and_bodies() {
    let server = application();
    let recording = Recording::new().with(create(0, 1)).with(follow(1, 1, 1));
    let ended = Replay::of(&recording, &server).run().measured();
    let seen = server.seen();
    assert_eq!(seen[1].path, "/api/notes/100/x");
    assert_eq!(seen[1].header("if-match"), "\"e100\"");
    assert_eq!(
        seen[1].body,
        r#"{"id": 100, "again": "100", "token": "t+100/\""}"#
    );
    assert_eq!(links(&ended), (5, 0, json!([])));
    assert_eq!(ended.summary["fidelity"]["unresolved_links"], 0);
    assert_eq!(ended.summary["divergence"]["equal_statuses"], 1.0);
}

#[test]
fn queries_forms_and_parts_of_urls_are_encoded_for_their_place() {
    let server = application();
    let form = "application/x-www-form-urlencoded";
    let recording = Recording::new()
        .with(create(0, 1))
        .with(
            Recorded::post(1, 1, "/send", form, "a=1&token=old&token=z")
                .linked(1, "body#/csrf", "body/token")
                .linked(1, "header/location/query/v", "body/token/1"),
        )
        .with(Recorded::get(2, 1, "/notes/9").linked(1, "header/location/path/2", "path/1"));
    Replay::of(&recording, &server).run().measured();
    let seen = server.seen();
    assert_eq!(seen[1].body, "a=1&token=t%2B100%2F%22&token=x%20100");
    assert_eq!(seen[2].path, "/notes/100");
}

#[test]
fn clones_and_laps_follow_what_they_made_themselves() {
    let server = application();
    let recording = Recording::new()
        .with(create(0, 1))
        .with(create(1, 2))
        .with(follow(2, 1, 1))
        .with(follow(3, 2, 2));
    for sessions in ["ordered", "open", "think"] {
        let ended = Replay::of(&recording, &server)
            .args(["--users", "3x", "--loop=2", "--speed", "100x"])
            .args(["--sessions", sessions])
            .run();
        let counts = &ended.summary["statuses"];
        assert_eq!(counts, &json!({"200": 12, "201": 12}), "{sessions}");
        assert_eq!(links(&ended), (60, 0, json!([])), "{sessions}");
    }
    let seen = server.seen();
    let mut followed: Vec<_> = seen
        .iter()
        .filter(|seen| seen.path != "/api/notes")
        .collect();
    followed.sort_by_key(|seen| seen.path.clone());
    followed.dedup_by_key(|seen| seen.path.clone());
    assert_eq!(followed.len(), 36, "each made its own");
    for seen in followed {
        let id = seen.path.split('/').nth(3).unwrap();
        assert_eq!(seen.header("if-match"), format!("\"e{id}\""));
    }
}

#[test]
fn open_sessions_wait_for_values_and_it_is_no_lateness() {
    let server = Server::start(|seen| {
        if seen.path == "/api/notes" {
            thread::sleep(Duration::from_millis(300));
            return Answer::Json(201, json!({"id": 5}).to_string());
        }
        200.into()
    });
    let recording = Recording::new()
        .with(create(0, 1))
        .with(Recorded::get(1, 1, "/api/notes/17").linked(1, "body#/id", "path/2"));
    let ended = Replay::of(&recording, &server)
        .args(["--sessions", "open"])
        .run();
    let latency = &ended.summary["latency"];
    assert!(
        latency["link_wait"]["max"].as_u64() >= Some(290_000),
        "{latency}"
    );
    assert!(
        latency["lateness"]["max"].as_u64() < Some(290_000),
        "{latency}"
    );
    assert_eq!(server.seen()[1].path, "/api/notes/5");
}

#[test]
fn a_list_that_is_too_short_gives_another_item() {
    let server = application();
    let detail =
        |at_ms, source: &str| Recorded::get(at_ms, 1, "/api/notes/old").linked(1, source, "path/2");
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/api/notes"))
        .with(detail(1, "body#/items/1/id"))
        .with(detail(2, "body#/items/7/id"))
        // Of an empty one, what stood there last; where nothing did, what was recorded.
        .with(detail(3, "body#/none/0/id"))
        .with(Recorded::get(4, 1, "/other/old").linked(1, "body#/none/0/id", "path/1"));
    let ended = Replay::of(&recording, &server).run().measured();
    let seen = server.seen();
    let paths: Vec<_> = seen[1..].iter().map(|seen| seen.path.as_str()).collect();
    let b = "/api/notes/b";
    assert_eq!(paths, [b, b, b, "/other/old"]);
    let unresolved = json!([{"cause": "empty_list", "from": "GET /api/notes", "places": 1}]);
    assert_eq!(links(&ended), (4, 2, unresolved));
    assert!(
        ended
            .stdout
            .contains("a list in the answer of GET /api/notes is empty"),
        "{}",
        ended.stdout
    );
}

/// A creation that fails or is not played, and what follows it.
fn broken(on_unresolved: &str) -> (Vec<String>, Ended) {
    let server = Server::start(|seen| match seen.method.as_str() {
        "POST" => 500.into(),
        _ => Answer::Json(200, json!({"name": null}).to_string()),
    });
    let recording = Recording::new()
        .with(create(0, 1))
        .with(Recorded::get(1, 1, "/a/old").linked(1, "body#/id", "path/1"))
        .with(Recorded::get(2, 1, "/b/old").linked(2, "body#/name", "path/1"))
        .with(Recorded::get(3, 1, "/c"));
    let ended = Replay::of(&recording, &server)
        .args(["--on-unresolved", on_unresolved])
        .run();
    let seen = server.seen().iter().map(|seen| seen.path.clone()).collect();
    (seen, ended)
}

#[test]
fn what_becomes_of_a_request_without_a_value_is_an_option() {
    let (seen, ended) = broken("recorded");
    assert_eq!(seen, ["/api/notes", "/a/old", "/b/old", "/c"]);
    let unresolved = json!([
        {"cause": "no_place", "from": "GET /a/old", "places": 1},
        {"cause": "source_failed", "from": "POST /api/notes", "places": 1},
    ]);
    assert_eq!(links(&ended).2, unresolved);

    let (seen, ended) = broken("skip");
    assert_eq!(seen, ["/api/notes", "/c"]);
    let (totals, fidelity) = (&ended.summary["totals"], &ended.summary["fidelity"]);
    assert_eq!(
        (&totals["sent"], &totals["dropped"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(fidelity["skipped_as_asked"], 2);
    assert_eq!((&fidelity["achieved_ratio"], ended.code), (&json!(1.0), 0));

    let (seen, ended) = broken("fail");
    assert_eq!(seen, ["/api/notes", "/c"]);
    assert_eq!(ended.summary["errors"], json!({"link": 2}));
    assert_eq!(ended.summary["totals"]["failed"], 3);
}

#[test]
fn a_source_that_was_left_out_is_told() {
    let server = application();
    let recording = Recording::new().with(create(0, 1)).with(follow(1, 1, 1));
    let ended = Replay::of(&recording, &server)
        .args(["--filter", "path!=/api/notes"])
        .run()
        .measured();
    assert_eq!(server.seen()[0].path, "/api/notes/17/x");
    assert_eq!(
        server.seen()[0].body,
        r#"{"id": 17, "again": "17", "token": "old"}"#
    );
    let unresolved = json!([{"cause": "not_played", "from": null, "places": 5}]);
    assert_eq!(links(&ended), (5, 0, unresolved));
}

#[test]
fn a_capture_cannot_take_the_values_of_others_by_a_slot_of_its_own() {
    let server = application();
    let recording = Recording::new()
        .with(create(0, 1))
        .with(follow(1, 1, 1))
        .with(Recorded::get(2, 2, "/x/{{link:0}}"));
    let ended = Replay::of(&recording, &server).run();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ended.summary["errors"], json!({"link": 1}));
}

#[test]
fn verbatim_sends_what_was_recorded() {
    let server = application();
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(create(1, 1))
        .with(
            follow(2, 1, 2)
                .with_token(1)
                .header("cookie", "a={{auth:u1}}"),
        );
    let ended = Replay::of(&recording, &server).args(["--verbatim"]).run();
    let seen = server.seen();
    assert_eq!(
        seen[0].body,
        r#"{"username":"{{username:u1}}","password":"{{password:u1}}"}"#
    );
    assert_eq!(seen[2].path, "/api/notes/17/x");
    assert_eq!(seen[2].header("authorization"), "Bearer {{auth:u1}}");
    assert_eq!(seen[2].header("cookie"), "a={{auth:u1}}");
    assert_eq!(ended.summary["settings"]["verbatim"], true);
    assert_eq!(links(&ended), (0, 0, json!([])));
}

#[test]
fn an_error_gives_no_values_unless_it_was_recorded() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/a" | "/b" => Answer::Json(409, json!({"id": "of-an-error"}).to_string()),
        "/c" => Answer::Json(200, json!({"id": ""}).to_string()),
        _ => 200.into(),
    });
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/a"))
        .with(Recorded::get(1, 1, "/b").answered(409))
        .with(Recorded::get(2, 1, "/c"))
        .with(Recorded::get(3, 1, "/x/old").linked(1, "body#/id", "path/1"))
        .with(Recorded::get(4, 1, "/y/old").linked(2, "body#/id", "path/1"))
        .with(Recorded::get(5, 1, "/z/old").linked(3, "body#/id", "path/1"));
    Replay::of(&recording, &server).run();
    let paths: Vec<_> = server.seen().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(paths[3..], ["/x/old", "/y/of-an-error", "/z/old"]);
}

/// Nobody is left waiting, and what waited is not sent.
#[test]
fn a_run_that_is_stopped_ends_though_requests_wait_for_values() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |seen| {
        if seen.path == "/api/notes" {
            tell.send(()).unwrap();
            thread::sleep(Duration::from_secs(600));
        }
        200.into()
    });
    let recording = Recording::new().with(create(0, 1)).with_all(
        (1..4).map(|at| Recorded::get(at, 1, "/api/notes/17").linked(1, "body#/id", "path/2")),
    );
    let replay = Replay::of(&recording, &server).args(["--sessions", "open", "--timeout", "3s"]);
    let child = replay.start();
    told.recv().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = replay.wait(child).balanced();
    assert_eq!(ended.code, 130, "{ended:?}");
    let totals = &ended.summary["totals"];
    assert_eq!(
        (&totals["sent"], &totals["dropped"]),
        (&json!(1), &json!(3)),
        "{totals}"
    );
    assert_eq!(server.seen().len(), 1);
}
