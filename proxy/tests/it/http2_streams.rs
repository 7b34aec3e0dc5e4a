//! What becomes of an HTTP/2 stream on its way through HTTP/1: heads, bodies, resets, the gate.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use tokio::time::timeout;

use crate::http2::{connect, runtime};
use crate::origin::Origin;
use crate::proxy::{Config, KEY};
use crate::script;
use crate::tls::Certificate;

/// What an answer came to.
#[derive(Debug)]
struct Answered {
    head: Response<()>,
    body: Vec<u8>,
    /// How the stream ended, if not well.
    reset: Option<Reason>,
}

/// Starts a proxy, and has a client of it do something.
fn with_client<F: Future>(config: Config, run: impl FnOnce(SendRequest<Bytes>) -> F) -> F::Output {
    let certificate = Certificate::new();
    let proxy = config.listen(&certificate.listen("")).start();
    runtime().block_on(async {
        let (client, _connection) = connect(&certificate, &proxy).await;
        let patience = Duration::from_secs(10);
        timeout(patience, run(client)).await.unwrap()
    })
}

fn request(method: &str, path: &str, fields: &[(&str, &str)]) -> Request<()> {
    let start = Request::builder()
        .method(method)
        .uri(format!("https://staging.test{path}"));
    let fields = fields.iter();
    let request = fields.fold(start, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap()
}

async fn answered(answer: ResponseFuture) -> Answered {
    let (head, mut stream) = answer.await.unwrap().into_parts();
    let (mut body, mut reset) = (Vec::new(), None);
    while reset.is_none()
        && let Some(piece) = piece(&mut stream).await
    {
        match piece {
            Ok(piece) => body.extend_from_slice(&piece),
            Err(error) => reset = error.reason(),
        }
    }
    let head = Response::from_parts(head, ());
    Answered { head, body, reset }
}

async fn piece(stream: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let piece = stream.data().await?;
    if let Ok(piece) = &piece {
        stream.flow_control().release_capacity(piece.len()).unwrap();
    }
    Some(piece)
}

/// Asks without a body.
async fn ask(client: &mut SendRequest<Bytes>, request: Request<()>) -> Answered {
    answered(client.send_request(request, true).unwrap().0).await
}

#[test]
fn crumbs_of_a_cookie_are_put_together() {
    let origin = Origin::start();
    let cookies = [("cookie", "a=1"), ("x-between", "1"), ("cookie", "b=2")];
    let answer = with_client(Config::over(&origin), async |mut client| {
        ask(&mut client, request("GET", "/", &cookies)).await
    });
    assert_eq!(answer.head.status(), 200);
    let seen = origin.last();
    let cookies: Vec<_> = seen
        .headers
        .iter()
        .filter(|(name, _)| name == "cookie")
        .collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert_eq!(seen.header("cookie"), Some("a=1; b=2"));
    assert_eq!(seen.header("host"), Some("staging.test"));
}

#[test]
fn a_body_has_a_length_or_is_sent_in_chunks_and_trailers_stay_behind() {
    let origin = Origin::start();
    with_client(Config::over(&origin), async |mut client| {
        for length in [None, Some(("content-length", "5"))] {
            let post = request("POST", "/", length.as_slice());
            let (answer, mut body) = client.send_request(post, false).unwrap();
            body.send_data(Bytes::from_static(b"he"), false).unwrap();
            body.send_data(Bytes::from_static(b"llo"), false).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("x-trailer", "1".parse().unwrap());
            body.send_trailers(trailers).unwrap();
            assert_eq!(answered(answer).await.head.status(), 200);
            let seen = origin.last();
            assert_eq!(seen.body, "hello");
            assert_eq!(
                seen.header("content-length"),
                length.map(|(_, length)| length)
            );
            let chunked = length.is_none().then_some("chunked");
            assert_eq!(seen.header("transfer-encoding"), chunked);
            assert_eq!(seen.header("x-trailer"), None);
        }
    });
}

#[test]
fn an_answer_loses_what_http1_needs_and_nothing_else() {
    let origin = Origin::start();
    with_client(Config::over(&origin), async |mut client| {
        let chunked = ask(&mut client, request("GET", "/chunked", &[])).await;
        assert_eq!((&chunked.body[..], chunked.reset), (&b"chunk"[..], None));
        let hops = ask(&mut client, request("GET", "/hops", &[])).await;
        let names = [
            "connection",
            "keep-alive",
            "upgrade",
            "transfer-encoding",
            "x-hop",
            "server",
        ];
        for name in names {
            assert_eq!(hops.head.headers().get(name), None, "{name}");
            assert_eq!(chunked.head.headers().get(name), None, "{name}");
        }
        assert_eq!(hops.head.headers()["x-end"], "stays");
        assert_eq!(hops.body, br#"{"saw":"GET /hops HTTP/1.1"}"#);
    });
}

#[test]
fn the_head_alone_is_all_of_some_answers() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    with_client(Config::to(script::answering(head)), async |mut client| {
        let answer = ask(&mut client, request("HEAD", "/", &[])).await;
        assert_eq!(answer.head.headers()["content-length"], "9");
        assert_eq!((answer.body.len(), answer.reset), (0, None));
    });
    let none = "HTTP/1.1 204 No Content\r\n\r\n";
    with_client(Config::to(script::answering(none)), async |mut client| {
        let answer = ask(&mut client, request("GET", "/", &[])).await;
        assert_eq!(answer.head.status(), 204);
        assert_eq!((answer.body.len(), answer.reset), (0, None));
    });
}

#[test]
fn an_answer_that_comes_early_is_whole_and_the_rest_of_the_body_unwanted() {
    let early = "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nearly";
    with_client(Config::to(script::answering(early)), async |mut client| {
        let post = request("POST", "/", &[("content-length", "1000")]);
        let (answer, mut body) = client.send_request(post, false).unwrap();
        body.send_data(Bytes::from_static(b"begun"), false).unwrap();
        let answer = answered(answer).await;
        assert_eq!(answer.head.status(), 409);
        assert_eq!((&answer.body[..], answer.reset), (&b"early"[..], None));
        // RFC 9113 §8.1: not an error.
        let told = std::future::poll_fn(|context| body.poll_reset(context)).await;
        assert_eq!(told.unwrap(), Reason::NO_ERROR);
    });
}

#[test]
fn an_answer_that_is_cut_short_does_not_seem_whole() {
    let half = script::origin(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    });
    with_client(Config::to(half), async |mut client| {
        let (answer, _body) = client
            .send_request(request("POST", "/", &[]), true)
            .unwrap();
        // The reset may overtake what came before it.
        let reset = match answer.await {
            Err(reset) => Some(reset),
            Ok(answer) => {
                let mut body = answer.into_body();
                let mut reset = None;
                while reset.is_none()
                    && let Some(piece) = piece(&mut body).await
                {
                    reset = piece.err();
                }
                reset
            }
        };
        assert!(reset.is_some_and(|reset| reset.is_reset()));
    });
}

