//! Recording by order of the admin address: on, off, into a new file, and after a full disk.
//!
//! Captures are read back with the library that replay uses.

use std::thread;

use serde_json::json;
use trace::format::Capture;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, request};
use crate::recording::offered_in_all;

#[test]
fn recording_goes_on_by_order_when_there_is_room_again() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).recording().start_with_file_limit(4);
    let mut client = proxy.client();
    let mut ask = || client.ask(&request("GET", "/api/v1/people", &[])).status;
    eventually("recording has failed", || {
        assert_eq!(ask(), 200);
        (proxy.status()["recording"]["state"] == "failed").then_some(())
    });
    let errors = "\nrehearsal_recording_errors_total 1\n";
    assert!(proxy.admin("/metrics").body.contains(errors));
    let before = eventually("all that was sent is settled", || {
        let recording = proxy.status()["recording"].clone();
        (recording["waiting"] == 0).then_some(recording)
    });
    let dropped = before["dropped"]["write"].as_u64().unwrap();
    let offered = before["offered"].as_u64().unwrap();
    // A new file has room again, here.
    let started = proxy.order("/record/start", &[]);
    assert_eq!(started.status, 200, "{}", started.body);
    let file = started.json()["file"].clone();
    assert_eq!(
        (&file, &started.json()["state"]),
        (&json!("capture-2.jsonl"), &json!("recording"))
    );
    assert_eq!(ask(), 200);
    offered_in_all(&proxy, offered + 1);
    assert_eq!(proxy.status()["recording"]["dropped"]["write"], dropped);
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    let capture = proxy.folder.path().join("capture-2.jsonl");
    assert_eq!(Capture::read(&capture).unwrap().exchanges.len(), 1);
}

#[test]
fn an_order_says_what_is_being_recorded() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).record("capture.jsonl", false).start();
    assert_eq!(proxy.admin("/record").json()["state"], "off");
    for order in ["/record/stop", "/record/rotate"] {
        let refused = proxy.order(order, &[]);
        assert_eq!(refused.status, 409);
        assert_eq!(refused.json()["error"], "not recording");
        assert_eq!(refused.json()["state"], "off");
    }
    let started = proxy.order("/record/start", &["Content-Length: 0"]);
    assert_eq!(started.status, 200);
    let expected = json!({
        "state": "recording", "file": "capture.jsonl", "offered": 0, "recorded": 0,
        "dropped": {"queue": 0, "size": 0, "policy": 0, "write": 0},
        "left_out": {"filter": 0, "sample": 0}, "waiting": 0,
    });
    assert_eq!(started.json(), expected);
    assert_eq!(proxy.admin("/record").json(), expected);
    let again = proxy.order("/record/start", &[]);
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"], "already recording");
}

#[test]
fn recording_is_started_rotated_and_stopped_by_order() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).record("capture.jsonl", false).start();
    let get = |times| (0..times).for_each(|_| assert_eq!(proxy.get("/", &[]).status, 200));
    let in_metrics = |count| {
        let metrics = proxy.admin("/metrics").body;
        ["offered", "recorded"]
            .into_iter()
            .all(|what| metrics.contains(&format!("\nrehearsal_{what}_total {count}\n")))
    };
    get(1);
    assert_eq!(proxy.order("/record/start", &[]).status, 200);
    get(2);
    offered_in_all(&proxy, 2);
    let rotated = proxy.order("/record/rotate", &[]).json();
    let now = (&rotated["state"], &rotated["file"], &rotated["offered"]);
    assert_eq!(
        now,
        (&json!("recording"), &json!("capture-2.jsonl"), &json!(0))
    );
    let closed = &rotated["closed"];
    let counts = (&closed["file"], &closed["exchanges"], &closed["offered"]);
    assert_eq!(counts, (&json!("capture.jsonl"), &json!(2), &json!(2)));
    assert_eq!(closed["audit"]["found"], 0);
    assert_eq!(closed["quarantined"], false);
    assert!(in_metrics(2));
    get(3);
    // What has ended and is not settled yet is not lost by the stop.
    let stopped = proxy.order("/record/stop", &[]).json();
    assert_eq!(
        (&stopped["state"], &stopped["file"]),
        (&json!("off"), &json!(null))
    );
    assert_eq!(stopped["closed"]["exchanges"], 3);
    get(1);
    assert!(in_metrics(5));
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    for (file, exchanges) in [("capture.jsonl", 2), ("capture-2.jsonl", 3)] {
        let capture = Capture::read(&proxy.folder.path().join(file)).unwrap();
        assert_eq!(capture.exchanges.len(), exchanges, "{file}");
    }
}

#[test]
fn a_stop_waits_for_requests_in_flight() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).recording().start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    let stopped = thread::scope(|scope| {
        let order = scope.spawn(|| proxy.order("/record/stop", &[]).json());
        eventually("recording is off", || {
            (proxy.status()["recording"]["state"] == "off").then_some(())
        });
        // It goes on serving meanwhile, and records no more.
        assert_eq!(proxy.get("/", &[]).status, 200);
        assert!(!order.is_finished());
        origin.release();
        assert_eq!(client.answer().status, 200);
        order.join().unwrap()
    });
    assert_eq!(
        (
            &stopped["closed"]["exchanges"],
            &stopped["closed"]["offered"]
        ),
        (&json!(1), &json!(1))
    );
}

#[test]
fn an_order_that_cannot_be_carried_out_disturbs_nobody() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .record("/proc/nowhere/c.jsonl", false)
        .start();
    let failed = proxy.order("/record/start", &[]);
    assert_eq!(failed.status, 500);
    let error = failed.json()["error"].as_str().unwrap().to_owned();
    assert!(
        error.starts_with("cannot create capture `/proc/nowhere/c.jsonl`"),
        "{error}"
    );
    assert_eq!(failed.json()["state"], "off");
    let errors = "\nrehearsal_recording_errors_total 1\n";
    assert!(proxy.admin("/metrics").body.contains(errors));
    assert_eq!(proxy.get("/", &[]).status, 200);
    assert!(proxy.stop().status.success());
    let nothing = Config::over(&origin).start().order("/record/start", &[]);
    assert_eq!(nothing.status, 409);
    assert!(nothing.body.contains("[record]"), "{}", nothing.body);
}
