//! Requests and answers under way: retries, streams both ways, upgrades, and those who break off.
//!
//! The origins are scripted, so that each side does just what the test is about.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::eventually;
use crate::proxy::{Config, Proxy, request};
use crate::script;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE: [&str; 2] = ["Connection: Upgrade", "Upgrade: websocket"];
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 3\r\n\r\n";

/// What a second server gets of a request whose body a first one took before it failed so.
fn second_server_gets(framing: &str, body: &'static str, failure: &'static str) -> Value {
    let (told, tell) = mpsc::channel();
    let told = Mutex::new(told);
    let first = script::origin(move |peer| {
        peer.head();
        peer.read(body.len());
        peer.send(failure);
    });
    let second = script::origin(move |peer| {
        peer.head();
        told.lock().unwrap().send(peer.read(body.len())).unwrap();
        peer.send(OK);
    });
    let mut proxy = Config::to(first)
        .server(second)
        .upstream("balance = \"round-robin\"\nretry = { tries = 2, statuses = [503] }")
        .recording()
        .start();
    let mut client = proxy.client();
    let answer = client.ask(&(request("PUT", "/a", &[framing]) + body));
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    assert_eq!(answer.header("connection"), Some("keep-alive"));
    assert_eq!(tell.recv().unwrap(), body);
    drop(client);
    proxy.stop();
    recorded(&proxy).pop().unwrap()
}

/// Whether no failure of a server was counted.
fn nothing_failed(proxy: &Proxy) -> bool {
    let metrics = proxy.admin("/metrics").body;
    let mut errors = metrics
        .lines()
        .filter(|line| line.starts_with("rehearsal_upstream_errors_total{"));
    errors.all(|line| line.ends_with(" 0"))
}

fn recorded(proxy: &Proxy) -> Vec<Value> {
    let text = std::fs::read_to_string(proxy.capture()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["type"] == "exchange")
        .collect()
}

#[test]
fn a_body_is_sent_again_whole_and_recorded_once() {
    let failed = "HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\nfailed";
    for failure in ["", failed] {
        for (framing, body) in [
            ("Content-Length: 5", "hello"),
            ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ] {
            let exchange = second_server_gets(framing, body, failure);
            assert_eq!(exchange["request"]["body"]["bytes"], 5, "{exchange}");
            assert_eq!(exchange["response"]["status"], 200, "{exchange}");
            assert_eq!(exchange["response"]["body"]["bytes"], 2, "{exchange}");
        }
    }
}

/// The answer that is passed on when no server does better is the last server's own.
#[test]
fn the_last_servers_answer_is_passed_on() {
    let failed = "HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\nfailed";
    let proxy = Config::to(script::answering(failed))
        .server(script::answering(failed))
        .upstream("retry = { tries = 2, statuses = [503] }")
        .start();
    let answer = proxy.get("/", &[]);
    assert_eq!((answer.status, &*answer.body), (503, "failed"));
}

#[test]
fn what_is_too_long_to_keep_is_sent_once() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let broken = move |peer: &mut script::Peer| {
        if peer.head().is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            peer.read(70_000);
        }
    };
    let broken = Arc::new(broken);
    let other = Arc::clone(&broken);
    let proxy = Config::to(script::origin(move |peer| broken(peer)))
        .server(script::origin(move |peer| other(peer)))
        .start();
    let body = "x".repeat(70_000);
    let put = request("PUT", "/", &["Content-Length: 70000"]);
    assert_eq!(proxy.client().ask(&(put + &body)).status, 502);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// A server may close a connection whenever it is idle; no client need ever know.