#[test]
fn a_stream_that_is_reset_gives_its_place_back() {
    let origin = Origin::start();
    let config = Config::over(&origin)
        .route("name = \"one\"\nprefix = \"/one\"\nlimit = { concurrent = 1 }");
    with_client(config, async |mut client| {
        let (answer, mut first) = client
            .send_request(request("GET", "/one/slow", &[]), true)
            .unwrap();
        while origin.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = ask(&mut client, request("GET", "/one", &[])).await;
        assert_eq!(refused.head.status(), 429);
        first.send_reset(Reason::CANCEL);
        drop(answer);
        while ask(&mut client, request("GET", "/one", &[]))
            .await
            .head
            .status()
            != 200
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    origin.release();
}

#[test]
fn the_gate_and_the_rules_are_those_of_http1() {
    let origin = Origin::start();
    with_client(Config::over(&origin).load_test(), async |mut client| {
        let mut status = async |path: &str, fields: &[(&str, &str)]| {
            ask(&mut client, request("GET", path, fields))
                .await
                .head
                .status()
                .as_u16()
        };
        assert_eq!(status("/api/loadtest/people", &[]).await, 403);
        assert_eq!(
            status("/api/loadtest/people", &[("x-load-test-key", KEY)]).await,
            200
        );
        let seen = origin.last();
        assert_eq!(seen.line, "GET /api/v1/people HTTP/1.1");
        assert_eq!(seen.header("x-load-test"), Some("true"));
        assert_eq!(seen.header("x-load-test-key"), None);
        assert_eq!(status("//api/loadtest/people", &[]).await, 400);
        assert_eq!(status("/api/loadtest;x/people", &[]).await, 404);
        assert_eq!(status("/", &[("host", "other.test")]).await, 400);
        let lengths = [("content-length", "0"), ("content-length", "0")];
        assert_eq!(status("/", &lengths).await, 400);
    });
}

#[test]
fn large_bodies_pass_both_ways_at_once() {
    const SIZE: usize = 3 * 1024 * 1024;
    let echo = script::origin(|peer| {
        peer.head();
        peer.send(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"
        ));
        for _ in 0..SIZE / 4096 {
            let piece = peer.read(4096);
            peer.send(&piece);
        }
    });
    with_client(Config::to(echo), async |mut client| {
        let post = request("POST", "/", &[("content-length", &SIZE.to_string())]);
        let (answer, mut body) = client.send_request(post, false).unwrap();
        // It is held back by the windows, and sent as they open.
        body.send_data(Bytes::from(vec![b'x'; SIZE]), true).unwrap();
        let answer = answered(answer).await;
        assert_eq!((answer.body.len(), answer.reset), (SIZE, None));
        assert!(answer.body.iter().all(|byte| *byte == b'x'));
    });
}
