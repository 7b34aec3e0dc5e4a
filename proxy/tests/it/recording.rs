//! What is recorded, what is not, and that the count is right.
//!
//! Captures are read back with the library that replay uses.

use std::fs;

use trace::exchange::Flag;
use trace::format::Capture;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, key, request};

pub(crate) fn offered_in_all(proxy: &Proxy, count: u64) {
    eventually("all exchanges are settled", || {
        let recording = &proxy.status()["recording"];
        (recording["offered"] == count).then_some(())
    });
}

#[test]
fn what_passes_is_recorded_and_what_is_refused_is_not() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .load_test()
        .route("name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"1/h\" }")
        .route("name = \"down\"\nprefix = \"/reset\"")
        .recording()
        .start();
    assert_eq!(proxy.get("/api/v1/people?page=2", &[]).status, 200);
    let head = request(
        "POST",
        "/api/v1/notes",
        &["Content-Type: application/json", "Content-Length: 9"],
    );
    assert_eq!(
        proxy.client().ask(&format!("{head}{{\"a\":\"b\"}}")).status,
        200
    );
    assert_eq!(proxy.get("/limited", &[]).status, 200);
    assert_eq!(proxy.get("/limited", &[]).status, 429);
    assert_eq!(proxy.get("/api/loadtest/people", &[]).status, 403);
    assert_eq!(proxy.get("/api/loadtest/people", &[&key()]).status, 200);
    assert_eq!(proxy.get("/api/loadtest", &[]).status, 404);
    assert_eq!(proxy.get("//", &[]).status, 400);
    assert_eq!(
        proxy.ask("POST", "/reset", &["Content-Length: 0"]).status,
        502
    );
    offered_in_all(&proxy, 4);
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(
        ended
            .log
            .contains("capture closed: capture.jsonl, 4 exchanges, 0 dropped, audit searched")
    );

    let capture = Capture::read(&proxy.capture()).unwrap();
    let footer = capture.footer.unwrap();
    assert_eq!(
        (footer.exchanges, footer.offered, footer.audit.found),
        (4, 4, 0)
    );
    let seen: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| (exchange.request.method.as_str(), exchange.response.status))
        .collect();
    assert_eq!(
        seen,
        [("GET", 200), ("POST", 200), ("GET", 200), ("POST", 502)]
    );
    assert_eq!(capture.exchanges[0].request.path, "/api/v1/people");
    let connections: Vec<_> = capture.exchanges.iter().map(|e| e.connection).collect();
    assert!(connections.is_sorted_by(|a, b| a < b), "{connections:?}");
    let notes = &capture.exchanges[1];
    assert_eq!(notes.request.body.bytes, 9);
    assert!(notes.timing.first_byte_ns > 0 && notes.timing.first_byte_ns <= notes.timing.total_ns);
    assert!(notes.at_ns > capture.exchanges[0].at_ns);
}

#[test]
fn a_client_that_leaves_is_recorded_as_such() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).recording().start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    drop(client);
    offered_in_all(&proxy, 1);
    assert!(proxy.stop().status.success());
    let exchange = Capture::read(&proxy.capture()).unwrap().exchanges.remove(0);
    assert_eq!(exchange.response.status, 0);
    assert!(exchange.flags.contains(&Flag::Aborted));
}

#[test]
fn a_disk_that_is_full_disturbs_nobody() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).recording().start_with_file_limit(4);
    let count = 60;
    let mut client = proxy.client();
    for _ in 0..count {
        assert_eq!(
            client.ask(&request("GET", "/api/v1/people", &[])).status,
            200
        );
    }
    let recording = eventually("recording has failed", || {
        let recording = proxy.status()["recording"].clone();
        (recording["state"] == "failed").then_some(recording)
    });
    assert_eq!(
        client.ask(&request("GET", "/api/v1/people", &[])).status,
        200
    );
    offered_in_all(&proxy, count + 1);
    let number = |pointer: &str| proxy.status().pointer(pointer).unwrap().as_u64().unwrap();
    assert_eq!(proxy.metric("rehearsal_recording_errors_total"), 1);
    let dropped = number("/recording/dropped/write");
    assert!(dropped > 0, "{recording}");
    assert_eq!(number("/recording/recorded") + dropped, count + 1);
    let ended = proxy.stop();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert_eq!(
        ended.log.matches("recording stopped").count(),
        1,
        "{}",
        ended.log
    );
}

/// Its disk takes all that is written, and nobody will ever read it.
#[test]
fn a_capture_that_is_removed_is_noticed_and_disturbs_nobody() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).record("sub/c.jsonl", true).start();
    let mut client = proxy.client();
    let mut ask = || {
        let answer = client.ask(&request("GET", "/api/v1/people", &[]));
        assert_eq!(answer.status, 200);
    };
    ask();
    let folder = proxy.folder.path().join("sub");
    fs::remove_dir_all(&folder).unwrap();
    eventually("recording has failed", || {
        ask();
        (proxy.status()["recording"]["state"] == "failed").then_some(())
    });
    assert_eq!(proxy.metric("rehearsal_recording_errors_total"), 1);
    let dropped = proxy.metric("rehearsal_dropped_total{reason=\"write\"}");
    ask();
    eventually("what comes is counted", || {
        let now = proxy.metric("rehearsal_dropped_total{reason=\"write\"}");
        (now > dropped).then_some(())
    });
    // Something else is where the folder was.
    fs::write(&folder, "").unwrap();
    let refused = proxy.order("/record/start", &[]);
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.body.contains("cannot create capture `sub/c.jsonl`"));
    ask();
    fs::remove_file(&folder).unwrap();
    assert_eq!(proxy.order("/record/start", &[]).status, 200);
    ask();
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    let told = ended.log.matches("recording stopped").count();
    assert_eq!(told, 1, "{}", ended.log);
    let capture = Capture::read(&folder.join("c.jsonl")).unwrap();
    assert_eq!(capture.exchanges.len(), 1);
}
