//! Time: who waits for whom, and whose fault a delay is.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::{Answer, Seen, Server};

fn every_10_ms(who: u32, count: u64) -> Recording {
    let exchanges = (0..count).map(|number| Recorded::get(number * 10, who, "/api/v1/people"));
    Recording::new().with_all(exchanges)
}

/// Counts how many requests are open, and the most there ever were.
#[derive(Default)]
struct Gauge {
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn during(&self, slow: Duration) -> Answer {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        thread::sleep(slow);
        self.open.fetch_sub(1, Ordering::SeqCst);
        200.into()
    }
}

/// Lets the program stand still when it asks for `/freeze`.
#[derive(Default)]
struct Freezer {
    child: Arc<AtomicI32>,
}

impl Freezer {
    fn server(&self, time: Duration) -> Server {
        let child = Arc::clone(&self.child);
        Server::start(move |seen| {
            if seen.path == "/freeze" {
                let pid = Pid::from_raw(child.load(Ordering::SeqCst)).unwrap();
                kill_process(pid, Signal::STOP).unwrap();
                thread::sleep(time);
                kill_process(pid, Signal::CONT).unwrap();
            }
            200.into()
        })
    }

    fn run(&self, replay: &Replay) -> Ended {
        let started = replay.start();
        let id = i32::try_from(started.id()).unwrap();
        self.child.store(id, Ordering::SeqCst);
        replay.wait(started)
    }
}

#[test]
fn an_ordered_session_never_overtakes_itself() {
    let gauge = Arc::new(Gauge::default());
    let shared = Arc::clone(&gauge);
    let server = Server::start(move |_| shared.during(Duration::from_millis(30)));
    let ended = Replay::of(&every_10_ms(1, 10), &server).run().measured();
    assert_eq!(gauge.most.load(Ordering::SeqCst), 1);
    let latency = &ended.summary["latency"];
    // Ten answers of 30 ms in a row, the last one due at 90 ms: it waited for 180 ms.
    assert!(latency["link_wait"]["max"].as_u64().unwrap() >= 170_000);
    assert!(latency["response"]["max"].as_u64().unwrap() >= 200_000);
    assert!(latency["service"]["p50"].as_u64().unwrap() < 100_000);
    assert_eq!(ended.summary["fidelity"]["order_inversions"], 0);
}

#[test]
fn an_open_session_does_not_wait() {
    let gauge = Arc::new(Gauge::default());
    let shared = Arc::clone(&gauge);
    let server = Server::start(move |_| shared.during(Duration::from_millis(100)));
    let ended = Replay::of(&every_10_ms(1, 10), &server)
        .args(["--sessions", "open"])
        .run()
        .measured();
    assert!(gauge.most.load(Ordering::SeqCst) > 1);
    assert_eq!(ended.summary["latency"]["link_wait"]["max"], 0);
}

#[test]
fn a_target_that_freezes_is_slow_and_not_late() {
    let frozen = AtomicBool::new(true);
    let server = Server::start(move |_| {
        if frozen.swap(false, Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(400));
        }
        200.into()
    });
    let ended = Replay::of(&every_10_ms(1, 30), &server).run();
    let latency = &ended.summary["latency"];
    let of = |clock: &str, which: &str| latency[clock][which].as_u64().unwrap();
    assert!(of("response", "max") >= 400_000, "{latency}");
    assert!(of("link_wait", "p50") >= 100_000, "{latency}");
    // A busy machine may be late by some milliseconds; the freeze itself must not show here.
    assert!(of("lateness", "max") < 200_000, "{latency}");
    assert_eq!(ended.summary["totals"]["sent"], 30);
    ended.measured();
}

