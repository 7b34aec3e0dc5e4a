//! How much load: paces, users, laps, stages, and what becomes of too much of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::Server;

/// Four users, of whom each asks for something of its own every 40 ms.
fn four_users(count: u64) -> Recording {
    let exchanges = (0..count).map(|number| {
        let who = u32::try_from(number % 4).unwrap();
        Recorded::get(number * 10, who, &format!("/of/{who}/{number}"))
    });
    Recording::new().with_all(exchanges)
}

fn quick() -> Server {
    Server::start(|_| 200.into())
}

fn total(ended: &Ended, which: &str) -> u64 {
    ended.summary["totals"][which].as_u64().unwrap()
}

fn setting<'a>(ended: &'a Ended, which: &str) -> &'a Value {
    &ended.summary["settings"][which]
}

/// Paths that were asked for, each with how often.
fn asked(server: &Server) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for seen in server.seen() {
        *asked.entry(seen.path).or_default() += 1;
    }
    asked
}

#[test]
fn a_rate_sends_in_the_recorded_order_at_equal_gaps() {
    let server = quick();
    let ended = Replay::of(&four_users(40), &server)
        .args(["--rate", "200/s", "--sessions", "open", "--workers", "1"])
        .run()
        .measured();
    let paths: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    let recorded = (0..40).map(|number| format!("/of/{}/{number}", number % 4));
    let mut sorted = paths.clone();
    sorted.sort_by_key(|path| path.rsplit('/').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(sorted, recorded.collect::<Vec<_>>());
    let ratio = ended.summary["fidelity"]["duration_ratio"]
        .as_f64()
        .unwrap();
    assert!((0.9..1.3).contains(&ratio), "{ratio}");
    assert_eq!(*setting(&ended, "pace"), "200/s");
    assert_eq!(*setting(&ended, "model"), "open");
}

#[test]
fn at_the_highest_rate_there_are_as_many_requests_as_may_be_on_their_way() {
    let server = quick();
    let ended = Replay::of(&four_users(40), &server)
        .args(["--rate", "max", "--loop=25", "--max-in-flight", "3"])
        .run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(total(&ended, "sent"), 1_000);
    assert_eq!(*setting(&ended, "model"), "closed");
    assert!(setting(&ended, "connections").as_u64().unwrap() <= 4);
    assert!(asked(&server).values().all(|times| *times == 25));
}

#[test]
fn at_the_highest_rate_a_run_ends_after_its_duration() {
    let server = quick();
    let ended = Replay::of(&four_users(4), &server)
        .args(["--rate", "max", "--loop", "--duration", "300ms"])
        .run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(total(&ended, "planned"), total(&ended, "sent"));
    let took = ended.summary["totals"]["duration_s"].as_f64().unwrap();
    assert!((0.25..1.0).contains(&took), "{took}");
}

/// A run of a few milliseconds, too, has a beginning, and times after it.
#[test]
fn at_the_highest_rate_nothing_goes_before_the_start() {
    let ended = Replay::of(&four_users(20), &quick())
        .args(["--rate", "max"])
        .run()
        .measured();
    let response = &ended.summary["latency"]["response"];
    assert!(response["min"].as_u64().unwrap() > 0, "{response}");
    let took = ended.summary["totals"]["duration_s"].as_f64().unwrap();
    assert!(took > 0.0, "{took}");
}

#[test]
fn clones_do_the_same_under_addresses_of_their_own() {
    let server = quick();
    let ended = Replay::of(&four_users(8), &server)
        .args(["--users", "3x", "--speed", "100x"])
        .args(["--client-addresses", "198.18.0.0/15"])
        .run()
        .measured();
    assert_eq!(total(&ended, "sent"), 24);
    assert!(asked(&server).values().all(|times| *times == 3));
    let who = |seen: &crate::server::Seen| {
        let user = seen.path.split('/').nth(2).unwrap().to_owned();
        (user, seen.header("x-forwarded-for").to_owned())
    };
    let all: BTreeSet<_> = server.seen().iter().map(who).collect();
    let addresses: BTreeSet<_> = all.iter().map(|(_, address)| address).collect();
    assert_eq!((all.len(), addresses.len()), (12, 12));
    assert_eq!(*setting(&ended, "users"), 12);
}

#[test]
fn a_part_of_the_users_is_made_of_whole_ones() {
    let server = quick();
    let many = (0..200_u32).map(|number| Recorded::get(number.into(), number % 50, "/"));
    let ended = Replay::of(&Recording::new().with_all(many), &server)
        .args(["--users", "0.5x", "--speed", "2x"])
        .run()
        .measured();
    let users = setting(&ended, "users").as_u64().unwrap();
    assert!((10..40).contains(&users), "{users}");
    assert_eq!(total(&ended, "sent"), users * 4);
}

#[test]
fn laps_come_one_after_the_other() {
    let server = quick();
    let ended = Replay::of(&four_users(8), &server)
        .args(["--loop=3"])
        .run()
        .measured();
    assert_eq!(total(&ended, "sent"), 24);
    assert_eq!(*setting(&ended, "laps"), 3);
    let last: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    let of_lap = |lap: usize| last[lap * 8..][..8].iter().collect::<BTreeSet<_>>();
    assert!(of_lap(0) == of_lap(1) && of_lap(1) == of_lap(2));
}

#[test]
fn stages_raise_the_load_and_lower_it() {
    let server = quick();
    let ended = Replay::of(&four_users(40), &server)
        .args(["--stages", "200ms:100/s,400ms:500/s,200ms:0/s", "--loop"])
        .run()
        .measured();
    // The areas under the lines.
    let sent = total(&ended, "sent");
    assert!((188..=191).contains(&sent), "{sent}");
    let took = ended.summary["totals"]["duration_s"].as_f64().unwrap();
    assert!((0.6..1.5).contains(&took), "{took}");
}

#[test]
fn a_session_that_thinks_is_as_quick_as_its_answers() {
    let server = quick();
    // The recorded answers took 90 of each 100 ms.
    let slow = (0..20).map(|number| Recorded::get(number * 100, 1, "/").took(90));
    let ended = Replay::of(&Recording::new().with_all(slow), &server)
        .args(["--sessions", "think"])
        .run()
        .measured();
    assert_eq!(total(&ended, "sent"), 20);
    let took = ended.summary["totals"]["duration_s"].as_f64().unwrap();
    // Nineteen pauses of 10 ms.
    assert!((0.19..1.0).contains(&took), "{took}");
    assert_eq!(*setting(&ended, "model"), "partly open");
}

#[test]
fn the_warm_up_is_in_no_number() {
    let server = quick();
    let ended = Replay::of(&four_users(40), &server)
        .args(["--warm-up", "200ms"])
        .run()
        .measured();
    assert_eq!(total(&ended, "planned"), 20);
    assert_eq!(ended.summary["latency"]["response"]["count"], 20);
    assert_eq!(server.seen().len(), 40);
    assert_eq!(ended.summary["series"][0]["planned"], 20);
}

#[test]
fn a_filter_leaves_what_fits() {
    let server = quick();
    let ended = Replay::of(&four_users(8), &server)
        .args(["--filter", "user=u1", "--filter", "path=/of/2/**"])
        .run()
        .measured();
    assert_eq!(total(&ended, "sent"), 4);
    let paths: Vec<_> = asked(&server).into_keys().collect();
    assert_eq!(paths, ["/of/1/1", "/of/1/5", "/of/2/2", "/of/2/6"]);
}

/// A target that answers in 100 ms, asked every 10 ms by somebody else.
fn overloaded(args: [&str; 2]) -> Ended {
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(100));
        200.into()
    });
    let exchanges = (0..30_u32).map(|number| Recorded::get(u64::from(number) * 10, number, "/"));
    Replay::of(&Recording::new().with_all(exchanges), &server)
        .args(["--max-in-flight", "2", "--workers", "1"])
        .args(args)
        .run()
}

