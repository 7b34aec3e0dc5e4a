//! Upstreams that are down, slow or broken, and the choice between several.
//!
//! Origins break in each way that a backend can.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use trace::exchange::Flag;
use trace::format::Capture;

use crate::backend::{Authority, Backend};
use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};
use crate::script;

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

/// Half an answer is not sent again, not passed for a whole one, and nobody else's business.
#[test]
fn a_server_that_resets_half_way_cuts_off_one_client() {
    let (read, was_read) = mpsc::channel::<()>();
    let was_read = Mutex::new(was_read);
    let puts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&puts);
    let server = script::origin(move |peer| {
        while let Some(head) = peer.head() {
            if head.starts_with("PUT") {
                counted.fetch_add(1, Ordering::SeqCst);
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
                was_read.lock().unwrap().recv().unwrap();
                return peer.await_unread();
            }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
        }
    });
    let mut proxy = Config::to(server).recording().start();
    let (mut client, mut other) = (proxy.client(), proxy.client());
    let get = request("GET", "/", &[]);
    assert_eq!(other.ask(&get).body, "whole");
    let put = request("PUT", "/", &["Content-Length: 100000"]) + &"x".repeat(100_000);
    client.send(&put);
    assert_eq!(client.head().header("content-length"), Some("9"));
    assert_eq!(client.bytes(4), "half");
    read.send(()).unwrap();
    assert_eq!(client.rest_of_bytes(), b"");
    assert_eq!(other.ask(&get).body, "whole");
    assert_eq!(
        puts.load(Ordering::SeqCst),
        1,
        "it may be sent twice, but not now"
    );
    let errors = "rehearsal_upstream_errors_total{kind=\"protocol\",upstream=\"staging\"}";
    assert_eq!(proxy.metric(errors), 1);
    assert!(proxy.stop().status.success());
    let capture = Capture::read(&proxy.capture()).unwrap();
    let mut exchanges = capture.exchanges.iter();
    let cut = exchanges.find(|exchange| exchange.request.method == "PUT");
    let cut = cut.unwrap();
    assert_eq!((cut.response.status, cut.response.body.bytes), (200, 4));
    assert!(cut.flags.contains(&Flag::Aborted));
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

#[test]
fn a_server_may_be_a_unix_socket() {
    let folder = tempfile::TempDir::new().unwrap();
    let socket = folder.path().join("staging.sock");
    let backend = Backend::new("socket");
    backend.listen_on_socket(&socket);
    let proxy = Config::to(format!("unix:{}", socket.display())).start();
    let answer = proxy.get("/", &[]);
    assert_eq!((answer.status, answer.body.trim()), (200, "socket"));
    assert!(backend.seen()[0].contains("Host: staging.test\r\n"));
}

/// What a client gets from an upstream with TLS; `tls` are the keys beside the authority's file.
fn over_tls(authority: &Authority, certificate_for: &str, believed: &Authority, tls: &str) -> u16 {
    let backend = Backend::new("secure");
    let listening = backend.listen_with_tls(authority.server(certificate_for));
    let ca = believed.file();
    let proxy = Config::to(listening.address)
        .upstream(&format!("tls = {{ ca = \"{}\", {tls} }}", ca.display()))
        .start();
    let answer = proxy.get("/", &[]);
    assert_eq!(backend.seen().len(), usize::from(answer.status == 200));
    answer.status
}

#[test]
fn a_server_has_to_prove_its_name() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let name = "name = \"staging.internal\"";
    assert_eq!(over_tls(&ours, "staging.internal", &ours, name), 200);
    assert_eq!(over_tls(&ours, "other.internal", &ours, name), 502);
    assert_eq!(over_tls(&theirs, "staging.internal", &ours, name), 502);
    // An address is as good as a name, and a name does not make up for it.
    assert_eq!(over_tls(&ours, "127.0.0.1", &ours, ""), 200);
    assert_eq!(over_tls(&ours, "staging.internal", &ours, ""), 502);
    assert_eq!(over_tls(&ours, "127.0.0.2", &ours, ""), 502);
}

#[test]
fn a_server_that_need_not_prove_anything_is_warned_of() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let backend = Backend::new("secure");
    let listening = backend.listen_with_tls(theirs.server("other.internal"));
    let tls = |verify: bool| {
        let ca = ours.file();
        format!("tls = {{ ca = \"{}\", verify = {verify} }}", ca.display())
    };
    let mut proxy = Config::to(listening.address).upstream(&tls(false)).start();
    assert_eq!(proxy.get("/", &[]).status, 200);
    assert!(proxy.stop().log.contains("are not verified"));
    let mut proxy = Config::to(listening.address).upstream(&tls(true)).start();
    assert_eq!(proxy.get("/", &[]).status, 502);
    assert!(!proxy.stop().log.contains("are not verified"));
}

