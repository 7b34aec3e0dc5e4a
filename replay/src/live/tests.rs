//! The live page over real sockets.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use super::*;
use crate::clock;
use crate::report::sample::{judged, summary};

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn live(control: bool) -> (Live, mpsc::UnboundedReceiver<Command>) {
    let (commands, asked) = mpsc::unbounded_channel();
    let live = Live::start(HERE, control.then_some(commands)).unwrap();
    (live, asked)
}

/// Sends a request, and gives the connection to read from.
fn ask(address: SocketAddr, first: &str, headers: &[&str]) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    write!(stream, "{first} HTTP/1.1\r\n{headers}\r\n").unwrap();
    BufReader::new(stream)
}

/// The whole answer to a request.
fn answered(address: SocketAddr, first: &str, headers: &[&str]) -> String {
    let host = format!("Host: {address}");
    let own = ["Connection: close", host.as_str()];
    let own = &own[..if headers.iter().any(|it| it.starts_with("Host")) {
        1
    } else {
        2
    }];
    let mut text = String::new();
    ask(address, first, &[own, headers].concat())
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// A client of the events.
struct Events(BufReader<TcpStream>);

impl Events {
    fn of(live: &Live) -> Self {
        let host = format!("Host: {}", live.address());
        Self(ask(live.address(), "GET /events", &[&host]))
    }

    /// The data of the next event of that name; nothing at the end of the answer.
    fn next(&mut self, name: &str) -> Option<String> {
        let mut is_it = false;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if line.trim_end() == format!("event: {name}") {
                is_it = true;
            } else if let Some(data) = line.strip_prefix("data: ").filter(|_| is_it) {
                return Some(data.trim_end().to_owned());
            }
        }
    }
}

fn with_requests(count: u64) -> Arc<Summary> {
    let mut summary = summary();
    summary.totals.sent = count;
    Arc::new(summary)
}

fn says(content: &str, count: u64) -> bool {
    content.contains(&format!(
        "data-name=\\\"totals.sent\\\" data-value=\\\"{count}\\\""
    ))
}

#[test]
fn a_page_waits_then_follows_and_keeps_the_end() {
    let (live, _commands) = live(false);
    let page = answered(live.address(), "GET /", &[]);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("Waiting for the start"));
    assert!(answered(live.address(), "GET /summary.json", &[]).starts_with("HTTP/1.1 404 "));

    let mut events = Events::of(&live);
    assert!(events.next("phase").unwrap().starts_with("[\"waiting\","));
    live.follow(engine::State::Running);
    live.publish(with_requests(7));
    assert!(events.next("phase").unwrap().starts_with("[\"running\","));
    let content = events.next("summary").unwrap();
    assert!(says(&content, 7) && content.contains("so far"));
    live.publish(with_requests(8));
    assert!(says(&events.next("summary").unwrap(), 8));

    let page = answered(live.address(), "GET /", &[]);
    assert!(page.contains("data-name=\"totals.sent\" data-value=\"8\""));
    let json = answered(live.address(), "GET /summary.json", &[]);
    let (_, body) = json.split_once("\r\n\r\n").unwrap();
    let read: Summary = serde_json::from_str(body).unwrap();
    assert_eq!(read, *with_requests(8));

    let address = live.address();
    live.end(Arc::new(judged()));
    assert!(events.next("phase").unwrap().starts_with("[\"over\","));
    let content = events.next("summary").unwrap();
    assert!(content.contains("does not hold") && !content.contains("so far"));
    assert!(events.next("end").is_some());
    assert_eq!(events.next("summary"), None, "the answer goes on");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn whoever_comes_late_gets_the_latest() {
    let (live, _commands) = live(false);
    live.publish(with_requests(1));
    live.publish(with_requests(2));
    assert!(says(&Events::of(&live).next("summary").unwrap(), 2));
}

#[test]
fn other_hosts_and_methods_are_refused() {
    let (live, _commands) = live(false);
    live.publish(with_requests(3));
    let status = |first: &str, headers: &[&str]| {
        let answer = answered(live.address(), first, headers);
        assert!(!answer.contains("totals"), "{answer}");
        answer[9..12].to_owned()
    };
    assert_eq!(
        status("GET /summary.json", &["Host: rebound.example"]),
        "403"
    );
    assert_eq!(status("GET /", &["Host: 127.0.0.1.rebound.example"]), "403");
    assert_eq!(status("GET /events", &["Host: rebound.example"]), "403");
    assert_eq!(status("POST /", &[]), "405");
    assert_eq!(status("GET /favicon.ico", &[]), "204");
    assert_eq!(status("GET /../etc/passwd", &[]), "404");
}

