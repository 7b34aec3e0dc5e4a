//! Exchanges that are not a request with a body and an answer with one: each is recorded once.

use trace::exchange::{Exchange, Flag};

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};
use crate::recording::offered_in_all;
use crate::script;

/// Ends the proxy; all exchanges of its capture.
fn recorded(mut proxy: Proxy) -> Vec<Exchange> {
    let ended = proxy.stop();
    assert!(ended.status.success(), "{}", ended.log);
    proxy.captures().remove(0).exchanges
}

/// (status, bytes of the request's body, of the answer's, whether it was broken off)
fn facts(exchange: &Exchange) -> (u16, u64, u64, bool) {
    let response = &exchange.response;
    let aborted = exchange.flags.contains(&Flag::Aborted);
    (
        response.status,
        exchange.request.body.bytes,
        response.body.bytes,
        aborted,
    )
}

#[test]
fn a_websocket_is_recorded_as_its_hand_shake_when_that_is_done() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).recording().start();
    let mut client = proxy.client();
    let upgrade = ["Connection: Upgrade", "Upgrade: websocket"];
    assert_eq!(client.ask(&request("GET", "/ws", &upgrade)).status, 101);
    // Nobody has sent anything yet.
    offered_in_all(&proxy, 1);
    client.send("ping");
    assert_eq!(client.bytes(4), "ping");
    let stopped = proxy.order("/record/stop", &[]).json();
    let closed = &stopped["closed"];
    assert_eq!(
        (&closed["exchanges"], &closed["offered"]),
        (&1.into(), &1.into())
    );
    client.send("pong");
    assert_eq!(client.bytes(4), "pong");
    drop(client);
    let exchanges = recorded(proxy);
    assert_eq!(facts(&exchanges[0]), (101, 0, 0, false));
    assert!(exchanges[0].flags.is_empty() && exchanges.len() == 1);
}

#[test]
fn answers_without_a_body_have_none() {
    let origin = script::origin(|peer| {
        while let Some(head) = peer.head() {
            peer.send(
                match head.split('/').nth(1).unwrap().split(' ').next().unwrap() {
                    "none" => "HTTP/1.1 204 No Content\r\n\r\n",
                    "same" => {
                        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 9\r\n\r\n"
                    }
                    "head" => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                    _ => return,
                },
            );
        }
    });
    let proxy = Config::to(origin).recording().start();
    assert_eq!(proxy.get("/none", &[]).status, 204);
    for (method, target) in [("GET", "/same"), ("HEAD", "/head"), ("HEAD", "/broken")] {
        let mut client = proxy.client();
        client.send(&request(method, target, &["Connection: close"]));
        assert!(client.head().status > 0);
        assert_eq!(client.rest(), "");
    }
    offered_in_all(&proxy, 4);
    let facts: Vec<_> = recorded(proxy).iter().map(facts).collect();
    assert_eq!(
        facts,
        [
            (204, 0, 0, false),
            (304, 0, 0, false),
            (200, 0, 0, false),
            (502, 0, 0, false)
        ]
    );
}

#[test]
fn a_stream_of_events_is_recorded_when_it_ends_however_it_does() {
    let events = "data: 1\n\ndata: 2\n\n";
    let origin = script::origin(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        peer.send(&format!("{:x}\r\n{events}\r\n", events.len()));
        if peer.number == 0 {
            peer.send("0\r\n\r\n");
        }
        // Until the proxy has had enough.
        peer.drain();
    });
    let proxy = Config::to(origin).recording().start();
    let mut client = proxy.client();
    client.send(&request("GET", "/whole", &[]));
    assert_eq!(client.head().status, 200);
    client.bytes(events.len());
    offered_in_all(&proxy, 1);
    let mut client = proxy.client();
    client.send(&request("GET", "/left", &[]));
    assert_eq!(client.head().status, 200);
    client.bytes(events.len());
    assert_eq!(proxy.status()["recording"]["offered"], 1);
    drop(client);
    offered_in_all(&proxy, 2);
    let facts: Vec<_> = recorded(proxy).iter().map(facts).collect();
    let length = events.len() as u64;
    assert_eq!(facts, [(200, 0, length, false), (200, 0, length, true)]);
}

#[test]
fn what_is_broken_off_half_way_is_recorded_as_far_as_it_came() {
    let origin = script::origin(|peer| {
        let head = peer.head().unwrap();
        if head.starts_with("GET") {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        } else {
            peer.drain();
        }
    });
    let proxy = Config::to(origin).recording().start();
    let mut client = proxy.client();
    client.send(&request("GET", "/", &[]));
    assert!(client.rest_of_bytes().ends_with(b"half"));
    offered_in_all(&proxy, 1);
    let mut client = proxy.client();
    client.send(&request("POST", "/", &["Content-Length: 9"]));
    client.send("seven..");
    eventually("it is on its way", || {
        (proxy.metric("rehearsal_connections") > 0).then_some(())
    });
    drop(client);
    offered_in_all(&proxy, 2);
    let facts: Vec<_> = recorded(proxy).iter().map(facts).collect();
    assert_eq!(facts[0], (200, 0, 4, true));
    let (status, sent, answered, aborted) = facts[1];
    assert_eq!((status, answered, aborted), (0, 0, true));
    assert!(sent <= 7);
}