#[test]
fn the_authorities_of_the_system_are_believed_by_default() {
    let authority = Authority::new();
    let backend = Backend::new("secure");
    let listening = backend.listen_with_tls(authority.server("staging.internal"));
    let config = Config::to(listening.address).upstream("tls = { name = \"staging.internal\" }");
    let proxy = config.start_with_env("SSL_CERT_FILE", authority.file().to_str().unwrap());
    let answer = proxy.get("/", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "secure staging.internal");
}

/// pingora, left to itself, panics at what is no certificate.
#[test]
fn bad_certificates_of_the_system_are_left_out() {
    let authority = Authority::new();
    let good = std::fs::read_to_string(authority.file()).unwrap();
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(authority.file(), format!("{bad}{good}")).unwrap();
    let file = authority.file();
    let file = file.to_str().unwrap();
    let origin = Origin::start();
    let plain = Config::over(&origin).start_with_env("SSL_CERT_FILE", file);
    assert_eq!(plain.get("/", &[]).status, 200);
    let backend = Backend::new("secure");
    let listening = backend.listen_with_tls(authority.server("127.0.0.1"));
    let config = Config::to(listening.address).upstream("tls = true");
    let secure = config.start_with_env("SSL_CERT_FILE", file);
    assert_eq!(secure.get("/", &[]).status, 200);
}

/// Two servers in turns, one try for each request, and no counting of failures: what a check does
/// not take out is a 502 every other time.
fn checked(servers: [SocketAddr; 2], keys: &str) -> Proxy {
    let [first, second] = servers;
    Config::to(first)
        .server(second)
        .upstream("balance = \"round-robin\"\nmax_fails = 0\nretry = { tries = 1 }")
        .upstream(&format!(
            "health = {{ path = \"/health\", every = \"20ms\", fails = 2, passes = 2, {keys} }}"
        ))
        .start()
}

/// The names of the servers that answer four requests in a row; none unless all are answered.
fn answering(proxy: &Proxy) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for _ in 0..4 {
        let answer = proxy.get("/", &[]);
        if answer.status != 200 {
            return None;
        }
        names.push(answer.body.trim().to_owned());
    }
    names.sort();
    names.dedup();
    Some(names)
}

/// The head of the first check that a server got.
fn first_check(backend: &Backend) -> String {
    let checks = "GET /health HTTP/1.1\r\n";
    let mut seen = backend.seen().into_iter();
    seen.find(|head| head.starts_with(checks)).unwrap()
}

#[test]
fn checks_take_a_dead_server_out_and_bring_it_back() {
    let (first, second) = (Backend::new("first"), Backend::new("second"));
    let (one, two) = (first.listen(), second.listen());
    let address = two.address;
    let mut proxy = checked([one.address, address], "status = 200");
    assert_eq!(answering(&proxy).unwrap(), ["first", "second"]);
    drop(two);
    eventually("the dead server is out", || {
        answering(&proxy).filter(|names| names == &["first"])
    });
    let _two = second.listen_on(address);
    eventually("the server is back", || {
        answering(&proxy).filter(|names| names == &["first", "second"])
    });
    let log = proxy.stop().log;
    let down = format!("server {address} is down: Connection refused");
    assert_eq!(log.matches(&down).count(), 1, "{log}");
    let up = format!("server {address} is up again");
    assert_eq!(log.matches(&up).count(), 1, "{log}");
    let check = first_check(&first);
    assert!(check.contains("Host: staging\r\n"), "{check}");
    let agent = "User-Agent: rehearsal-proxy health check\r\n";
    assert!(check.contains(agent), "{check}");
}

#[test]
fn checks_take_a_sick_server_out() {
    let (first, second) = (Backend::new("first"), Backend::new("second"));
    let (one, two) = (first.listen(), second.listen());
    let mut proxy = checked([one.address, two.address], "host = \"staging.internal\"");
    second.set_sick(true);
    eventually("the sick server is out", || {
        answering(&proxy).filter(|names| names == &["first"])
    });
    second.set_sick(false);
    eventually("the server is back", || {
        answering(&proxy).filter(|names| names == &["first", "second"])
    });
    assert!(proxy.stop().log.contains("is down: answered 503"));
    assert!(first_check(&second).contains("Host: staging.internal\r\n"));
}

#[test]
fn checks_verify_who_answers() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (first, second) = (Backend::new("first"), Backend::new("second"));
    let one = first.listen_with_tls(ours.server("staging.internal"));
    let two = second.listen_with_tls(theirs.server("staging.internal"));
    let ca = ours.file();
    let mut proxy = Config::to(one.address)
        .server(two.address)
        .upstream("max_fails = 0\nretry = { tries = 1 }")
        .upstream("health = { path = \"/health\", every = \"20ms\" }")
        .upstream(&format!(
            "tls = {{ ca = \"{}\", name = \"staging.internal\" }}",
            ca.display()
        ))
        .start();
    eventually("the impostor is out", || {
        answering(&proxy).filter(|names| names == &["first staging.internal"])
    });
    assert_eq!(second.seen().len(), 0);
    let log = proxy.stop().log;
    let down = format!("server {} is down: invalid peer certificate", two.address);
    assert!(log.contains(&down), "{log}");
}