#[test]
fn many_sessions_behind_a_target_that_freezes_are_not_the_generators_lateness() {
    let frozen = RwLock::new(());
    let server = Server::start(move |seen| {
        if seen.path == "/freeze" {
            let _alone = frozen.write().unwrap();
            thread::sleep(Duration::from_millis(400));
        }
        let _free = frozen.read().unwrap();
        200.into()
    });
    // Each of 40 sessions every 40 ms: ten of each pile up, and go out back to back at the end.
    let exchanges =
        (0..1_000).map(|number| Recorded::get(number, u32::try_from(number % 40).unwrap(), "/"));
    let recording = Recording::new()
        .with_all(exchanges)
        .with(Recorded::get(300, 40, "/freeze"));
    let ended = Replay::of(&recording, &server).run();
    let (latency, fidelity) = (&ended.summary["latency"], &ended.summary["fidelity"]);
    let of = |value: &serde_json::Value| value.as_u64().unwrap();
    assert!(of(&latency["link_wait"]["p90"]) >= 100_000, "{latency}");
    // Neither the 400 that were due during the freeze count, nor those that queued behind them.
    let judged = of(&fidelity["judged_arrivals"]);
    assert!((100..700).contains(&judged), "{fidelity}");
    ended.measured();
}

#[test]
fn a_session_that_thinks_and_is_not_done_when_it_begins_anew_is_not_late() {
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(100));
        200.into()
    });
    // Each lap is planned to take 15 ms, and its two answers take 200.
    let ended = Replay::of(&every_10_ms(1, 2), &server)
        .args(["--sessions", "think", "--loop=4"])
        .run();
    let latency = &ended.summary["latency"];
    let of = |clock: &str, which: &str| latency[clock][which].as_u64().unwrap();
    assert!(of("link_wait", "max") >= 500_000, "{latency}");
    assert!(of("response", "max") >= 600_000, "{latency}");
    assert!(of("lateness", "max") < 100_000, "{latency}");
    assert_eq!(ended.summary["fidelity"]["order_inversions"], 0);
    // Of eight, only the three that begin anew wait for the target.
    assert_eq!(ended.summary["fidelity"]["judged_arrivals"], 5);
    ended.measured();
}

#[test]
fn a_generator_that_freezes_is_late_and_the_run_invalid() {
    let freezer = Freezer::default();
    let server = freezer.server(Duration::from_millis(150));
    let others = (0..30)
        .map(|number| Recorded::get(500 + u64::from(number) * 10, 10 + number, "/api/v1/people"));
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/api/v1/people"))
        .with(Recorded::get(500, 2, "/freeze"))
        .with_all(others);
    let replay = Replay::of(&recording, &server);
    let ended = freezer.run(&replay);
    assert_eq!(ended.code, 96, "{ended:#?}");
    assert!(ended.stdout.starts_with(
        "INVALID  these numbers say nothing about the target: the generator was late"
    ));
    assert_eq!(ended.summary["verdict"]["status"], "invalid");
    assert!(
        ended.summary["latency"]["lateness"]["max"]
            .as_u64()
            .unwrap()
            >= 80_000
    );
}

#[test]
fn sessions_behind_a_generator_that_freezes_are_late_and_do_not_wait() {
    let freezer = Freezer::default();
    let server = freezer.server(Duration::from_millis(200));
    // Five sessions, of which ten requests each become due while the program stands still.
    let exchanges = (0..75)
        .map(|number| Recorded::get(500 + number * 4, u32::try_from(number % 5).unwrap(), "/"));
    let recording = Recording::new()
        .with_all(exchanges)
        .with(Recorded::get(552, 9, "/freeze"));
    let replay = Replay::of(&recording, &server);
    let ended = freezer.run(&replay);
    let latency = &ended.summary["latency"];
    let of = |clock: &str, which: &str| latency[clock][which].as_u64().unwrap();
    // That one goes out late does not make the next one of its session wait for the target.
    assert!(of("lateness", "p90") >= 80_000, "{latency}");
    assert!(of("link_wait", "p50") < 80_000, "{latency}");
}

