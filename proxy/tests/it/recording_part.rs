//! Which part of the traffic is recorded: filters and samples, and that the rest is counted apart.

use std::collections::BTreeMap;

use trace::format::Capture;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, KEY, Proxy, request};
use crate::script;

/// Waits until so many are settled and left out, in `/status` and in the metrics.
#[track_caller]
fn told(proxy: &Proxy, offered: u64, filtered: u64) {
    eventually("all is settled", || {
        let recording = &proxy.status()["recording"];
        let told = recording["offered"] == offered && recording["left_out"]["filter"] == filtered;
        told.then_some(())
    });
    let metric = "rehearsal_record_left_out_total{reason=\"filter\"}";
    assert_eq!(proxy.metric(metric), filtered);
    assert_eq!(proxy.metric("rehearsal_recorded_total"), offered);
}

fn targets(capture: &Capture) -> Vec<(&str, u16)> {
    let exchanges = capture.exchanges.iter();
    exchanges
        .map(|it| (it.request.method.as_str(), it.response.status))
        .collect()
}

#[test]
fn what_a_filter_leaves_out_is_not_offered() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("only = { paths = [\"/api/v1/people\", \"/api/v1/*/notes/**\"], methods = [\"GET\", \"PUT\"] }")
        .keys("except = { body_over = \"1KB\", methods = [\"PUT\"] }")
        .start();
    let large = "x".repeat(1001);
    let put = |length: usize| {
        let head = request(
            "PUT",
            "/api/v1/people/notes/7",
            &[&format!("Content-Length: {length}")],
        );
        let answer = proxy.client().ask(&format!("{head}{}", &large[..length]));
        assert_eq!(answer.status, 200);
    };
    put(1000);
    put(1001);
    for target in [
        "/api/v1/people?x=/other",
        "/api/v1/swaps/notes",
        "/api/v1/people/7",
        "/other",
    ] {
        assert_eq!(proxy.get(target, &[]).status, 200);
    }
    assert_eq!(proxy.ask("DELETE", "/api/v1/people", &[]).status, 200);
    told(&proxy, 3, 4);
    let stopped = proxy.order("/record/stop", &[]).json();
    assert_eq!(stopped["closed"]["offered"], 3);
    assert_eq!(stopped["closed"]["left_out"]["filter"], 4);
    assert!(proxy.stop().status.success());
    let [capture] = &proxy.captures()[..] else {
        panic!("one capture");
    };
    assert_eq!(targets(capture), [("PUT", 200), ("GET", 200), ("GET", 200)]);
    let footer = capture.footer.as_ref().unwrap();
    assert_eq!((footer.left_out.filter, footer.offered), (4, 3));
}

#[test]
fn a_status_is_known_only_at_the_end() {
    let origin = script::origin(|peer| {
        while let Some(head) = peer.head() {
            let status = head.split('/').nth(1).unwrap();
            let status = status.split(' ').next().unwrap();
            peer.send(&format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let mut proxy = Config::to(origin)
        .recording()
        .keys("only = { statuses = [\"4xx\", \"502\", \"none\"] }")
        .keys("except = { statuses = [\"418\"] }")
        .route("name = \"down\"\nprefix = \"/broken\"")
        .start();
    for status in [200, 404, 418, 451, 500] {
        assert_eq!(proxy.get(&format!("/{status}"), &[]).status, status);
    }
    // Nothing that an HTTP status could be: the proxy answers itself.
    assert_eq!(proxy.get("/broken", &[]).status, 502);
    told(&proxy, 3, 3);
    assert!(proxy.stop().status.success());
    let seen = &proxy.captures()[0];
    assert_eq!(targets(seen), [("GET", 404), ("GET", 451), ("GET", 502)]);
}

#[test]
fn a_sample_of_exchanges_is_drawn_one_by_one() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("sample = 0.5\nsample_by = \"exchange\"")
        .start();
    let mut client = proxy.client();
    for _ in 0..200 {
        assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    }
    let recording = eventually("all is settled", || {
        let recording = proxy.status()["recording"].clone();
        let number = |pointer| recording.pointer(pointer).unwrap().as_u64().unwrap();
        (number("/offered") + number("/left_out/sample") == 200).then_some(recording)
    });
    assert_eq!(recording["waiting"], 0);
    let left_out = recording["left_out"]["sample"].as_u64().unwrap();
    // Ten standard deviations to either side.
    assert!((30..=170).contains(&left_out), "{left_out}");
    let metric = "rehearsal_record_left_out_total{reason=\"sample\"}";
    assert_eq!(proxy.metric(metric), left_out);
    assert!(proxy.stop().status.success());
    let capture = &proxy.captures()[0];
    assert_eq!(capture.exchanges.len() as u64, 200 - left_out);
    assert_eq!(
        (capture.header.sample, &*capture.header.sampled_by),
        (0.5, "exchange")
    );
}

#[test]
fn a_user_is_in_the_sample_as_a_whole_or_not_at_all() {
    const USERS: u64 = 40;
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("sample = 0.5")
        .start();
    let mut client = proxy.client();
    for _ in 0..3 {
        for user in 0..USERS {
            let credential = format!("Authorization: Bearer made-up-token-{user:016}");
            let asked = request("GET", "/api/v1/people", &[&credential]);
            assert_eq!(client.ask(&asked).status, 200);
        }
    }
    let stopped = proxy.order("/record/stop", &[]).json();
    let number = |pointer: &str| {
        stopped["closed"]
            .pointer(pointer)
            .unwrap()
            .as_u64()
            .unwrap()
    };
    let (recorded, left_out) = (number("/exchanges"), number("/left_out/sample"));
    assert_eq!(
        (recorded + left_out, number("/offered")),
        (3 * USERS, recorded)
    );
    // Six standard deviations to either side.
    let range = 3..=3 * (USERS - 1);
    assert!(range.contains(&recorded), "{recorded}");
    assert!(proxy.stop().status.success());
    let mut times = BTreeMap::<_, u64>::new();
    for exchange in &proxy.captures()[0].exchanges {
        *times.entry(exchange.user.clone()).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 3), "{times:?}");
}

#[test]
fn a_key_marks_the_capture_and_is_shown_nowhere() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .recording()
        .keys("mode = \"keyed\"\nkey = { env = \"LOAD_TEST_KEY\" }")
        .start();
    assert_eq!(proxy.get("/api/v1/people", &[]).status, 200);
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    let written = std::fs::read_to_string(proxy.capture()).unwrap();
    assert!(!written.contains(KEY) && !ended.log.contains(KEY));
    assert_eq!(proxy.captures()[0].header.mode, "keyed");
}
