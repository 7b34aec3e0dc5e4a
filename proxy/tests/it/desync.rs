//! Where messages end: proxy, client and server must agree on it, whatever any of them says.
//!
//! What two sides could count differently never reaches a connection that is used again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crate::origin::Origin;
use crate::proxy::{Config, request};
use crate::script;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How many connections an origin got that always answers the same, from two requests.
fn connections(bytes: &'static str) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let origin = script::origin(move |peer| {
        counted.fetch_max(peer.number + 1, Ordering::SeqCst);
        while peer.head().is_some() {
            peer.send(bytes);
        }
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    for _ in 0..2 {
        client.send(&request("GET", "/", &[]));
        let answer = client.head();
        assert!(matches!(answer.status, 200 | 204 | 304), "{answer:?}");
        if answer.status == 200 {
            assert_eq!(client.bytes(2), "ok");
        }
    }
    count.load(Ordering::SeqCst)
}

#[test]
fn what_follows_an_answer_poisons_the_connection() {
    assert_eq!(connections(OK), 1);
    assert_eq!(
        connections("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 403 No\r\n\r\n"),
        2
    );
    assert_eq!(connections("HTTP/1.1 204 No\r\n\r\n"), 1);
    assert_eq!(
        connections("HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok"),
        2
    );
    let stale = "HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(connections(stale), 1);
}

#[test]
fn old_servers_keep_connections_only_when_they_say_so() {
    assert_eq!(
        connections("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        2
    );
    let kept = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
    assert_eq!(connections(kept), 1);
}

#[test]
fn answers_without_a_body_say_so() {
    let lengths = |bytes: &'static str, method: &str| {
        let proxy = Config::to(script::answering(bytes)).start();
        let mut client = proxy.client();
        let mut length = || {
            client.send(&request(method, "/", &[]));
            let answer = client.head();
            (
                answer.status,
                answer.header("content-length").map(str::to_owned),
            )
        };
        let first = length();
        assert_eq!(length(), first, "{bytes:?}");
        first
    };
    let none = "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(lengths(none, "GET"), (204, None));
    let same = "HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(lengths(same, "GET"), (304, Some("2".to_owned())));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(lengths(head, "HEAD"), (200, Some("2".to_owned())));
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(lengths(chunks, "HEAD"), (200, None));
}

#[test]
fn answers_that_can_be_read_in_two_ways_are_502() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Name: a\r\n folded\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "ok\r\n\r\n",
    ] {
        let proxy = Config::to(script::answering(bytes)).start();
        let answer = proxy.get("/", &[]);
        assert_eq!(answer.status, 502, "{bytes:?}");
    }
}

#[test]
fn an_answer_that_is_cut_short_is_noticed() {
    let cut = |bytes: &'static str| {
        let origin = script::origin(move |peer| {
            peer.head();
            peer.send(bytes);
        });
        let proxy = Config::to(origin).start();
        let mut client = proxy.client();
        client.send(&request("GET", "/", &[]));
        assert_eq!(client.head().status, 200);
        client.rest()
    };
    assert_eq!(
        cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf"),
        "half"
    );
    let rest = cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf");
    assert_eq!(rest, "4\r\nhalf\r\n");
}

/// Where the end of the connection is the end of the answer, a reset must not pass for it.
#[test]
fn a_reset_is_not_the_end_of_an_answer() {
    let (read, was_read) = mpsc::channel::<()>();
    let was_read = Mutex::new(was_read);
    let origin = script::origin(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
        was_read.lock().unwrap().recv().unwrap();
        peer.await_unread();
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    let body = "x".repeat(100_000);
    client.send(&(request("POST", "/", &["Content-Length: 100000"]) + &body));
    assert_eq!(client.head().status, 200);
    assert_eq!(client.bytes(9), "4\r\nhalf\r\n");
    read.send(()).unwrap();
    assert_eq!(client.rest(), "");
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    let mut client = proxy.client();
    let post = request("POST", "/b", &["Transfer-Encoding: chunked"]);
    let all = format!(
        "{}{post}3\r\nabc\r\n0\r\n\r\n\r\n{}{}",
        request("GET", "/a", &[]),
        request("GET", "/c", &["Content-Length: 2"]) + "xy",
        request("GET", "/d", &["Connection: close"]),
    );
    client.send(&all);
    for line in ["GET /a", "POST /b", "GET /c", "GET /d"] {
        let body = client.answer().body;
        assert_eq!(body, format!("{{\"saw\":\"{line} HTTP/1.1\"}}"));
    }
    assert!(client.is_closed());
    let bodies: Vec<_> = origin.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["", "abc", "xy", ""]);
    assert_eq!(origin.connections(), 1);
}

