//! What the backend gets and what the client gets back: forwarded headers, ids, identity, bodies.
//!
//! The origin notes what it got; the client keeps what it was told.

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};

#[test]
fn the_backend_learns_whose_request_it_is() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .head("trusted_proxies = [\"127.0.0.1\"]")
        .start();
    let forwarded = [
        "X-Forwarded-For: 1.1.1.1, 198.51.100.7",
        "X-Forwarded-Proto: https",
    ];
    assert_eq!(proxy.get("/a?b=c", &forwarded).status, 200);
    let seen = origin.last();
    assert_eq!(seen.line, "GET /a?b=c HTTP/1.1");
    assert_eq!(seen.header("host"), Some("staging.test"));
    assert_eq!(seen.header("x-real-ip"), Some("198.51.100.7"));
    assert_eq!(
        seen.header("x-forwarded-for"),
        Some("1.1.1.1, 198.51.100.7, 127.0.0.1")
    );
    assert_eq!(seen.header("x-forwarded-proto"), Some("https"));
    assert_eq!(
        seen.header("x-forwarded-port"),
        Some(&*proxy.address.port().to_string())
    );
}

#[test]
fn a_request_without_a_host_goes_to_the_upstreams_name() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let old = "GET / HTTP/1.0\r\nX-Forwarded-For:\r\n\r\n";
    assert_eq!(proxy.client().ask(old).status, 200);
    let seen = origin.last();
    assert_eq!(seen.line, "GET / HTTP/1.1");
    assert_eq!(seen.header("host"), Some("staging"));
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    let named = "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n";
    assert_eq!(proxy.client().ask(named).status, 200);
    assert_eq!(origin.last().header("host"), Some("a.test"));
}

#[test]
fn a_stranger_cannot_say_how_it_came() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let forwarded = [
        "X-Forwarded-For: 198.51.100.7",
        "X-Real-IP: 8.8.8.8",
        "X-Forwarded-Proto: https",
    ];
    assert_eq!(proxy.get("/", &forwarded).status, 200);
    let seen = origin.last();
    assert_eq!(seen.header("x-real-ip"), Some("127.0.0.1"));
    assert_eq!(
        seen.header("x-forwarded-for"),
        Some("198.51.100.7, 127.0.0.1")
    );
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
}

#[test]
fn a_trusted_proxys_request_id_is_kept_and_any_other_replaced() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .head("trusted_proxies = [\"127.0.0.1\"]")
        .start();
    let kept = |proxy: &Proxy, id: &str| {
        let answer = proxy.get("/", &[&format!("X-Request-ID: {id}")]);
        let told = answer.header("x-request-id").unwrap();
        assert_eq!(origin.last().header("x-request-id"), Some(told));
        if told != id {
            assert_eq!(told.len(), 36, "{told}");
        }
        told == id
    };
    let nginx = "0123456789abcdef0123456789ABCDEF";
    assert!(kept(&proxy, nginx));
    assert!(kept(&proxy, "5c1d7f2e-8a4b-4c6d-9e0f-1a2b3c4d5e6f"));
    let word = "x".repeat(32);
    let dashes = "5c1d7f2e-8a4b-4c6d-9e0f11a2b3c4d5e6f";
    for other in ["trace-7", "jane.doe@example.com", "a b", &word, dashes] {
        assert!(!kept(&proxy, other), "{other}");
    }
    let own = format!("X-Request-ID: {nginx}");
    let twice = proxy.get("/", &[&own, &own]);
    assert_ne!(twice.header("x-request-id"), Some(nginx));
    let strangers = Config::over(&origin).start();
    assert!(!kept(&strangers, nginx));
}

/// What the origin says of hops is between it and the proxy.
#[test]
fn headers_between_origin_and_proxy_stay_there() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let answer = proxy.get("/hops", &[]);
    assert_eq!(answer.status, 200);
    for hop in ["keep-alive", "x-hop", "proxy-connection", "upgrade"] {
        assert_eq!(answer.header(hop), None, "{hop}");
    }
    assert_eq!(answer.header("x-end"), Some("stays"));
    assert_eq!(answer.header("connection"), Some("keep-alive"));
    assert_eq!(answer.body, "{\"saw\":\"GET /hops HTTP/1.1\"}");
}

#[test]
fn an_old_client_gets_no_chunks() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let old = "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let mut client = proxy.client();
    let answer = client.ask(old);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.rest(), "chunk");
    let answer = proxy.get("/chunked", &[]);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
}

#[test]
fn the_backend_stays_unnamed() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let answer = proxy.get("/", &[]);
    assert_eq!(answer.header("server"), None);
    assert_eq!(answer.header("x-powered-by"), None);
    assert_eq!(answer.header("x-load-test-mode"), None);
}

#[test]
fn bodies_pass_both_ways() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let mut client = proxy.client();
    let head = request("POST", "/a", &["Content-Length: 5"]);
    assert_eq!(
        client.ask(&format!("{head}hello")).body,
        r#"{"saw":"POST /a HTTP/1.1"}"#
    );
    assert_eq!(origin.last().body, "hello");
    let head = request("POST", "/a", &["Transfer-Encoding: chunked"]);
    let answer = client.ask(&format!("{head}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"));
    assert_eq!(answer.status, 200);
    assert_eq!(origin.last().body, "hello");
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"small\"\nprefix = \"/small\"\nbody_limit = \"4B\"")
        .start();
    let answer = proxy.ask("POST", "/small", &["Content-Length: 5"]);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["error"], "request body too large");
    let mut client = proxy.client();
    let head = request("POST", "/small", &["Transfer-Encoding: chunked"]);
    let answer = client.ask(&format!("{head}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"));
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["limit_bytes"], 4);
    let head = request("POST", "/small", &["Content-Length: 4"]);
    assert_eq!(proxy.client().ask(&format!("{head}hell")).status, 200);
}

#[test]
fn an_upgrade_passes_and_then_bytes_do() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"ws\"\nprefix = \"/ws\"\nbody_limit = \"4B\"")
        .start();
    let mut client = proxy.client();
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: x",
    ];
    let answer = client.ask(&request("GET", "/ws", &upgrade));
    assert_eq!(answer.status, 101);
    for word in ["hello", "world, longer than any body may be"] {
        client.send(word);
        assert_eq!(client.bytes(word.len()), word);
    }
    drop(client);
    eventually("the connection has ended", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
}
