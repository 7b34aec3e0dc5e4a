//! The way down: quick when idle, patient with requests in flight, within its deadline.
//!
//! Signals are real; so are the deadlines, kept short.

use trace::exchange::{Exchange, Flag};
use trace::format::Capture;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};

#[test]
fn an_idle_proxy_ends_at_once() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).start();
    let mut idle = proxy.client();
    assert_eq!(idle.ask(&request("GET", "/", &[])).status, 200);
    let ended = proxy.stop();
    assert!(ended.status.success());
    assert!(!ended.log.contains("cut off"), "{}", ended.log);
    assert!(idle.is_closed());
}

#[test]
fn a_request_in_flight_gets_its_answer() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).recording().start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    proxy.terminate();
    eventually("it stops", || {
        (proxy.admin("/readyz").status == 503).then_some(())
    });
    assert_eq!(proxy.admin("/healthz").status, 200);
    origin.release();
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("connection"), Some("close"));
    let ended = proxy.ended();
    assert!(ended.status.success());
    assert!(
        ended
            .log
            .contains("capture closed: capture.jsonl, 1 exchanges"),
        "{}",
        ended.log
    );
}

#[test]
fn a_request_that_takes_too_long_is_cut_off() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .head("shutdown_timeout = \"100ms\"")
        .recording()
        .start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    let ended = proxy.stop();
    assert!(ended.status.success());
    assert!(ended.log.contains("cut off"), "{}", ended.log);
    only_aborted(&proxy);
}

#[test]
fn who_is_told_twice_does_not_wait() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .head("shutdown_timeout = \"1h\"")
        .recording()
        .start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    proxy.terminate();
    eventually("it stops", || {
        (proxy.admin("/readyz").status == 503).then_some(())
    });
    let ended = proxy.stop();
    assert!(ended.status.success());
    assert!(ended.log.contains("told twice"), "{}", ended.log);
    only_aborted(&proxy);
}

/// What was cut off is in the capture, as such.
#[track_caller]
fn only_aborted(proxy: &Proxy) {
    let capture = Capture::read(&proxy.capture()).unwrap();
    let aborted = |exchange: &Exchange| exchange.flags.contains(&Flag::Aborted);
    let aborted: Vec<_> = capture.exchanges.iter().map(aborted).collect();
    assert_eq!(aborted, [true]);
}
