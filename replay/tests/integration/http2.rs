//! HTTP/2: many requests on one connection, and what becomes of them when it ends.

use std::collections::BTreeSet;
use std::net::TcpListener;

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::streams::{Manner, Streams};

fn play(recording: &Recording, server: &Streams) -> Replay {
    let replay = Replay::at(recording, &format!("http://{}", server.address));
    replay.args(["--http2", "--workers", "1"])
}

/// Requests of ten users, every two milliseconds.
fn crowd(count: u64, path: &str) -> Recording {
    Recording::new().with_all((0..count).map(|number| {
        let who = u32::try_from(number % 10).unwrap();
        Recorded::get(number * 2, who, path)
    }))
}

#[track_caller]
fn check(ended: Ended, statuses: &serde_json::Value, errors: &serde_json::Value) -> Ended {
    let ended = ended.measured().balanced();
    assert_eq!(&ended.summary["errors"], errors, "{ended:#?}");
    assert_eq!(&ended.summary["statuses"], statuses, "{ended:#?}");
    ended
}

#[test]
fn many_requests_share_one_connection() {
    let server = Streams::start(Manner::default(), None);
    let recording = crowd(100, "/slow").with(Recorded::get(50, 1, "/missing"));
    let ended = play(&recording, &server).args(["--sessions", "open"]).run();
    let ended = check(ended, &json!({"200": 100, "404": 1}), &json!({}));
    assert_eq!(ended.summary["settings"]["connections"], 1);
    let service = ended.summary["latency"]["service"]["p50"].as_u64().unwrap();
    assert!(service >= 150_000, "{service}");
}

#[test]
fn bodies_arrive_whole_however_little_may_be_on_its_way() {
    for window in [65_535, 1_000] {
        let manner = Manner {
            window,
            ..Manner::default()
        };
        let server = Streams::start(manner, None);
        let texts = [0, 10_000, 16_385, 1_000_000].map(|length| {
            let number = |at| char::from(b'a' + u8::try_from(at % 23).unwrap());
            (0..length).map(number).collect::<String>()
        });
        let posts = (0..).zip(&texts).map(|(number, text)| {
            let path = format!("/{}", text.len());
            Recorded::post(number, 1, &path, "text/plain", text)
        });
        let recording = Recording::new().with_all(posts);
        let recording = recording.with(Recorded::upload(10, 1, "/filler", 100_000));
        let ended = play(&recording, &server).args(["--timeout", "5s"]).run();
        check(ended, &json!({"200": 5}), &json!({}));
        let seen = server.seen();
        let came = |path: &str| {
            let found = seen.iter().find(|(_, seen, _)| seen == path);
            &found.unwrap().2
        };
        for text in &texts {
            assert_eq!(came(&format!("/{}", text.len())), text.as_bytes());
        }
        assert_eq!(came("/filler").len(), 100_000);
    }
}

#[test]
fn a_connection_brings_more_than_may_come_before_it_is_read() {
    let server = Streams::start(Manner::default(), None);
    // A megabyte each, and sixteen may be on their way.
    let large = (0..20).map(|number| Recorded::get(number, 1, "/large"));
    let ended = play(&Recording::new().with_all(large), &server)
        .args(["--timeout", "5s"])
        .run();
    let ended = check(ended, &json!({"200": 20}), &json!({}));
    assert_eq!(ended.summary["settings"]["connections"], 1);
}

#[test]
fn every_way_to_fail_has_its_name_and_spoils_nothing_else() {
    let server = Streams::start(Manner::default(), None);
    let bad = ["/refuse", "/half", "/silent", "/large", "/early", "/good"];
    let recording = Recording::new().with_all((1..).zip(bad).flat_map(|(who, path)| {
        let first = match path {
            "/early" => Recorded::upload(5, who, path, 2_000_000),
            _ => Recorded::get(5, who, path),
        };
        [first, Recorded::get(6, who, "/good")]
    }));
    let ended = play(&recording, &server)
        .args(["--answer-timeout", "500ms"])
        .run();
    let errors = json!({"reset": 2, "timeout.answer": 1});
    let ended = check(ended, &json!({"200": 8, "413": 1}), &errors);
    assert_eq!(ended.summary["settings"]["connections"], 1);
    let received = ended.summary["totals"]["bytes_received"].as_u64().unwrap();
    assert!(received > 1 << 20, "{received}");
}

