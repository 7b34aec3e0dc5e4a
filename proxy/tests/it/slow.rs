//! Clients that take their time: each is cut off when it is up, and nobody else notices.
//!
//! The times are short and configured; the tests wait for what happens, not for a clock.

use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};

/// Sends a piece time and again until nobody takes it any more, or for ten seconds.
#[track_caller]
fn drip(client: &mut Client, piece: &str) {
    for _ in 0..1000 {
        if client.try_send(piece).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("nobody stopped it");
}

/// Everybody else is answered, and the slow one is gone.
#[track_caller]
fn only_others(proxy: &Proxy) {
    assert_eq!(proxy.get("/", &[]).status, 200);
    eventually("the slow one is gone", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
}

fn start(origin: &Origin, client: &str) -> Proxy {
    Config::over(origin)
        .section(&format!("[client]\n{client}"))
        .start()
}

#[test]
fn a_header_that_never_ends_is_cut_off() {
    let origin = Origin::start();
    let proxy = start(&origin, "header_timeout = \"100ms\"");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: staging.test\r\n");
    drip(&mut client, "X: y\r\n");
    assert!(origin.seen().is_empty());
    let mut silent = proxy.client();
    silent.send("G");
    assert_eq!(silent.answer().status, 408);
    assert!(silent.is_closed());
    only_others(&proxy);
}

#[test]
fn the_header_has_its_time_anew_in_each_request() {
    let origin = Origin::start();
    let proxy = start(&origin, "header_timeout = \"300ms\"");
    let mut client = proxy.client();
    // Longer than one header may take, all together.
    for _ in 0..20 {
        client.send("GET / HTTP/1.1\r\n");
        thread::sleep(Duration::from_millis(20));
        assert_eq!(client.ask("Host: staging.test\r\n\r\n").status, 200);
    }
}

#[test]
fn a_slow_answer_is_not_the_clients_fault() {
    let origin = Origin::start();
    let times = "header_timeout = \"50ms\"\nidle_timeout = \"50ms\"\nbody_timeout = \"50ms\"\nbody_grace = \"50ms\"";
    let proxy = start(&origin, times);
    let mut plain = proxy.client();
    plain.send(&request("GET", "/slow", &[]));
    let mut with_body = proxy.client();
    with_body.send(&(request("POST", "/slow", &["Content-Length: 4"]) + "body"));
    eventually("both are in flight", || {
        (origin.seen().len() == 2).then_some(())
    });
    // Until somebody who idles since then has been cut off.
    assert!(proxy.client().is_closed());
    origin.release();
    assert_eq!(plain.answer().status, 200);
    assert_eq!(with_body.answer().status, 200);
}

#[test]
fn an_idle_connection_is_closed() {
    let origin = Origin::start();
    let proxy = start(&origin, "idle_timeout = \"50ms\"");
    assert!(proxy.client().is_closed());
    let mut client = proxy.client();
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    assert!(client.is_closed());
    only_others(&proxy);
}

#[test]
fn a_body_that_crawls_is_cut_off() {
    let origin = Origin::start();
    let proxy = start(
        &origin,
        "min_body_rate = \"10KiB/s\"\nbody_grace = \"100ms\"",
    );
    let mut client = proxy.client();
    client.send(&request("POST", "/", &["Content-Length: 1000000"]));
    // A hundred bytes a second.
    drip(&mut client, "x");
    only_others(&proxy);
}

#[test]
fn a_body_that_pauses_is_cut_off() {
    let origin = Origin::start();
    let proxy = start(&origin, "min_body_rate = \"0B/s\"\nbody_timeout = \"50ms\"");
    let mut client = proxy.client();
    client.send(&(request("POST", "/", &["Content-Length: 100"]) + "half"));
    assert_eq!(client.answer().status, 408);
    assert!(client.is_closed());
    only_others(&proxy);
}

#[test]
fn a_body_in_time_is_taken() {
    let origin = Origin::start();
    let proxy = start(
        &origin,
        "min_body_rate = \"1KiB/s\"\nbody_grace = \"100ms\"\nheader_timeout = \"100ms\"",
    );
    let mut client = proxy.client();
    client.send(&request("POST", "/", &["Content-Length: 20000"]));
    for _ in 0..20 {
        client.send(&"x".repeat(1000));
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.answer().status, 200);
    assert_eq!(origin.last().body.len(), 20_000);
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let origin = Origin::start();
    let proxy = start(&origin, "send_timeout = \"100ms\"");
    let mut client = proxy.client();
    // More than all buffers on the way hold.
    client.send(&request("GET", "/large", &[]));
    eventually("it is cut off", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
    only_others(&proxy);
    drop(client);
}

#[test]
fn a_tunnel_may_be_silent() {
    let origin = Origin::start();
    let times = "header_timeout = \"50ms\"\nidle_timeout = \"50ms\"\nbody_timeout = \"50ms\"\nbody_grace = \"50ms\"";
    let proxy = start(&origin, times);
    let mut client = proxy.client();
    let upgrade = ["Connection: Upgrade", "Upgrade: websocket"];
    assert_eq!(client.ask(&request("GET", "/ws", &upgrade)).status, 101);
    assert!(proxy.client().is_closed());
    client.send("ping");
    assert_eq!(client.bytes(4), "ping");
}