/// The server has answered, but may still take what comes for the rest of the body.
#[test]
fn an_answer_before_the_body_ends_both_connections() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let origin = script::origin(move |peer| {
        counted.fetch_max(peer.number + 1, Ordering::SeqCst);
        while peer.head().is_some() {
            peer.send(OK);
        }
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    let post = request("POST", "/", &["Content-Length: 100"]);
    let answer = client.ask(&format!("{post}GET /smuggled HTTP/1.1\r\n"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("connection"), Some("close"));
    client.send("Host: a\r\n\r\n");
    assert!(client.is_closed());
    assert_eq!(proxy.get("/", &[]).status, 200);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn a_client_may_wait_to_be_told_to_go_on() {
    let origin = script::origin(|peer| {
        assert!(peer.head().unwrap().contains("Expect: 100-continue\r\n"));
        peer.send("HTTP/1.1 100 Continue\r\nContent-Length: 7\r\nX-Hint: 1\r\n\r\n");
        assert_eq!(peer.read(5), "hello");
        peer.send(OK);
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    let expect = ["Content-Length: 5", "Expect: 100-continue"];
    client.send(&request("POST", "/", &expect));
    let told = client.head();
    assert_eq!(told.status, 100);
    assert_eq!(told.header("content-length"), None);
    assert_eq!(told.header("x-hint"), Some("1"));
    let answer = client.ask("hello");
    assert_eq!(answer.body, "ok");
    assert_eq!(answer.header("connection"), Some("keep-alive"));
}

#[test]
fn a_client_that_waits_may_be_told_no() {
    let proxy = Config::to(script::answering(
        "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
    ))
    .route("name = \"small\"\nprefix = \"/small\"\nbody_limit = \"4B\"")
    .start();
    let expect = ["Content-Length: 5", "Expect: 100-continue"];
    for (path, status) in [("/", 417), ("/small", 413)] {
        let mut client = proxy.client();
        let answer = client.ask(&request("POST", path, &expect));
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.is_closed());
    }
}

#[test]
fn a_client_that_waits_is_told_where_nothing_is_forwarded() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .section("[[route]]\nname = \"mirror\"\nprefix = \"/mirror\"\nanswer = 204")
        .start();
    let mut client = proxy.client();
    let expect = ["Content-Length: 5", "Expect: 100-continue"];
    client.send(&request("POST", "/mirror", &expect));
    assert_eq!(client.head().status, 100);
    client.send("hello");
    assert_eq!(client.head().status, 204);
    // Who has sent it all is told nothing.
    client.send(&(request("POST", "/mirror", &expect) + "hello"));
    assert_eq!(client.head().status, 204);
}

#[test]
fn methods_that_change_what_a_message_is_are_refused() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).start();
    for method in ["CONNECT", "TRACE"] {
        let answer = proxy.ask(method, "/", &[]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.json()["error"], "method not allowed");
        assert!(answer.header("allow").unwrap().contains("GET"));
    }
    assert_eq!(proxy.ask("CONNECT", "staging.test:443", &[]).status, 400);
    for method in ["get", "HeaD", "P*ST", &"X".repeat(40)] {
        let answer = proxy.ask(method, "/", &["Connection: close"]);
        assert_eq!(answer.status, 400, "{method}");
    }
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
    assert_eq!(proxy.ask("M-SEARCH", "/", &[]).status, 200);
}
