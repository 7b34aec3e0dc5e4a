//! What single requests become.

use super::*;

fn log_in() -> Exchange {
    let mut exchange = exchange(1, 0, 1);
    let text = r#"{"username":"{{username:u1}}","password":"{{password:u1}}"}"#;
    exchange.request.method = "POST".to_owned();
    exchange.request.path = "/api/v1/auth/login/json".to_owned();
    exchange.request.headers = [
        ("content-type", "application/json"),
        ("accept-encoding", "gzip"),
        ("x-forwarded-for", "1.2.3.4"),
        ("connection", "close"),
        ("content-length", "7"),
        ("x-split", "a\r\nb"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
    .into();
    exchange.request.body = Body {
        bytes: text.len() as u64,
        content: Content::Utf8(text.to_owned()),
    };
    exchange
}

fn first(exchange: &Exchange, wanted: Wanted) -> String {
    sent(
        &plan(std::slice::from_ref(exchange), wanted)
            .unwrap()
            .arrivals[0],
    )
}

#[test]
fn a_request_is_sent_as_recorded_with_its_holes() {
    let mut wanted = wanted(load("1"));
    wanted.selection.rules = Rules {
        prefix: "/base".to_owned(),
        via_loadtest: true,
        rewrites: vec!["/api/v1/people/=/api/v1/persons/".parse().unwrap()],
        headers: vec!["X-Team: red".parse().unwrap()],
        addresses: true,
        ..wanted.selection.rules
    };
    let mut read = exchange(2, 2, 1);
    let value = "Bearer {{auth:u1}}".to_owned();
    read.request.headers = vec![("authorization".to_owned(), value)].into();
    let plan = plan(&[log_in(), read], wanted).unwrap();
    // Where its body has holes, the head ends before the length.
    insta::assert_snapshot!(sent(&plan.arrivals[0]), @r#"
    POST /base/api/loadtest/auth/login/json HTTP/1.1
    host: target:81
    content-type: application/json
    accept-encoding: gzip
    x-team: red
    user-agent: rehearsal-replay/0.1.0
    <Address>
    <Gate>
    {"username":"<Username 0>","password":"<Password 0>"}
    "#);
    insta::assert_snapshot!(sent(&plan.arrivals[1]), @"
    GET /base/api/loadtest/persons/2 HTTP/1.1
    host: target:81
    authorization: Bearer <Auth 0>
    x-team: red
    user-agent: rehearsal-replay/0.1.0
    <Address>
    <Gate>
    ");
    let entry = |at: usize| plan.arrivals[at].entry();
    assert_eq!((entry(0).gives, entry(1).needs), (Some(0), Some(0)));
}

#[test]
fn recorded_headers_are_sent_unless_replay_has_them_itself() {
    let mut read = exchange(1, 0, 1);
    read.request.headers = [
        ("accept-encoding", "gzip"),
        ("user-agent", "recorded/1"),
        ("x-team", "blue"),
        ("x-load-test-key", "recorded"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
    .into();
    let mut wanted = wanted(load("1"));
    wanted.selection.rules.headers = vec!["X-Team: red".parse().unwrap()];
    insta::assert_snapshot!(first(&read, wanted), @"
    GET /api/v1/people/1 HTTP/1.1
    host: target:81
    accept-encoding: gzip
    user-agent: recorded/1
    x-team: red
    ");
}

#[test]
fn a_token_that_is_refreshed_is_needed_and_given() {
    let mut refresh = exchange(2, 2, 1);
    let text = r#"{"refresh_token":"{{refresh:u1}}"}"#;
    refresh.request.body = Body {
        bytes: text.len() as u64,
        content: Content::Utf8(text.to_owned()),
    };
    let plan = plan(&[log_in(), refresh], wanted(load("1"))).unwrap();
    let entry = plan.arrivals[1].entry();
    assert_eq!((entry.needs, entry.gives), (Some(0), Some(0)));
}

#[test]
fn what_may_be_sent_twice_is_sent_again_and_nothing_else() {
    let method = |name: &str| {
        let mut exchange = exchange(1, 0, 1);
        exchange.request.method = name.to_owned();
        let plan = plan(&[exchange], wanted(load("1"))).unwrap();
        let method = plan.arrivals[0].entry().request.method;
        (method.idempotent, method.head)
    };
    assert_eq!(method("GET"), (true, false));
    assert_eq!(method("HEAD"), (true, true));
    assert_eq!(method("DELETE"), (true, false));
    assert_eq!(method("PUT"), (true, false));
    assert_eq!(method("POST"), (false, false));
    assert_eq!(method("PATCH"), (false, false));
}

#[test]
fn only_the_api_goes_through_the_load_test_path() {
    let mut health = exchange(1, 0, 1);
    health.request.path = "/health".to_owned();
    health.request.query = "a=b%20c".to_owned();
    let mut wanted = wanted(load("1"));
    wanted.selection.rules.via_loadtest = true;
    insta::assert_snapshot!(first(&health, wanted), @"
    GET /health?a=b%20c HTTP/1.1
    host: target:81
    user-agent: rehearsal-replay/0.1.0
    ");
}

#[test]
fn the_length_of_a_body_is_said_where_one_is_expected() {
    let mut upload = exchange(1, 0, 1);
    upload.request.body = Body {
        bytes: 9_000,
        content: Content::Shape(serde_json::json!("binary(9000)").into()),
    };
    let text = first(&upload, wanted(load("1")));
    assert!(text.contains("content-length: 9000\n"), "{text}");
    assert!(text.ends_with("(filler of 9000)"), "{text}");
    let mut empty = exchange(1, 0, 1);
    assert!(!first(&empty, wanted(load("1"))).contains("content-length"));
    empty.request.method = "PUT".to_owned();
    assert!(first(&empty, wanted(load("1"))).contains("content-length: 0\n"));
    empty.request.method = "PATCH".to_owned();
    assert!(first(&empty, wanted(load("1"))).contains("content-length: 0\n"));
    empty.request.body = Body {
        bytes: 3,
        content: Content::Base64(vec![0, 1, 2]),
    };
    assert!(first(&empty, wanted(load("1"))).ends_with("content-length: 3\n\n\0\u{1}\u{2}"));
}

#[test]
fn a_body_that_was_not_kept_counts_with_its_length() {
    let size = |exchange: &Exchange| {
        let plan = plan(std::slice::from_ref(exchange), wanted(load("1"))).unwrap();
        let arrival = &plan.arrivals[0];
        arrival.window.size(&arrival.entry().request)
    };
    let mut upload = exchange(1, 0, 1);
    let head = size(&upload);
    upload.request.body = Body {
        bytes: 9_000,
        content: Content::Shape(serde_json::json!("binary(9000)").into()),
    };
    let line = "content-length: 9000\r\n";
    assert_eq!(size(&upload), head + line.len() as u64 + 9_000);
}

#[test]
fn equal_fresh_names_are_one_value() {
    let keyed = |seq, key: &str| {
        let mut exchange = exchange(seq, seq, 1);
        let value = format!("{{{{fresh:{key}}}}}");
        exchange.request.headers = vec![("idempotency-key".to_owned(), value)].into();
        exchange
    };
    let plan = plan(
        &[keyed(1, "k7"), keyed(2, "k8"), keyed(3, "k7")],
        wanted(load("1")),
    )
    .unwrap();
    let key = |at: usize| sent(&plan.arrivals[at]).lines().nth(2).unwrap().to_owned();
    assert_eq!(key(0), "idempotency-key: <Fresh 0>");
    assert_eq!(key(0), key(2));
    assert_ne!(key(0), key(1));
}

#[test]
fn what_http_does_not_allow_is_an_error() {
    let wrong = |change: fn(&mut Exchange)| {
        let mut exchange = exchange(7, 0, 1);
        change(&mut exchange);
        plan(&[exchange], wanted(load("1"))).unwrap_err()
    };
    insta::assert_snapshot!(wrong(|it| it.request.method = "G T".to_owned()), @"exchange 7 of the capture has the method `G T`, which is none");
    insta::assert_snapshot!(wrong(|it| it.request.path = "/a b".to_owned()), @"exchange 7 of the capture has a path or query with characters that a request can't carry");
    insta::assert_snapshot!(wrong(|it| it.request.path = "/a\x7f".to_owned()), @"exchange 7 of the capture has a path or query with characters that a request can't carry");
    insta::assert_snapshot!(wrong(|it| it.request.query = "a\r\nx: y".to_owned()), @"exchange 7 of the capture has a path or query with characters that a request can't carry");
}