#[test]
fn too_much_waits_and_that_is_response_time() {
    let ended = overloaded(["--on-overload", "queue"]).measured();
    assert_eq!(total(&ended, "sent"), 30);
    let latency = &ended.summary["latency"];
    // Fifteen rounds of 100 ms for what was due within 300 ms.
    assert!(
        latency["response"]["max"].as_u64().unwrap() >= 1_000_000,
        "{latency}"
    );
    assert!(
        latency["service"]["p50"].as_u64().unwrap() < 300_000,
        "{latency}"
    );
}

#[test]
fn too_much_is_dropped_and_counted_where_that_is_asked() {
    let ended = overloaded(["--on-overload", "drop"]);
    let dropped = ended.summary["fidelity"]["dropped_as_asked"]
        .as_u64()
        .unwrap();
    assert!(dropped >= 10, "{dropped}");
    assert_eq!(total(&ended, "dropped"), dropped);
    assert_eq!(total(&ended, "planned"), 30);
    assert!(
        !ended.stdout.contains("arrivals were dropped"),
        "{}",
        ended.stdout
    );
    ended.measured();
}

#[test]
fn too_much_ends_the_run_where_that_is_asked() {
    let ended = overloaded(["--on-overload", "abort"]);
    assert_eq!(ended.code, 99, "{ended:?}");
    assert!(
        ended
            .stdout
            .starts_with("FAIL  the run was ended: more requests would have been on their way"),
        "{}",
        ended.stdout
    );
    assert!(total(&ended, "dropped") > 0);
}

#[test]
fn a_run_that_is_stopped_while_more_is_planned_counts_what_it_knows() {
    let (told, asked) = mpsc::channel();
    let server = Server::start(move |_| {
        // The test may have ended.
        let _told = told.send(());
        200.into()
    });
    let replay = Replay::of(&four_users(40), &server).args(["--loop", "--duration", "1h"]);
    let child = replay.start();
    asked.recv().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = replay.wait(child);
    assert_eq!(ended.code, 130);
    let (planned, sent, dropped) = (
        total(&ended, "planned"),
        total(&ended, "sent"),
        total(&ended, "dropped"),
    );
    assert_eq!(planned, sent + dropped);
    assert!(dropped > 0);
}

#[test]
fn what_contradicts_itself_is_said_in_one_line() {
    for (args, message) in [
        (
            &["--loop"][..],
            "without an end it would be played for ever",
        ),
        (
            &["--users", "2x", "--stages", "1s:1users"],
            "the stages say how many users there are",
        ),
        (&["--rate", "5/s", "--speed", "2x"], "cannot be used with"),
        (
            &["--stages", "1s:1x,1s:5users"],
            "all stages change one thing",
        ),
    ] {
        let mut replay = Replay::new().file("capture.jsonl", &four_users(4).text());
        for arg in args {
            replay = replay.args([*arg]);
        }
        let ended = replay.run();
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