#[test]
fn a_connection_that_ends_takes_only_what_was_on_it() {
    let server = Streams::start(Manner::default(), None);
    let recording = crowd(20, "/good")
        .with(Recorded::get(60, 1, "/slow"))
        .with(Recorded::get(120, 2, "/hang-up"))
        .with_all((0..5).map(|number| Recorded::get(250 + number, 3, "/good")));
    let ended = play(&recording, &server).run();
    let ended = check(ended, &json!({"200": 25}), &json!({"read": 2}));
    assert_eq!(ended.summary["settings"]["connections"], 2);
}

#[test]
fn a_server_that_lets_a_connection_go_costs_no_request() {
    let manner = Manner {
        retires_after: 7,
        ..Manner::default()
    };
    let server = Streams::start(manner, None);
    // While what is slow keeps the old connection open, the others need another one.
    for recording in [
        crowd(100, "/good"),
        crowd(50, "/slow"),
        Recording::new().with_all((0..50).map(|number| Recorded::upload(number, 1, "/", 20_000))),
    ] {
        let count = recording.len();
        let ended = play(&recording, &server).args(["--sessions", "open"]).run();
        check(ended, &json!({"200": count}), &json!({}));
    }
}

#[test]
fn few_connections_serve_all_users_in_turn() {
    for (connections, most) in [("user", "1"), ("user", "3"), ("pool", "1")] {
        let manner = Manner {
            retires_after: 9,
            ..Manner::default()
        };
        let server = Streams::start(manner, None);
        let ended = play(&crowd(100, "/good"), &server)
            .args(["--connections", connections, "--max-connections", most])
            .args(["--sessions", "open"])
            .run();
        check(ended, &json!({"200": 100}), &json!({}));
    }
}

#[test]
fn users_share_no_connection_when_each_has_its_own() {
    let server = Streams::start(Manner::default(), None);
    let recording = Recording::new().with_all((0..50).map(|number| {
        let who = number % 5;
        Recorded::get(u64::from(number) * 4, who, &format!("/{who}"))
    }));
    let replay = play(&recording, &server).args(["--connections", "user"]);
    check(replay.run(), &json!({"200": 50}), &json!({}));
    let pairs = server
        .seen()
        .into_iter()
        .map(|(number, path, _)| (number, path));
    let pairs: BTreeSet<_> = pairs.collect();
    let numbers: BTreeSet<_> = pairs.iter().map(|(number, _)| number).collect();
    assert_eq!(pairs.len(), numbers.len(), "{pairs:?}");
}

#[test]
fn more_requests_than_a_connection_takes_open_another_one() {
    let manner = Manner {
        most: 5,
        ..Manner::default()
    };
    let server = Streams::start(manner, None);
    let ended = play(&crowd(30, "/slow"), &server)
        .args(["--sessions", "open"])
        .run();
    // On a busy machine some go before the server has said how many it takes: it refuses those.
    let ended = ended.measured().balanced();
    assert!(ended.summary["statuses"]["200"].as_u64().unwrap() >= 10);
    let opened = ended.summary["settings"]["connections"].as_u64().unwrap();
    assert!((2..=30).contains(&opened), "{opened}");
}

/// In clear nothing is agreed on: only its answer shows whether a server speaks it.
#[test]
fn a_server_that_speaks_no_http_2_is_refused_before_anything_is_sent() {
    let server = crate::server::Server::start(|_| 200.into());
    let replay = Replay::of(&crowd(5, "/good"), &server).args(["--http2"]);
    let ended = replay.run();
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:#?}");
    let error = ended.stderr.replace(&server.url(), "[target]");
    insta::assert_snapshot!(error, @"error: cannot connect to [target]: it does not speak HTTP/2; is `--http2` right?");
    assert!(!replay.path("out").exists());
}

/// Nor does one that says nothing at all hold up the run.
#[test]
fn a_server_that_is_silent_is_refused_before_anything_is_sent() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", silent.local_addr().unwrap());
    let replay = Replay::at(&crowd(5, "/good"), &target);
    let ended = replay.args(["--http2", "--connect-timeout", "50ms"]).run();
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:#?}");
    let error = ended.stderr.replace(&target, "[target]");
    insta::assert_snapshot!(error, @"error: cannot connect to [target]: no answer; is the proxy running? is `--target` right?");
}
