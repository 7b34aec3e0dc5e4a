//! Upstreams that are down, slow or broken, and the choice between several.
//!
//! Origins break in each way that a backend can.

use std::net::{SocketAddr, TcpListener};

use crate::origin::Origin;
use crate::proxy::{Config, request};

/// An address that nobody listens on.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[test]
fn an_upstream_that_is_down_is_502() {
    let mut origin = Origin::start();
    origin.address = nowhere();
    let proxy = Config::over(&origin).load_test().start();
    let id = "0123456789abcdef0123456789abcdef";
    let answer = proxy.get("/", &[&format!("X-Request-ID: {id}")]);
    assert_eq!(answer.status, 502);
    let json = answer.json();
    assert_eq!(json["error"], "upstream unavailable");
    assert_eq!(json["request_id"], id);
    let metrics = proxy.admin("/metrics").body;
    let line = "rehearsal_upstream_errors_total{kind=\"connect\",upstream=\"staging\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn an_upstream_that_breaks_off_is_502() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let answer = proxy.ask("POST", "/reset", &["Content-Length: 0"]);
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["error"], "upstream unavailable");
    assert_eq!(origin.seen().len(), 1, "a POST is not sent twice");
}

#[test]
fn an_upstream_that_is_too_slow_is_504() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"slow\"\nprefix = \"/slow\"\ntimeouts = { read = \"50ms\" }")
        .start();
    let answer = proxy.get("/slow", &[]);
    assert_eq!(answer.status, 504);
    let json = answer.json();
    assert_eq!(json["error"], "upstream timed out");
    assert_eq!(json["request_id"], answer.header("x-request-id").unwrap());
}

#[test]
fn a_server_that_is_down_is_passed_over() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .server(nowhere())
        .upstream("balance = \"round-robin\"")
        .start();
    for _ in 0..6 {
        assert_eq!(proxy.ask("POST", "/", &["Content-Length: 0"]).status, 200);
    }
    assert_eq!(origin.seen().len(), 6);
}

#[test]
fn servers_take_turns() {
    let (first, second) = (Origin::start(), Origin::start());
    let proxy = Config::over(&first)
        .server(second.address)
        .upstream("balance = \"round-robin\"")
        .start();
    for _ in 0..6 {
        assert_eq!(proxy.get("/", &[]).status, 200);
    }
    assert_eq!((first.seen().len(), second.seen().len()), (3, 3));
}

#[test]
fn a_connection_carries_no_more_requests_than_it_may() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .upstream("keepalive_requests = 3")
        .start();
    let mut client = proxy.client();
    for _ in 0..6 {
        assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    }
    let closing: Vec<_> = origin
        .seen()
        .iter()
        .map(|seen| seen.header("connection") == Some("close"))
        .collect();
    assert_eq!(closing, [false, false, true, false, false, true]);
    assert_eq!(origin.connections(), 2);
}
