//! The gate's rows of the table in design §5.2: address, key, failed keys, off.
//!
//! Bodies are compared byte for byte: clients were written against them.

use serde_json::json;

use crate::origin::Origin;
use crate::proxy::{Config, KEY, key};

const STRANGER: &str = "X-Forwarded-For: 203.0.113.9";

#[test]
fn a_strange_address_is_refused_whatever_its_key() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let unreadable = "X-Forwarded-For: unknown";
    let with_port = "X-Forwarded-For: 203.0.113.9:55";
    for (path, chain) in [
        ("/api/loadtest/people", STRANGER),
        ("/api/loadtest/metrics", STRANGER),
        ("/api/loadtest/people", unreadable),
        ("/api/loadtest/metrics", unreadable),
        ("/api/loadtest/people", with_port),
    ] {
        let answer = proxy.get(path, &[chain, &key()]);
        assert_eq!(answer.status, 403, "{path} {chain}");
        assert_eq!(
            answer.body,
            r#"{"error":"Load testing not allowed from this IP"}"#
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-load-test-mode"), None);
    }
    assert!(origin.seen().is_empty());
    assert_eq!(proxy.get("/api/v1/people", &[unreadable]).status, 200);
}

#[test]
fn a_missing_and_a_wrong_key_look_the_same() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let upper = format!("X-Load-Test-Key: {}", KEY.to_uppercase());
    let twice = [key(), key()];
    let wrong: [&[&str]; 4] = [
        &[],
        &["X-Load-Test-Key: wrong"],
        &[&upper],
        &[&twice[0], &twice[1]],
    ];
    for headers in wrong {
        let answer = proxy.get("/api/loadtest/people", headers);
        assert_eq!(answer.status, 403, "{headers:?}");
        assert_eq!(
            answer.body,
            r#"{"error":"Valid X-Load-Test-Key header required"}"#
        );
        assert_eq!(answer.header("x-load-test-mode"), None);
    }
    assert!(origin.seen().is_empty());
}

#[test]
fn who_guesses_too_often_is_not_listened_to() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    for _ in 0..10 {
        assert_eq!(
            proxy
                .get("/api/loadtest/x", &["X-Load-Test-Key: guess"])
                .status,
            403
        );
    }
    // Not even with the right key: the answer must not tell that a guess was right.
    let answer = proxy.get("/api/loadtest/x", &[&key()]);
    assert_eq!(answer.status, 429);
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some(r#""failed-keys";q=10;w=60"#)
    );
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait));
    assert_eq!(answer.json()["retry_after"], wait);
    let other = "X-Forwarded-For: 198.51.100.7";
    assert_eq!(proxy.get("/api/loadtest/x", &[other, &key()]).status, 200);
}

#[test]
fn the_right_key_opens() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let answer = proxy.get(
        "/api/loadtest/people/7?page=2",
        &[&key(), "X-Load-Test-Run: nightly"],
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-load-test-mode"), Some("active"));
    let seen = origin.last();
    assert_eq!(seen.line, "GET /api/v1/people/7?page=2 HTTP/1.1");
    assert_eq!(seen.header("x-load-test"), Some("true"));
    assert_eq!(seen.header("x-load-test-run"), Some("nightly"));
    assert_eq!(seen.header("x-load-test-key"), None);
}

#[test]
fn an_address_is_enough_where_the_route_says_so() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let answer = proxy.get("/api/loadtest/metrics", &[]);
    assert_eq!(answer.status, 200);
    let seen = origin.last();
    assert_eq!(seen.line, "GET /metrics HTTP/1.1");
    assert_eq!(seen.header("x-load-test"), Some("true"));
}

#[test]
fn nobody_passes_as_a_test_on_an_ordinary_route() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).load_test().start();
    let own = key();
    let claims = [
        "X-Load-Test: true",
        "X-Load-Test-Run: r",
        "x_load_test: true",
        own.as_str(),
    ];
    let answer = proxy.get("/api/v1/people", &claims);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-load-test-mode"), None);
    let headers = origin.last().headers;
    assert!(
        headers
            .iter()
            .all(|(name, _)| !name.replace('_', "-").starts_with("x-load-test"))
    );
}

#[test]
fn load_testing_that_is_off_is_not_there() {
    let origin = Origin::start();
    let off = "[load_test]\nenabled = false";
    let route = "name = \"lt\"\nprefix = \"/api/loadtest/\"\ngate = \"key\"";
    for config in [
        Config::over(&origin).section(off).route(route),
        Config::over(&origin),
    ] {
        let proxy = config.start();
        for path in [
            "/api/loadtest/people",
            "/api/loadtest/",
            "/api/loadtest",
            "/api/loadtest?x",
        ] {
            let answer = proxy.get(path, &[&key()]);
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.json(), json!({"error": "not found"}));
        }
        assert_eq!(proxy.get("/api/loadtests", &[]).status, 200);
    }
}

#[test]
fn a_route_can_say_whether_it_tags() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .load_test()
        .route("name = \"silent\"\nprefix = \"/api/loadtest/silent\"\ngate = \"key\"\ntag = false")
        .route("name = \"tagged\"\nprefix = \"/tagged\"\ntag = true")
        .start();
    let claim = "X-Load-Test: true";
    assert_eq!(
        proxy.get("/api/loadtest/silent", &[&key(), claim]).status,
        200
    );
    assert_eq!(origin.last().header("x-load-test"), None);
    assert_eq!(proxy.get("/tagged", &[]).status, 200);
    assert_eq!(origin.last().header("x-load-test"), Some("true"));
}
