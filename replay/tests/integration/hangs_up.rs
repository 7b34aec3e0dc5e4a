//! Servers that hang up: before a request, during it, and between two.

use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::raw::{Raw, Then};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const ENOUGH: &str = "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";
const LARGE: u64 = 2_000_000;

#[test]
fn a_connection_that_is_closed_at_once_costs_one_request() {
    // The first one is opened ahead of time; it is found dead, and another one is opened.
    for how in [Then::Close, Then::Reset] {
        let greet = move |number| if number % 2 == 0 { Then::Keep } else { how };
        let server = Raw::greeting(greet, |_, peer| {
            peer.say(OK);
            Then::Close
        });
        let exchanges = (0..8).map(|number| Recorded::get(number * 20, 1, "/"));
        let recording = Recording::new().with_all(exchanges);
        let replay = Replay::at(&recording, &server.url()).args(["--workers", "1"]);
        let ended = replay.run().measured().balanced();
        assert_eq!(ended.summary["statuses"], json!({"200": 4}), "{ended:#?}");
        // What of the end comes first is a matter of chance, unless it is a reset.
        let names: &[&str] = match how {
            Then::Reset => &["reset"],
            _ => &["read", "reset", "write"],
        };
        let errors = names.iter().map(|name| ended.count("errors", name));
        assert_eq!(errors.sum::<u64>(), 4, "{ended:#?}");
    }
}

#[test]
fn an_answer_that_comes_before_the_whole_request_is_an_answer() {
    let server = Raw::start(|seen, peer| {
        match seen.path.as_str() {
            "/early" => {
                peer.say(ENOUGH);
                peer.outlast();
            }
            "/half" => {
                peer.read(seen.length() / 2);
                peer.say(ENOUGH);
                peer.outlast();
            }
            // The rest of the request is still on its way, and the system resets the connection.
            "/rude" => {
                peer.say(ENOUGH);
            }
            _ => {
                peer.read(seen.length());
                peer.say(OK);
                return Then::Keep;
            }
        }
        Then::Close
    });
    let early = |at_ms, who, path| Recorded::upload(at_ms, who, path, LARGE);
    let recording = Recording::new()
        .with(early(0, 1, "/early"))
        .with(early(1, 2, "/half"))
        .with(early(2, 3, "/rude"))
        .with(early(3, 4, "/whole"))
        .with_all((1..=4).map(|who| Recorded::get(100, who, "/good")));
    let ended = Replay::at(&recording, &server.url()).run();
    let ended = ended.measured().balanced();
    let expected = json!({"200": 5, "413": 3});
    assert_eq!(ended.summary["statuses"], expected, "{ended:#?}");
}

#[test]
fn a_connection_with_half_a_request_on_it_is_not_used_again() {
    let server = Raw::start(|seen, peer| {
        // Neither does it say that it closes, nor does it read the body.
        peer.say(OK);
        if seen.method == "POST" {
            peer.outlast();
        }
        Then::Keep
    });
    let recording = Recording::new()
        .with(Recorded::upload(0, 1, "/early", 50 * LARGE))
        .with(Recorded::get(10, 1, "/good"));
    let ended = Replay::at(&recording, &server.url())
        .args(["--workers", "1", "--connections", "user"])
        .run();
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": 2}), "{ended:#?}");
    let connections: Vec<_> = server.heads().iter().map(|(number, _)| *number).collect();
    assert_ne!(connections[0], connections[1]);
}

#[test]
fn a_connection_that_is_reset_during_a_large_request_is_a_reset() {
    let server = Raw::start(|seen, peer| {
        if seen.path == "/good" {
            peer.say(OK);
            return Then::Keep;
        }
        peer.read(seen.length() / 4);
        Then::Reset
    });
    let recording = Recording::new()
        .with_all((1..=4).map(|who| Recorded::upload(0, who, "/reset", 5 * LARGE)))
        .with_all((1..=4).map(|who| Recorded::get(10, who, "/good")));
    let ended = Replay::at(&recording, &server.url()).run();
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["errors"], json!({"reset": 4}), "{ended:#?}");
    assert_eq!(ended.summary["statuses"], json!({"200": 4}), "{ended:#?}");
}

#[test]
fn answers_to_head_have_no_body() {
    let server = Raw::start(|_, peer| {
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        Then::Keep
    });
    let recording =
        Recording::new().with_all((0..5).map(|number| Recorded::head(number * 5, 1, "/")));
    let ended = Replay::at(&recording, &server.url())
        .args(["--workers", "1"])
        .run();
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": 5}), "{ended:#?}");
    assert_eq!(ended.summary["settings"]["connections"], 1);
}

#[test]
fn a_connection_that_closes_under_a_request_is_replaced_only_where_that_is_safe() {
    // It takes a second request, as a server may that is just closing an idle connection.
    let server = Raw::start(|seen, peer| {
        peer.read(seen.length());
        if seen.path == "/begun" {
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
        }
        if peer.before > 0 {
            return Then::Close;
        }
        peer.say(OK);
        Then::Keep
    });
    let recording = Recording::new()
        .with(Recorded::get(0, 1, "/first"))
        .with(Recorded::get(20, 1, "/get"))
        .with(Recorded::upload(40, 1, "/post", 100))
        .with(Recorded::get(60, 1, "/second"))
        // An answer that has begun shows that the request was seen.
        .with(Recorded::get(80, 1, "/begun"));
    let ended = Replay::at(&recording, &server.url())
        .args(["--workers", "1", "--connections", "user"])
        .run();
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": 3}), "{ended:#?}");
    assert_eq!(ended.summary["errors"], json!({"read": 2}), "{ended:#?}");
    let times = |path: &str| {
        let heads = server.heads();
        heads.iter().filter(|(_, seen)| seen.path == path).count()
    };
    assert_eq!([times("/first"), times("/get"), times("/post")], [1, 2, 1]);
    assert_eq!(times("/begun"), 1);
}

#[test]
fn a_connection_that_was_closed_while_idle_takes_no_request_at_all() {
    let server = Raw::start(|seen, peer| {
        peer.read(seen.length());
        peer.say(OK);
        // It does not say so, and closes.
        Then::Close
    });
    let recording = Recording::new()
        .with_all((0..5).map(|number| Recorded::upload(number * 50, 1, "/post", 100)));
    let ended = Replay::at(&recording, &server.url()).run();
    let ended = ended.measured().balanced();
    assert_eq!(ended.summary["statuses"], json!({"200": 5}), "{ended:#?}");
    assert_eq!(server.heads().len(), 5);
}
