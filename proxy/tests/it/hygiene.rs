//! Requests that two parsers could read differently: 400, and the connection is closed.
//!
//! Bytes are sent as they are, each with a second request behind it.

use crate::origin::Origin;
use crate::proxy::{Config, request};

const TARGETS: [&str; 23] = [
    "//api/loadtest/x",
    "/api/./loadtest/x",
    "/x/../api/loadtest/x",
    "/api%2floadtest/x",
    "/api%2Floadtest/x",
    "/api/%2e%2e/x",
    "/api%5cloadtest",
    "/api\\loadtest/x",
    "/api/%00",
    "/api/%zz",
    "/api/..;/x",
    "/api/v1/auth/%6cogin",
    "/api/%6coadtest/people",
    "/api/v1/people?page=2#top",
    "/api/v1/people?page=2 3",
    "/api/v1/people 2",
    "/ HTTP/1.1",
    " /",
    "/?a\tb",
    "/?a\x01b",
    "/?a\x7fb",
    "http://staging.test/api/loadtest/x",
    "*",
];

#[test]
fn ambiguous_requests_are_refused_and_the_connection_closed() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let mut requests: Vec<_> = TARGETS
        .iter()
        .map(|target| request("GET", target, &[]))
        .collect();
    requests.extend([
        request(
            "POST",
            "/",
            &["Content-Length: 3", "Transfer-Encoding: chunked"],
        ),
        request(
            "POST",
            "/",
            &["Transfer-Encoding: chunked", "Content-Length: 3"],
        ),
        request("POST", "/", &["Content-Length: 3", "Content-Length: 3"]),
        request("POST", "/", &["Content-Length: 3, 3"]),
        request("POST", "/", &["Transfer-Encoding: gzip, chunked"]),
        request("POST", "/", &["Transfer-Encoding: xchunked"]),
        request("GET", "/", &["Host: other.test"]),
        request("GET", "/", &["X-Name : value"]),
        request("GET", "/", &["X Name: value"]),
        request("GET", "/", &["X-Name: a\rb"]),
        request("GET", "/", &["X-Name: value", " folded"]),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost: staging.test\n\n".to_owned(),
    ]);
    for ambiguous in requests {
        let mut client = proxy.client();
        // A second request rides along: it must not be answered.
        client.send(&format!("{ambiguous}{}", request("GET", "/second", &[])));
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{ambiguous:?}");
        assert!(client.is_closed(), "{ambiguous:?}");
    }
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
}

#[test]
fn our_refusal_says_what_was_ambiguous() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let answer = proxy.get("//", &[]);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("connection"), Some("close"));
    let json = answer.json();
    assert_eq!(json["error"], "ambiguous request");
    assert_eq!(json["reason"], "an empty path segment");
}

#[test]
fn every_request_of_a_connection_is_looked_at() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let mut client = proxy.client();
    let body = format!("{}a b c", request("POST", "/", &["Content-Length: 5"]));
    assert_eq!(client.ask(&body).status, 200);
    assert_eq!(
        client
            .ask(&request("GET", "/a", &["X-Words: a b c d"]))
            .status,
        200
    );
    let answer = client.ask(&request("GET", "/?a b", &[]));
    assert_eq!(answer.status, 400);
    let reason = "a space or control character in the target";
    assert_eq!(answer.json()["reason"], reason);
    assert!(client.is_closed());
}

#[test]
fn headers_that_are_too_large_are_431() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let half = format!("X-Large: {}", "x".repeat(100 * 1024));
    assert_eq!(proxy.get("/", &[&half]).status, 200);
    let mut client = proxy.client();
    let answer = client.ask(&request("GET", "/", &[&half, &half]));
    assert_eq!(answer.status, 431);
    assert_eq!(answer.json()["error"], "request headers too large");
    assert!(client.is_closed());
}
