//! The access log: what it says of requests, its rotation, and a disk that does not take it.
//!
//! Lines are written ten times a second; the tests wait for them, or for the proxy's end.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, KEY, command, key, request};

const LOG: &str = "[log]\naccess = \"logs/access.jsonl\"";

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The lines of five requests: two with the key and without on one connection with a third from
/// elsewhere, one that is ambiguous, one whose backend breaks off.
fn five_lines(origin: &Origin) -> Vec<Value> {
    let mut proxy = Config::over(origin)
        .load_test()
        .record("c.jsonl", false)
        .section(LOG)
        .start();
    let mut client = proxy.client();
    let long = "/api/loadtest/people/17?page=2&planted=planted";
    let agent = "User-Agent: k6/0.49.0 (planted@hospital.org)";
    let run = "X-Load-Test-Run: nightly-7";
    client.ask(&request("GET", long, &[&key(), agent, run]));
    let wrong = "X-Load-Test-Key: planted";
    client.ask(&request("GET", "/api/loadtest/people", &[wrong]));
    let far = "X-Forwarded-For: 198.51.100.7";
    let referer = "Referer: https://staging.test/planted";
    let none = "Content-Length: 0";
    client.ask(&request("POST", "/planted", &[far, referer, run, none]));
    assert_eq!(proxy.get("//planted", &[]).status, 400);
    assert_eq!(proxy.ask("POST", "/reset", &[none]).status, 502);
    assert!(proxy.stop().status.success());
    let path = proxy.folder.path().join("logs/access.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("planted") && !text.contains(KEY), "{text}");
    let mut lines = lines(&path);
    // Workers write one after the other.
    let place = |line: &Value| ["connection", "connection_requests"].map(|it| line[it].as_u64());
    lines.sort_by_key(place);
    lines
}

#[track_caller]
fn check(lines: &[Value], fields: &[&str], expected: &[Value]) {
    let of = |line: &Value| fields.iter().map(|field| line[field].clone()).collect();
    let found: Vec<Value> = lines.iter().map(of).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_request_has_a_line_refused_ones_included() {
    let origin = Origin::start();
    let upstream = origin.address.to_string();
    let lines = five_lines(&origin);
    check(
        &lines,
        &["request_method", "request_uri", "status", "refusal"],
        &[
            json!(["GET", "/api/loadtest/people/{id}?page=…&…=…", 200, null]),
            json!(["GET", "/api/loadtest/people", 403, "key"]),
            json!(["POST", "/{id}", 200, null]),
            json!(["GET", "//{id}", 400, "ambiguous"]),
            json!(["POST", "/{id}", 502, null]),
        ],
    );
    check(
        &lines,
        &["load_test_mode", "route", "run", "remote_addr"],
        &[
            json!(["1", "loadtest", "nightly-7", "127.0.0.1"]),
            json!(["1", "loadtest", null, "127.0.0.1"]),
            json!(["0", "other", null, "198.51.100.7"]),
            json!(["0", null, null, "127.0.0.1"]),
            json!(["0", "other", null, "127.0.0.1"]),
        ],
    );
    let connection = ["connection", "connection_requests"];
    let numbers = [[1, 1], [1, 2], [1, 3], [2, 1], [3, 1]].map(|it| json!(it));
    check(&lines, &connection, &numbers);
    check(
        &lines,
        &["upstream_addr", "upstream_status", "tries"],
        &[
            json!([upstream, 200, 1]),
            json!([null, null, 0]),
            json!([upstream, 200, 1]),
            json!([null, null, 0]),
            json!([upstream, null, 1]),
        ],
    );
    assert_eq!(lines[2]["http_referer"], "/{id}");
    let first = &lines[0];
    assert_eq!(first["http_user_agent"], "k6/0.49.0 (…)");
    let took = first["request_time"].as_f64().unwrap();
    assert!(took > 0.0 && first["upstream_response_time"].as_f64().unwrap() <= took);
    assert!(first["body_bytes_sent"].as_u64().unwrap() > 10);
    assert_eq!(first["request_id"].as_str().unwrap().len(), 36);
}

#[test]
fn rotation_by_signal_loses_no_line_and_no_request() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).section(LOG).start();
    let path = proxy.folder.path().join("logs/access.jsonl");
    let old = |rotation: usize| path.with_file_name(format!("old-{rotation}"));
    let done = AtomicBool::new(false);
    let sent: usize = thread::scope(|scope| {
        let load = || {
            let (mut client, mut sent) = (proxy.client(), 0);
            while !done.load(Ordering::Relaxed) {
                assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
                sent += 1;
            }
            sent
        };
        let load: Vec<_> = (0..2).map(|_| scope.spawn(load)).collect();
        for rotation in 0..3 {
            let is_used = || std::fs::metadata(&path).is_ok_and(|file| file.len() > 0);
            eventually("something is logged", || is_used().then_some(()));
            std::fs::rename(&path, old(rotation)).unwrap();
            proxy.signal("-USR1");
        }
        eventually("the last file is there", || path.exists().then_some(()));
        done.store(true, Ordering::Relaxed);
        load.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(proxy.stop().status.success());
    let written = (0..3)
        .map(old)
        .chain([path.clone()])
        .map(|path| lines(&path).len());
    assert_eq!(written.sum::<usize>(), sent);
}

#[test]
fn a_disk_that_does_not_take_it_disturbs_nobody() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).section(LOG).start_with_file_limit(4);
    let mut client = proxy.client();
    let mut sent = 0;
    let dropped = eventually("lines are dropped", || {
        assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
        sent += 1;
        let dropped = proxy.metric("rehearsal_access_log_dropped_total");
        (dropped > 0).then_some(dropped)
    });
    assert!(proxy.metric("rehearsal_access_log_errors_total") > 0);
    eventually("all are accounted for", || {
        let written = proxy.metric("rehearsal_access_log_lines_total");
        let dropped = proxy.metric("rehearsal_access_log_dropped_total");
        // Of the last one half may be written, and the rest waits.
        (written + dropped == sent).then_some(())
    });
    // A new file has room again, here.
    let path = proxy.folder.path().join("logs/access.jsonl");
    let old = path.with_extension("old");
    std::fs::rename(&path, &old).unwrap();
    proxy.signal("-USR1");
    eventually("there is a new file", || path.exists().then_some(()));
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!(
        ended.log.matches("cannot write the access log").count(),
        1,
        "{}",
        ended.log
    );
    assert_eq!(lines(&path).len(), 1);
    assert!(dropped > 0);
}

#[test]
fn a_log_that_cannot_be_opened_is_said_at_the_start() {
    let text = Config::over(&Origin::start())
        .section("[log]\naccess = \"/proc/nowhere/x\"")
        .text();
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("proxy.toml"), text).unwrap();
    let output = command(folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.starts_with("error: cannot open access log `/proc/nowhere/x`"),
        "{stderr}"
    );
}
