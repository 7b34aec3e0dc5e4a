//! What several workers share, what is made ready for them, and what becomes of it when a run is
//! stopped.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::Server;

/// Each of so many users asks once, within as many milliseconds.
fn everybody_once(count: u32) -> Recording {
    Recording::new().with_all((0..count).map(|who| Recorded::get(who.into(), who, "/")))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn a_number_for_all_is_shared_out_whole() {
    for (most, at_once) in [("3", 3), ("1", 1)] {
        let gauge = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let counts = Arc::clone(&gauge);
        let server = Server::start(move |_| {
            let [busy, most] = &*counts;
            most.fetch_max(busy.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::sleep(Duration::from_millis(40));
            busy.fetch_sub(1, SeqCst);
            200.into()
        });
        let ended = Replay::of(&everybody_once(20), &server)
            .args(["--workers", "2", "--max-in-flight", most])
            .run()
            .measured();
        assert_eq!(ended.summary["totals"]["sent"], 20);
        assert_eq!(gauge[1].load(SeqCst), at_once);
    }
}

#[test]
fn as_many_connections_are_open_as_were_once_and_no_more_than_may_be_used() {
    for (most, opened) in [(None, 6), (Some("3"), 3)] {
        let server = Server::start(|_| 200.into());
        // Six at once as recorded, where none of them waits for another now.
        let slow = (0..6).map(|who| Recorded::get(u64::from(who) * 50, who, "/").took(1_000));
        let mut replay = Replay::of(&Recording::new().with_all(slow), &server);
        replay = replay.args(["--workers", "1"]);
        if let Some(most) = most {
            replay = replay.args(["--max-in-flight", most]);
        }
        let ended = replay.run().measured();
        assert_eq!(ended.summary["settings"]["connections"], opened);
    }
}

fn interrupted(replay: &Replay, told: &mpsc::Receiver<()>, requests: u32) -> Ended {
    let child = replay.start();
    for _ in 0..requests {
        told.recv().unwrap();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = replay.wait(child);
    assert_eq!(ended.code, 130, "{ended:#?}");
    ended.balanced()
}

#[test]
fn what_is_queued_behind_an_answer_is_not_sent_after_a_signal() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |_| {
        // The test may have ended.
        let _told = tell.send(());
        thread::sleep(Duration::from_millis(100));
        200.into()
    });
    // All are due when the second one is asked for.
    let recording = Recording::new().with_all((0..10).map(|at| Recorded::get(at, 1, "/")));
    let ended = interrupted(&Replay::of(&recording, &server), &told, 2);
    let sent = number(&ended.summary["totals"]["sent"]);
    assert!((2..=5).contains(&sent), "{sent}");
}

#[test]
fn all_that_was_planned_for_workers_is_accounted_for_when_they_are_stopped() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |_| {
        // The test may have ended.
        let _told = tell.send(());
        200.into()
    });
    let exchanges = (0..40).map(|at| Recorded::get(at * 10, u32::try_from(at % 4).unwrap(), "/"));
    let replay = Replay::of(&Recording::new().with_all(exchanges), &server).args([
        "--loop",
        "--duration",
        "1h",
        "--workers",
        "2",
    ]);
    let ended = interrupted(&replay, &told, 5);
    let series = ended.summary["series"].as_array().unwrap().iter();
    let planned: u64 = series.map(|second| number(&second["planned"])).sum();
    assert_eq!(number(&ended.summary["totals"]["planned"]), planned);
}
