//! Servers that behave badly: every request ends in one account, under the right name.

use std::time::Duration;

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::raw::{Peer, Raw, Then};
use crate::server::Seen;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What the server does, how a request ends by it, and whether that is a status or an error.
const KINDS: [(&str, &str); 32] = [
    ("/half-head", "read"),
    ("/half-body", "read"),
    ("/half-chunk", "read"),
    ("/no-last-chunk", "read"),
    ("/nothing", "read"),
    ("/garbage", "protocol"),
    ("/no-status", "protocol"),
    ("/long-head", "protocol"),
    ("/many-headers", "protocol"),
    ("/long-extension", "protocol"),
    ("/long-trailer", "protocol"),
    ("/bad-chunk", "protocol"),
    ("/two-lengths", "protocol"),
    ("/odd-length", "protocol"),
    ("/endless-interim", "protocol"),
    ("/silent", "timeout.answer"),
    ("/slow-head", "timeout.answer"),
    ("/slow-body", "timeout"),
    ("/endless-body", "timeout"),
    ("/reset", "reset"),
    ("/reset-in-head", "reset"),
    ("/reset-in-body", "reset"),
    ("/continue", "200"),
    ("/hints", "200"),
    ("/no-content", "204"),
    ("/not-modified", "304"),
    ("/trailers", "200"),
    ("/close", "200"),
    ("/http-1.0", "200"),
    ("/until-end", "200"),
    ("/two-answers", "200"),
    ("/good", "200"),
];

fn behave(seen: &Seen, peer: &mut Peer) -> Then {
    let long = |head: &str, length| format!("{head}{}", "x".repeat(length));
    let chunked =
        |rest: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{rest}");
    let text = match seen.path.as_str() {
        "/half-head" => "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
        "/half-body" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_owned(),
        "/half-chunk" => chunked("a\r\nhalf"),
        "/no-last-chunk" => chunked("4\r\nhalf\r\n"),
        "/nothing" => String::new(),
        "/garbage" => "this is not HTTP\r\n\r\n".to_owned(),
        "/no-status" => "HTTP/1.1 99 Odd\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/long-head" => long("HTTP/1.1 200 OK\r\nx-a: ", 1 << 20),
        "/many-headers" => format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-a: 1\r\n".repeat(2_000)),
        "/long-extension" => chunked(&long("2;a=", 1 << 20)),
        "/long-trailer" => chunked(&long("0\r\nx-a: ", 1 << 20)),
        "/bad-chunk" => chunked("zz\r\nok\r\n0\r\n\r\n"),
        "/two-lengths" => {
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!".to_owned()
        }
        "/odd-length" => "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok".to_owned(),
        "/endless-interim" => "HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000),
        "/no-content" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "/not-modified" => "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n".to_owned(),
        "/close" => OK.replace("\r\n\r\n", "\r\nConnection: Close\r\n\r\n"),
        "/http-1.0" => "HTTP/1.0 200 OK\r\n\r\nuntil the end".to_owned(),
        "/until-end" => "HTTP/1.1 200 OK\r\n\r\nuntil the end".to_owned(),
        _ => return linger(seen, peer),
    };
    peer.say(&text);
    match seen.path.as_str() {
        "/no-content" | "/not-modified" => Then::Keep,
        _ => Then::Close,
    }
}

/// What takes its time, or leaves the connection open.
fn linger(seen: &Seen, peer: &mut Peer) -> Then {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
    match seen.path.as_str() {
        "/silent" => peer.outlast(),
        "/slow-head" => peer.drip("H", Duration::from_millis(5)),
        "/slow-body" => {
            peer.say(head);
            peer.drip("x", Duration::from_millis(5));
        }
        "/endless-body" => {
            peer.say(head);
            peer.drip(&"x".repeat(1 << 20), Duration::from_millis(1));
        }
        "/reset" => return Then::Reset,
        "/reset-in-head" => {
            peer.say("HTTP/1.1 200 OK\r\ncontent-le");
            return Then::Reset;
        }
        "/reset-in-body" => {
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
            return Then::Reset;
        }
        "/continue" => {
            peer.say(&format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"));
        }
        "/hints" => {
            peer.say("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
            peer.say(OK);
        }
        "/trailers" => {
            peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n");
            peer.say("0\r\nx-a: 1\r\nx-b: 2\r\n\r\n");
        }
        "/two-answers" => {
            peer.say(&format!("{OK}{}", OK.replace("200", "500")));
        }
        _ => {
            peer.say(OK);
        }
    }
    Then::Keep
}

/// Each kind in a session of its own, with a good request before and two behind it.
fn everything() -> Recording {
    let sessions = (1_u32..).zip(KINDS).flat_map(|(who, (path, _))| {
        let at_ms = u64::from(who) * 3;
        let good = move |at_ms| Recorded::get(at_ms, who, "/good");
        let bad = Recorded::get(at_ms + 5, who, path);
        [good(at_ms), bad, good(at_ms + 10), good(at_ms + 40)]
    });
    let mut exchanges: Vec<_> = sessions.collect();
    exchanges.sort_by_key(Recorded::at_ns);
    Recording::new().with_all(exchanges)
}

#[track_caller]
fn check(ended: Ended) {
    let ended = ended.measured().balanced();
    let (mut statuses, mut errors) = (json!({"200": 3 * KINDS.len()}), json!({}));
    for (_, name) in KINDS {
        let account = match name.parse::<u16>() {
            Ok(_) => &mut statuses[name],
            Err(_) => &mut errors[name],
        };
        *account = json!(account.as_u64().unwrap_or(0) + 1);
    }
    assert_eq!(ended.summary["errors"], errors, "{ended:#?}");
    assert_eq!(ended.summary["statuses"], statuses, "{ended:#?}");
}

const TIMES: [&str; 4] = ["--answer-timeout", "500ms", "--timeout", "900ms"];

/// Plays everything in each of these ways, all at the same time: most of it is waiting.
fn play<const N: usize>(ways: &[[&str; N]]) {
    let server = Raw::start(behave);
    let of = |way: &[&str; N]| {
        let replay = Replay::at(&everything(), &server.url());
        replay.args(TIMES).args(*way)
    };
    let replays: Vec<_> = ways.iter().map(of).collect();
    let started: Vec<_> = replays.iter().map(Replay::start).collect();
    for (replay, child) in replays.iter().zip(started) {
        check(replay.wait(child));
    }
}

#[test]
fn every_way_to_behave_badly_has_its_name_and_spoils_nothing_else() {
    play(&["ordered", "open", "think"].map(|mode| ["--sessions", mode]));
}

#[test]
fn it_does_not_matter_whose_connections_they_are() {
    play(&["user", "recorded"].map(|whose| ["--connections", whose]));
}

#[test]
fn few_connections_are_enough_for_all_of_them() {
    let few = |whose| {
        [
            "--workers",
            "1",
            "--max-connections",
            "2",
            "--connections",
            whose,
        ]
    };
    play(&["pool", "user"].map(few));
}
