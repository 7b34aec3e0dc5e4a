//! Captures that give way by themselves, at a size or after a time: nothing is lost between them.

use std::fs;
use std::path::Path;

use serde_json::json;
use trace::exchange::Exchange;

use crate::eventually;
use crate::load::Load;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};
use crate::service::{Service, gone};

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("capture")).collect();
    names.sort();
    names
}

/// Waits until the capture in the making has this name.
#[track_caller]
fn goes_on_in(proxy: &Proxy, name: &str, mut meanwhile: impl FnMut()) {
    eventually(name, || {
        meanwhile();
        (proxy.admin("/record").json()["file"] == name).then_some(())
    });
}

#[test]
fn a_large_capture_gives_way_under_load_and_nothing_is_lost() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("rotate = { size = \"64KiB\", every = \"24h\" }")
        .start();
    let load = Load::start(proxy.address);
    goes_on_in(&proxy, "capture-4.jsonl", || ());
    let sent = load.end();
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    let captures = proxy.captures();
    assert!(captures.len() >= 4);
    assert_eq!(ended.log.matches("capture closed").count(), captures.len());
    let recorded: usize = captures.iter().map(|capture| capture.exchanges.len()).sum();
    assert_eq!(recorded, sent);
    // They are on one clock, one after the other.
    let mut last = None;
    for capture in &captures {
        let (header, footer) = (&capture.header, capture.footer.as_ref().unwrap());
        assert_eq!(header.clock, captures[0].header.clock);
        assert_eq!(footer.offered, footer.exchanges);
        assert!(last.is_none_or(|last| last < header.starts_ns));
        last = Some(header.starts_ns);
    }
    assert_eq!(captures[0].header.starts_ns, 0);
    let ends = captures.iter().map(|capture| {
        let last = capture
            .exchanges
            .last()
            .map_or(0, |exchange| exchange.at_ns);
        capture.header.starts_ns + last
    });
    assert!(ends.is_sorted());
}

#[test]
fn an_old_capture_gives_way() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("rotate = { every = \"1s\" }")
        .start();
    let mut sent = 0;
    goes_on_in(&proxy, "capture-2.jsonl", || {
        assert_eq!(proxy.get("/", &[]).status, 200);
        sent += 1;
    });
    assert!(proxy.stop().status.success());
    let captures = proxy.captures();
    let starts: Vec<_> = captures.iter().map(|it| it.header.starts_ns).collect();
    assert!(starts[1] >= 1_000_000_000, "{starts:?}");
    let recorded: usize = captures.iter().map(|capture| capture.exchanges.len()).sum();
    assert_eq!(recorded, sent);
}

#[test]
fn a_next_capture_that_cannot_be_begun_leaves_the_old_one_going() {
    let origin = Origin::start();
    let config = |file: &str| {
        let size = "rotate = { size = \"64KiB\" }";
        Config::over(&origin).record(file, true).keys(size)
    };
    let service = Service::start(&config("sub/capture.jsonl"));
    let proxy = &service.proxy;
    let mut client = proxy.client();
    let mut sent = 0;
    let mut ask = || {
        assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
        sent += 1;
    };
    let elsewhere = config("proxy.toml/capture.jsonl").text();
    assert!(service.reload(&elsewhere).contains("reloaded"));
    eventually("it was tried", || {
        ask();
        (proxy.metric("rehearsal_recording_errors_total") > 0).then_some(())
    });
    service.logged("not rotated: cannot create capture `proxy.toml/capture.jsonl`");
    service.logged("recording goes on to sub/capture.jsonl");
    ask();
    let stopped = proxy.order("/record/stop", &[]).json();
    let closed = &stopped["closed"];
    assert_eq!(
        (&closed["exchanges"], &closed["offered"]),
        (&json!(sent), &json!(sent))
    );
    assert_eq!(closed["file"], "sub/capture.jsonl");
}

/// The old one waits for a request, the new one is going, and the process is told to stop.
#[test]
fn a_stop_while_a_rotation_is_under_way_closes_both() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("rotate = { size = \"64KiB\" }")
        .start();
    let mut slow = proxy.client();
    slow.send(&request("GET", "/slow", &[]));
    let mut client = proxy.client();
    let mut sent = 1;
    goes_on_in(&proxy, "capture-2.jsonl", || {
        for _ in 0..10 {
            assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
            sent += 1;
        }
    });
    assert_eq!(
        files(proxy.folder.path()),
        ["capture-2.jsonl.partial", "capture.jsonl.partial"]
    );
    proxy.terminate();
    eventually("it stops", || {
        (proxy.admin("/readyz").status == 503).then_some(())
    });
    origin.release();
    assert_eq!(slow.answer().status, 200);
    let ended = proxy.ended();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!(
        files(proxy.folder.path()),
        ["capture-2.jsonl", "capture.jsonl"]
    );
    let captures = proxy.captures();
    let recorded: usize = captures.iter().map(|capture| capture.exchanges.len()).sum();
    assert_eq!(recorded, sent);
    // What began in the first one is there, though it ended later.
    let next = captures[1].header.starts_ns;
    let ends = |exchange: &Exchange| exchange.at_ns + exchange.timing.total_ns;
    assert!(captures[0].exchanges.iter().any(|it| ends(it) > next));
}

#[test]
fn an_upgrade_while_a_rotation_is_under_way_loses_nothing() {
    let origin = Origin::start();
    let config = Config::over(&origin)
        .recording()
        .keys("rotate = { size = \"64KiB\" }");
    let service = Service::start(&config);
    let proxy = &service.proxy;
    let mut slow = proxy.client();
    slow.send(&request("GET", "/slow", &[]));
    let mut sent = 1;
    goes_on_in(proxy, "capture-2.jsonl", || {
        for _ in 0..10 {
            assert_eq!(proxy.get("/", &[]).status, 200);
            sent += 1;
        }
    });
    let before = service.upgrade();
    service.logged("the new process serves");
    assert_eq!(proxy.get("/", &[]).status, 200);
    origin.release();
    assert_eq!(slow.answer().status, 200);
    gone(before);
    service.stop();
    let names = ["capture-2.jsonl", "capture-3.jsonl", "capture.jsonl"];
    assert_eq!(files(proxy.folder.path()), names);
    let captures = proxy.captures();
    let recorded: usize = captures.iter().map(|capture| capture.exchanges.len()).sum();
    assert_eq!(recorded, sent + 1);
}