#[test]
fn a_request_that_takes_too_long_is_a_timeout() {
    let server = Server::start(|seen| {
        if seen.path == "/slow" {
            thread::sleep(Duration::from_millis(500));
        }
        200.into()
    });
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/slow"))
        .with(Recorded::get(1, 2, "/api/v1/people"));
    let ended = Replay::of(&recording, &server)
        .args(["--timeout", "100ms"])
        .run()
        .measured();
    assert_eq!(ended.summary["errors"], serde_json::json!({"timeout": 1}));
    let response = ended.summary["latency"]["response"]["max"]
        .as_u64()
        .unwrap();
    assert!((100_000..400_000).contains(&response), "{response}");
}

/// By the clock of a server that knows nothing of the plan.
#[test]
fn arrivals_come_in_the_order_and_at_the_times_of_the_plan() {
    for pacing in ["timer", "precise"] {
        arrivals_come_as_planned(pacing);
    }
}

fn arrivals_come_as_planned(pacing: &str) {
    let server = Server::start(|_| 200.into());
    let due_ms = |number: u64| number * 3 + number % 7 * 11 / 7;
    let exchanges = (0..200_u32)
        .map(|number| Recorded::get(due_ms(number.into()), number % 9, &format!("/{number}")));
    let ended = Replay::of(&Recording::new().with_all(exchanges), &server)
        .args(["--workers", "1", "--pacing", pacing])
        .run()
        .measured();
    assert_eq!(ended.summary["settings"]["pacing"], pacing);
    let seen = server.seen();
    let numbers: Vec<u64> = seen
        .iter()
        .map(|seen| seen.path[1..].parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), 200);
    let lateness = ended.summary["latency"]["lateness"]["max"]
        .as_u64()
        .unwrap();
    let most_late = Duration::from_micros(lateness + 1);
    // The server may see some late, the first one not least; most it sees as they come.
    let since_due =
        |(number, seen): (&u64, &Seen)| seen.at - Duration::from_millis(due_ms(*number));
    let mut starts: Vec<_> = numbers.iter().zip(&seen).map(since_due).collect();
    starts.sort();
    assert!(
        starts[0] + most_late >= starts[100],
        "one came early: {starts:?}"
    );
    // Each within its own session; others may overtake it on another connection.
    for session in 0..9 {
        let mine = numbers.iter().filter(|number| **number % 9 == session);
        assert!(mine.is_sorted());
    }
}

#[test]
fn speed_shortens_the_run() {
    let server = Server::start(|_| 200.into());
    let ended = Replay::of(&every_10_ms(1, 100), &server)
        .args(["--speed", "5x"])
        .run()
        .measured();
    let ratio = ended.summary["fidelity"]["duration_ratio"]
        .as_f64()
        .unwrap();
    assert!((0.95..1.2).contains(&ratio), "{ratio}");
    let duration = ended.summary["totals"]["duration_s"].as_f64().unwrap();
    assert!((0.19..0.5).contains(&duration), "{duration}");
}

#[test]
fn an_interrupted_run_reports_what_it_measured() {
    let (told, asked) = mpsc::channel();
    let server = Server::start(move |_| {
        told.send(()).unwrap();
        200.into()
    });
    let recording = Recording::new()
        .with_all((0..2).map(|number| Recorded::get(number, 1, "/api/v1/people")))
        .with(Recorded::get(3_600_000, 1, "/api/v1/people"));
    let replay = Replay::of(&recording, &server);
    let child = replay.start();
    asked.recv().unwrap();
    asked.recv().unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = replay.wait(child);
    assert_eq!(ended.code, 130);
    assert_eq!(ended.summary["interrupted"], true);
    assert_eq!(ended.summary["totals"]["dropped"], 1);
    assert!(ended.stdout.starts_with("STOPPED  after "));
    assert!(
        ended
            .stdout
            .contains("because the run was interrupted, 1 of 3 arrivals were not sent")
    );
    assert!(replay.path("out/report.html").exists());
}
