//! Connections: whom each is for, how many there are, and what it costs to wait for one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::raw::{Raw, Then};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that takes this long for each answer.
fn slow(time: Duration) -> Raw {
    Raw::start(move |_, peer| {
        thread::sleep(time);
        peer.say(OK);
        Then::Keep
    })
}

/// Who used each connection, by the name in the path.
fn users(server: &Raw) -> BTreeMap<usize, BTreeSet<String>> {
    let mut users = BTreeMap::<_, BTreeSet<_>>::new();
    for (connection, seen) in server.heads() {
        users.entry(connection).or_default().insert(seen.path);
    }
    users
}

/// Five users with requests every 4 ms; each has its own path.
fn crowd(count: u64) -> Recording {
    Recording::new().with_all((0..count).map(|number| {
        let who = u32::try_from(number % 5).unwrap();
        Recorded::get(number * 4, who, &format!("/{who}"))
    }))
}

#[track_caller]
fn all_good(ended: Ended, count: u64) -> Ended {
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": count}));
    ended
}

#[test]
fn users_share_no_connection_when_each_has_its_own() {
    for sessions in ["ordered", "open"] {
        let server = slow(Duration::from_millis(1));
        let replay = Replay::at(&crowd(50), &server.url());
        let replay = replay.args(["--connections", "user", "--sessions", sessions]);
        let ended = all_good(replay.run(), 50);
        let users = users(&server);
        assert!(users.values().all(|users| users.len() == 1), "{users:?}");
        assert!(users.len() >= 5);
        if sessions == "ordered" {
            assert_eq!(users.len(), 5, "{users:?}");
        }
        assert_eq!(ended.summary["settings"]["connections_for"], "user");
    }
}

#[test]
fn clones_of_a_user_share_none_either() {
    // Each of the recorded users has a connection of its own.
    for connections in ["user", "recorded"] {
        let server = slow(Duration::ZERO);
        let replay = Replay::at(&crowd(50), &server.url());
        let replay = replay.args(["--connections", connections]);
        let replay = replay.args(["--users", "3x", "--speed", "20x"]);
        all_good(replay.run(), 150);
        let users = users(&server);
        assert!(users.values().all(|users| users.len() == 1), "{users:?}");
        assert_eq!(users.len(), 15, "{users:?}");
    }
}

#[test]
fn requests_of_one_recorded_connection_share_one() {
    let server = slow(Duration::ZERO);
    // Each session used two connections, one after the other.
    let exchanges = (0..40).map(|number| {
        let connection = number % 2 + 10 * (number / 20);
        let at_ms = u64::from(number) * 5;
        Recorded::get(at_ms, number % 2, &format!("/{connection}")).over(connection)
    });
    let recording = Recording::new().with_all(exchanges);
    let replay = Replay::at(&recording, &server.url()).args(["--connections", "recorded"]);
    all_good(replay.run(), 40);
    let recorded = users(&server);
    assert!(recorded.values().all(|paths| paths.len() == 1));
    assert_eq!(recorded.len(), 4, "{recorded:?}");
}

#[test]
fn a_pool_has_as_many_as_were_needed_at_once() {
    let server = slow(Duration::ZERO);
    let replay = Replay::at(&crowd(50), &server.url()).args(["--workers", "1"]);
    let ended = all_good(replay.run(), 50);
    let opened = ended.summary["settings"]["connections"].as_u64().unwrap();
    assert!((1..=5).contains(&opened), "{opened}");
    assert!(users(&server).values().any(|users| users.len() > 1));
}

#[test]
fn waiting_for_the_only_connection_is_response_time_and_not_lateness() {
    for (connections, bound) in [
        ("pool", "--max-connections"),
        ("user", "--max-connections"),
        ("pool", "--max-in-flight"),
    ] {
        let server = slow(Duration::from_millis(30));
        let recording = crowd(20);
        let ended = Replay::at(&recording, &server.url())
            .args(["--workers", "1", bound, "1"])
            .args(["--connections", connections, "--sessions", "open"])
            .run();
        let ended = all_good(ended, 20);
        let latency = &ended.summary["latency"];
        let of = |clock: &str, which: &str| latency[clock][which].as_u64().unwrap();
        // Twenty answers of 30 ms in a row, the last one due at 76 ms.
        assert!(of("response", "max") >= 520_000, "{latency}");
        assert!(of("service", "p50") < 150_000, "{latency}");
        assert!(of("lateness", "max") < 200_000, "{latency}");
        if connections == "pool" {
            assert_eq!(ended.summary["settings"]["connections"], 1);
        }
    }
}

#[test]
fn there_are_never_more_than_may_be_open() {
    let open = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counts = Arc::clone(&open);
    let server = Raw::start(move |_, peer| {
        let [busy, most] = &*counts;
        most.fetch_max(busy.fetch_add(1, SeqCst) + 1, SeqCst);
        thread::sleep(Duration::from_millis(8));
        busy.fetch_sub(1, SeqCst);
        peer.say(OK);
        Then::Keep
    });
    let ended = Replay::at(&crowd(80), &server.url())
        .args(["--workers", "1", "--max-connections", "3"])
        .args(["--connections", "user", "--sessions", "open"])
        .run();
    all_good(ended, 80);
    let [_, most] = &*open;
    assert!((2..=3).contains(&most.load(SeqCst)), "{most:?}");
}

#[test]
fn a_full_house_serves_in_the_order_of_asking() {
    let server = slow(Duration::from_millis(5));
    let exchanges = (0..20).map(|number| Recorded::get(number, 1, &format!("/{number}")));
    let recording = Recording::new().with_all(exchanges);
    let ended = Replay::at(&recording, &server.url())
        .args([
            "--workers",
            "1",
            "--max-connections",
            "1",
            "--sessions",
            "open",
        ])
        .run();
    all_good(ended, 20);
    let heads = server.heads();
    let came: Vec<_> = heads.iter().map(|(_, seen)| seen.path.clone()).collect();
    let asked: Vec<_> = (0..20).map(|number| format!("/{number}")).collect();
    assert_eq!(came, asked);
}