#[test]
fn the_page_may_run_nothing_but_its_own_script() {
    let (live, _commands) = live(true);
    let answer = answered(live.address(), "GET /", &[]);
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    let policy = "content-security-policy: default-src 'none'; script-src 'sha256-";
    assert!(head.contains(policy), "{head}");
    assert!(!head.contains("unsafe") && !head.contains("access-control-"));
    for header in [
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    // The hashes are those of what the page has.
    for part in page.split("<script>").skip(1) {
        use base64::Engine as _;
        use sha2::Digest as _;
        let script = part.split("</script>").next().unwrap();
        let digest = sha2::Sha256::digest(script.as_bytes());
        let hash = base64::prelude::BASE64_STANDARD.encode(digest);
        assert!(head.contains(&hash), "{script}");
    }
}

#[test]
fn a_command_needs_the_token_and_the_page() {
    let (live, mut commands) = live(true);
    let address = live.address();
    let page = answered(address, "GET /", &[]);
    let (_, rest) = page.split_once("rehearsal-token\" content=\"").unwrap();
    let token = format!("X-Rehearsal-Token: {}", rest.split('"').next().unwrap());
    let origin = format!("Origin: http://{address}");
    let sent = |first: &str, headers: &[&str]| {
        let headers = [headers, &["Content-Length: 0"]].concat();
        answered(address, first, &headers)[9..12].to_owned()
    };
    let other = [
        "X-Rehearsal-Token: 0123456789abcdef0123456789abcdef",
        &origin,
    ];
    assert_eq!(sent("POST /control/start", &[]), "403");
    assert_eq!(sent("POST /control/start", &[&token]), "403");
    assert_eq!(sent("POST /control/start", &[&origin]), "403");
    assert_eq!(sent("POST /control/start", &other), "403");
    let elsewhere = [token.as_str(), "Origin: http://rebound.example"];
    assert_eq!(sent("POST /control/start", &elsewhere), "403");
    assert_eq!(sent("GET /control/start", &[&token, &origin]), "405");
    assert_eq!(sent("POST /control/burn", &[&token, &origin]), "404");
    assert!(commands.try_recv().is_err());

    let mut events = Events::of(&live);
    let ours = [token.as_str(), origin.as_str()];
    assert!(events.next("phase").unwrap().starts_with("[\"waiting\","));
    for (command, status, phase) in [
        ("pause", "409", "waiting"),
        ("start", "202", "running"),
        ("pause", "202", "paused"),
        ("resume", "202", "running"),
        ("stop", "202", "ending"),
    ] {
        assert_eq!(sent(&format!("POST /control/{command}"), &ours), status);
        if status == "202" {
            let told = events.next("phase").unwrap();
            assert!(told.starts_with(&format!("[\"{phase}\",")), "{told}");
        }
    }
    let asked: Vec<_> = std::iter::from_fn(|| commands.try_recv().ok()).collect();
    let expected = [
        Command::Start,
        Command::Pause,
        Command::Resume,
        Command::Stop,
    ];
    assert_eq!(asked, expected);
}

#[test]
fn without_control_there_is_none() {
    let (live, _commands) = live(false);
    let address = live.address();
    let origin = format!("Origin: http://{address}");
    let answer = answered(
        address,
        "POST /control/stop",
        &[&origin, "Content-Length: 0"],
    );
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(!answered(address, "GET /", &[]).contains("<meta name=\"rehearsal-token"));
}

#[test]
fn who_does_not_read_holds_up_nobody() {
    let (live, _commands) = live(false);
    let host = format!("Host: {}", live.address());
    let idle: Vec<_> = (0..8)
        .map(|_| ask(live.address(), "GET /events", &[&host]))
        .collect();
    let mut reader = Events::of(&live);
    reader.next("phase").unwrap();
    // More than any buffer on the way holds.
    let mut large = summary();
    large.advice = vec!["a".repeat(400_000)];
    let began = clock::now_ns();
    for count in 0..12 {
        large.totals.sent = count;
        live.publish(Arc::new(large.clone()));
        while !says(&reader.next("summary").unwrap(), count) {}
    }
    live.end(Arc::new(judged()));
    let took = Duration::from_nanos(clock::now_ns() - began);
    // The second that idle readers have at the end, and what work there is; else for ever.
    assert!(took < Duration::from_secs(30), "{took:?}");
    while let Some(content) = reader.next("summary") {
        assert!(content.contains("does not hold"));
    }
    drop(idle);
}

#[test]
fn the_end_waits_for_nobody_for_longer_than_a_second() {
    let (live, _commands) = live(false);
    // One that has asked for nothing, and one that reads nothing.
    let _silent = TcpStream::connect(live.address()).unwrap();
    let host = format!("Host: {}", live.address());
    let _idle = ask(live.address(), "GET /events", &[&host]);
    let mut large = judged();
    large.advice = vec!["a".repeat(20_000_000)];
    let began = clock::now_ns();
    live.end(Arc::new(large));
    let took = Duration::from_nanos(clock::now_ns() - began);
    // Else it would wait for ever.
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn one_connection_too_many_is_closed() {
    let (live, _commands) = live(false);
    let mut events: Vec<_> = (0..64).map(|_| Events::of(&live)).collect();
    for events in &mut events {
        assert!(events.next("phase").is_some());
    }
    let mut stream = TcpStream::connect(live.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let closed = match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    assert!(closed);
    live.publish(with_requests(5));
    assert!(says(&events[63].next("summary").unwrap(), 5));
}

#[test]
fn an_address_in_use_is_named() {
    let (live, _commands) = live(false);
    let error = Live::start(live.address(), None).err().unwrap();
    let address = live.address();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {address} for the live page; name another address with `--live`")
    );
}

#[test]
fn nobody_steers_from_another_machine() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let error = Live::start(everywhere, Some(mpsc::unbounded_channel().0))
        .err()
        .unwrap();
    assert!(error.to_string().contains("leave `--live-control` out"));
    // To look at it is another thing.
    assert!(Live::start(everywhere, None).is_ok());
}

#[test]
fn a_run_that_failed_leaves_nothing_behind() {
    let (live, _commands) = live(false);
    let mut events = Events::of(&live);
    events.next("phase").unwrap();
    drop(live);
    assert!(events.next("end").is_some());
    assert!(events.next("end").is_none());
}