#[test]
fn connections_that_servers_close_while_idle_cost_no_request() {
    let origin = script::origin(|peer| {
        peer.head();
        peer.send(OK);
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    for _ in 0..200 {
        assert_eq!(client.ask(&request("GET", "/", &[])).body, "ok");
    }
    assert!(nothing_failed(&proxy));
}

/// Events are worth nothing late.
#[test]
fn each_event_is_delivered_at_once() {
    let (next, on_next) = mpsc::channel::<()>();
    let on_next = Mutex::new(on_next);
    let origin = script::origin(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        while on_next.lock().unwrap().recv().is_ok() {
            peer.send("data: 1\n\n");
        }
    });
    let proxy = Config::to(origin).start();
    let mut client = proxy.client();
    client.send(&request("GET", "/", &[]));
    assert_eq!(client.head().status, 200);
    for _ in 0..3 {
        next.send(()).unwrap();
        assert_eq!(client.bytes(14), "9\r\ndata: 1\n\n\r\n");
    }
    drop(next);
    assert_eq!(client.bytes(5), "0\r\n\r\n");
}

#[test]
fn who_leaves_ends_the_request_at_the_server() {
    let (ended, end) = mpsc::channel();
    let ended = Mutex::new(ended);
    let (begun, begin) = mpsc::channel();
    let begun = Mutex::new(begun);
    let origin = script::origin(move |peer| {
        let head = peer.head().unwrap();
        if head.starts_with("GET /half") {
            peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
        }
        begun.lock().unwrap().send(()).unwrap();
        ended.lock().unwrap().send(peer.drain()).unwrap();
    });
    let proxy = Config::to(origin).start();
    for start in [
        request("GET", "/", &[]),
        request("GET", "/half", &[]),
        request("POST", "/", &["Content-Length: 9"]),
    ] {
        let mut client = proxy.client();
        client.send(&start);
        begin.recv().unwrap();
        drop(client);
        // The origin waits longer than this test runs.
        assert_eq!(end.recv().unwrap(), 0);
    }
}

/// What was sent before the end of an upgraded connection arrives before it does. A unix socket
/// holds little, so that for some of these lengths the end comes while words still wait.
#[test]
fn what_is_said_before_hanging_up_is_heard() {
    let folder = tempfile::TempDir::new().unwrap();
    let socket = folder.path().join("staging.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let proxy = Config::to(format!("unix:{}", socket.display())).start();
    for words in (1..12).map(|step| step * 32 * 1024) {
        let mut client = proxy.client();
        client.send(&request("GET", "/", &UPGRADE));
        let (mut stream, _) = listener.accept().unwrap();
        while stream.read(&mut [0; 1024]).unwrap() == 1024 {}
        stream.write_all(SWITCHED.as_bytes()).unwrap();
        let answer = client.head();
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (101, None)
        );
        client.send(&"x".repeat(words));
        drop(client);
        // Time to lose something; it is kept for as long as it takes.
        thread::sleep(Duration::from_millis(30));
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert_eq!(heard.len(), words);
    }
}

#[test]
fn a_silent_websocket_is_no_failure_of_the_server() {
    let origin = script::origin(|peer| {
        peer.head();
        peer.send(SWITCHED);
        peer.drain();
    });
    let mut proxy = Config::to(origin)
        .route("name = \"ws\"\nprefix = \"/ws\"\ntimeouts = { read = \"50ms\" }")
        .start();
    let mut client = proxy.client();
    assert_eq!(client.ask(&request("GET", "/ws", &UPGRADE)).status, 101);
    assert_eq!(client.rest(), "");
    assert!(nothing_failed(&proxy));
    let log = proxy.stop().log;
    assert!(!log.contains("upstream failed"), "{log}");
}

#[test]
fn who_sends_too_much_can_still_read_why() {
    let proxy = Config::to(script::answering(OK))
        .route("name = \"small\"\nprefix = \"/small\"\nbody_limit = \"4B\"")
        .start();
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for framing in ["Content-Length: 16777216", "Transfer-Encoding: chunked"] {
        let mut client = proxy.client();
        client.send(&request("POST", "/small", &[framing]));
        for _ in 0..1024 {
            client.send(&chunk);
        }
        assert_eq!(client.answer().json()["limit_bytes"], 4);
    }
}

/// Both directions at once, with more in each than anyone keeps.
#[test]
fn long_bodies_pass_both_ways_in_little_memory() {
    const PIECE: usize = 0x4000;
    const PIECES: usize = 2048;
    let origin = script::origin(|peer| {
        peer.head();
        let length = PIECE * PIECES;
        peer.send(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        ));
        for _ in 0..PIECES {
            let piece = peer.read(PIECE);
            peer.send(&piece);
        }
    });
    let proxy = Config::to(origin).start();
    let before = proxy.peak_memory();
    let mut sender = TcpStream::connect(proxy.address).unwrap();
    let mut client = Client::over(sender.try_clone().unwrap());
    let length = format!("Content-Length: {}", PIECE * PIECES);
    client.send(&request("POST", "/", &[&length]));
    let sent = thread::spawn(move || {
        for number in 0..PIECES {
            // In one piece: `write!` would send each zero by itself.
            let piece = format!("{number:0PIECE$}");
            sender.write_all(piece.as_bytes()).unwrap();
        }
    });
    assert_eq!(client.head().status, 200);
    for number in 0..PIECES {
        assert!(
            client.bytes(PIECE) == format!("{number:0PIECE$}"),
            "{number}"
        );
    }
    sent.join().unwrap();
    let grown = proxy.peak_memory() - before;
    assert!(
        grown < 4096,
        "{grown} KiB for {} KiB",
        PIECE * PIECES / 1024
    );
}

/// Waiting is done by the kernel, whatever half-way state a connection is in.
#[test]
fn waiting_costs_no_time() {
    let origin = script::origin(|peer| {
        let head = peer.head().unwrap();
        if head.contains("Upgrade") {
            peer.send(SWITCHED);
        } else if head.contains("/body") {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
        } else if head.contains("/idle") {
            peer.send(OK);
        }
        peer.drain();
    });
    let proxy = Config::to(origin).start();
    let open = |text: String, comes: bool| {
        let mut client = proxy.client();
        client.send(&text);
        if comes {
            client.bytes(20);
        }
        client
    };
    let _open = [
        open(String::new(), false),
        open("GET / HT".to_owned(), false),
        open(request("GET", "/", &[]), false),
        open(request("GET", "/body", &[]), true),
        open(request("GET", "/idle", &[]), true),
        open(request("GET", "/", &UPGRADE), true),
        open(request("POST", "/", &["Content-Length: 9"]) + "x", false),
        open(request("POST", "/body", &["Content-Length: 9"]) + "x", true),
    ];
    eventually("all wait", || {
        (proxy.status()["connections"] == 8).then_some(())
    });
    let before = proxy.ticks();
    thread::sleep(Duration::from_millis(300));
    let spent = proxy.ticks() - before;
    assert!(spent < 5, "{spent} of 30 ticks");
}
