//! The admin address: health, readiness, metrics, status.
//!
//! Requests are counted once answered, so the tests wait for counts.

use serde_json::json;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, request};

#[test]
fn health_and_readiness_are_said() {
    let proxy = Config::over(&Origin::start()).start();
    assert_eq!(proxy.admin("/healthz").json(), json!({"status": "ok"}));
    assert_eq!(proxy.admin("/readyz").json(), json!({"status": "ready"}));
    assert_eq!(proxy.admin("/").status, 404);
    assert_eq!(proxy.admin("/status/").status, 404);
}

#[test]
fn status_counts_connections_and_requests() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let mut client = proxy.client();
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    let off = json!({
        "state": "off", "file": null, "offered": 0, "recorded": 0,
        "dropped": {"queue": 0, "size": 0, "policy": 0, "write": 0},
        "left_out": {"filter": 0, "sample": 0}, "waiting": 0,
    });
    let captures = json!({"clean": 0, "quarantined": 0, "failed": 0, "findings": 0});
    // A request is counted once its answer has been sent.
    let status = eventually("both are counted", || {
        Some(proxy.status()).filter(|status| status["requests"] == 2)
    });
    let expected = json!({"connections": 1, "requests": 2, "recording": off, "captures": captures});
    assert_eq!(status, expected);
    drop(client);
    eventually("the connection is gone", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
}

#[test]
fn a_promise_to_go_on_is_no_answer() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let mut client = proxy.client();
    client.send(&request("GET", "/continue", &["Expect: 100-continue"]));
    assert_eq!(client.bytes(12), "HTTP/1.1 100");
    drop(client);
    eventually("it is counted", || {
        let metrics = proxy.admin("/metrics").body;
        let none = "rehearsal_requests_total{class=\"none\",route=\"other\"} 1";
        metrics.contains(none).then_some(())
    });
}

#[test]
fn metrics_carry_route_names_and_never_paths() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .load_test()
        .route("name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"1/h\" }")
        .start();
    for path in [
        "/secret-path",
        "/limited",
        "/limited",
        "/api/loadtest/x",
        "/api/loadtest",
    ] {
        proxy.get(path, &[]);
    }
    eventually("all are counted", || {
        (proxy.status()["requests"] == 5).then_some(())
    });
    let metrics = proxy.admin("/metrics");
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4")
    );
    for line in [
        "rehearsal_requests_total{class=\"2xx\",route=\"other\"} 1",
        "rehearsal_requests_total{class=\"4xx\",route=\"limited\"} 1",
        "rehearsal_requests_total{class=\"4xx\",route=\"loadtest\"} 1",
        "rehearsal_requests_total{class=\"4xx\",route=\"none\"} 1",
        "rehearsal_limited_total{route=\"limited\"} 1",
        "rehearsal_refusals_total{reason=\"rate\"} 1",
        "rehearsal_refusals_total{reason=\"key\"} 1",
        "rehearsal_refusals_total{reason=\"not_found\"} 1",
        "rehearsal_request_duration_seconds_count{route=\"limited\"} 2",
        "rehearsal_offered_total 0",
        "rehearsal_dropped_total{reason=\"queue\"} 0",
        "rehearsal_waiting 0",
    ] {
        assert!(
            metrics.body.lines().any(|l| l == line),
            "{line} is not in\n{}",
            metrics.body
        );
    }
    assert!(!metrics.body.contains("secret-path"));
}

#[test]
fn orders_are_taken_from_tools_and_not_from_pages() {
    let proxy = Config::over(&Origin::start())
        .record("c.jsonl", false)
        .start();
    for header in [
        "Origin: http://127.0.0.1:9090",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        assert_eq!(
            proxy.order("/record/start", &[header]).status,
            403,
            "{header}"
        );
    }
    let body = proxy.order(
        "/record/start",
        &["Content-Length: 2", "Connection: close", "", "{}"],
    );
    assert_eq!(body.status, 400);
    let read = proxy.admin("/record/start");
    assert_eq!((read.status, read.header("allow")), (405, Some("POST")));
    let written = proxy.order("/record", &[]);
    assert_eq!(
        (written.status, written.header("allow")),
        (405, Some("GET, HEAD"))
    );
    assert_eq!(proxy.order("/healthz", &[]).status, 405);
    assert_eq!(proxy.order("/record/", &[]).status, 404);
    assert_eq!(proxy.order("/record/pause", &[]).status, 404);
    assert_eq!(proxy.admin("/record").json()["state"], "off");
    assert_eq!(
        proxy
            .order("/record/start", &["Sec-Fetch-Site: none"])
            .status,
        200
    );
    assert_eq!(proxy.admin("/record").json()["state"], "recording");
}
