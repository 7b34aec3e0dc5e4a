//! curl: what the gate and its neighbours answer, case by case.

use std::fs::{self, File};

use demo::programs::Program;
use rehearsal_tests::curl::curl;
use rehearsal_tests::http::Answer;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;
use rehearsal_tests::{KEY, Stage};
use serde_json::json;
use toml::{Table, Value};

/// Staging with the proxy in front of it.
struct Edge {
    stage: Stage,
    _proxy: Program,
    url: String,
}

impl Edge {
    fn set() -> Self {
        let stage = Stage::set(0.0).unwrap();
        let (proxy, address) = stage.proxy(None).unwrap();
        Self {
            stage,
            _proxy: proxy,
            url: format!("http://{address}"),
        }
    }

    /// A request of a client, with this key if any.
    fn ask(&self, client: &str, target: &str, key: Option<&str>) -> Answer {
        let url = format!("{}{target}", self.url);
        // nginx in front would say so.
        let client = format!("X-Forwarded-For: {client}");
        let key = key.map(|key| format!("X-Load-Test-Key: {key}"));
        let key = key.iter().flat_map(|key| ["--header", key]);
        curl(["--header", &client, &url].into_iter().chain(key)).unwrap()
    }
}

const TARGET: &str = "/api/loadtest/blocks";

#[test]
#[ignore = "needs curl; run by make test"]
fn the_gate_wants_an_address_and_a_key() {
    let edge = Edge::set();
    let key = Some(edge.stage.key.as_str());
    let allowed = edge.ask("198.18.0.7", TARGET, key);
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert_eq!(allowed.header("x-load-test-mode"), Some("active"));
    assert!(
        allowed.json().is_array() || allowed.json().is_object(),
        "{allowed:?}"
    );

    let elsewhere = edge.ask("203.0.113.7", TARGET, key);
    let error = json!({"error": "Load testing not allowed from this IP"});
    assert_eq!((elsewhere.status, elsewhere.json()), (403, error));

    let error = json!({"error": "Valid X-Load-Test-Key header required"});
    let upper = edge.stage.key.to_uppercase();
    for wrong in [None, Some(KEY), Some(""), Some(upper.as_str())] {
        let refused = edge.ask("198.18.0.8", TARGET, wrong);
        assert_eq!(
            (refused.status, refused.json()),
            (403, error.clone()),
            "{wrong:?}"
        );
        assert_eq!(refused.header("x-load-test-mode"), None);
    }
    let metrics = edge.ask("198.18.0.7", "/api/loadtest/metrics", None);
    assert_eq!(
        metrics.status, 200,
        "an address is enough there: {metrics:?}"
    );
}

#[test]
#[ignore = "needs curl; run by make test"]
fn whoever_guesses_keys_has_to_wait() {
    let edge = Edge::set();
    let guess = |client| edge.ask(client, TARGET, Some(KEY));
    let guesses: Vec<_> = (0..11).map(|_| guess("198.18.0.7")).collect();
    let statuses = guesses.iter().map(|answer| answer.status);
    assert_eq!(
        statuses.collect::<Vec<_>>(),
        [[403; 10].as_slice(), &[429]].concat()
    );
    assert!(
        guesses[10].header("retry-after").is_some(),
        "{:?}",
        guesses[10]
    );
    let right = edge.ask("198.18.0.7", TARGET, Some(&edge.stage.key));
    assert_eq!(right.status, 429, "{right:?}");
    assert_eq!(
        guess("198.18.0.8").status,
        403,
        "others have their own count"
    );
}

#[test]
#[ignore = "needs curl; run by make test"]
fn a_limit_says_when_to_come_back() {
    let edge = Edge::set();
    let log_in = || edge.ask("198.51.100.7", "/api/v1/auth/login", None);
    let passed = (0..4).map(|_| log_in().status);
    assert_eq!(
        passed.collect::<Vec<_>>(),
        [405; 4],
        "staging's own answer to a GET"
    );
    let limited = log_in();
    assert_eq!(limited.status, 429, "{limited:?}");
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{limited:?}");
    let error = json!({"error": "rate limited", "limit": "5/min", "retry_after": wait});
    assert_eq!(limited.json(), error);
    let policy = limited.header("ratelimit-policy").unwrap();
    assert!(policy.contains(r#""login";q=5;w=60"#), "{policy}");
    assert!(
        limited.header("ratelimit").unwrap().contains("r=0"),
        "{limited:?}"
    );
}

#[test]
#[ignore = "needs curl; run by make test"]
fn without_load_testing_there_is_no_such_route() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, |config| {
        let load_test = config["load_test"].as_table_mut().unwrap();
        load_test.insert("enabled".to_owned(), false.into());
    })
    .unwrap();
    let key = format!("X-Load-Test-Key: {KEY}");
    for path in [
        TARGET,
        "/api/loadtest/metrics",
        "/api/loadtest/schedule/generate",
    ] {
        let url = format!("http://{}{path}", proxy.address);
        let answer = curl(["--header", &key, &url]).unwrap();
        assert_eq!(answer.status, 404, "{answer:?}");
    }
}

#[test]
#[ignore = "needs curl; run by make test"]
fn only_the_gate_makes_a_request_a_test() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, |_| {}).unwrap();
    let key = format!("X-Load-Test-Key: {KEY}");
    let given = [
        "--header",
        &key,
        "--header",
        "X-Load-Test-Run: r1",
        "--header",
        "X-Load-Test: false",
    ];
    let seen = |path: &str| {
        let url = format!("http://{}{path}", proxy.address);
        let answer = curl(given.into_iter().chain([url.as_str()])).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let gated = seen("/api/loadtest/blocks?limit=1");
    assert_eq!(gated["target"], "/api/v1/blocks?limit=1");
    let tags = |request: &serde_json::Value| {
        ["", "-run", "-key"].map(|name| request["headers"][format!("x-load-test{name}")].clone())
    };
    assert_eq!(tags(&gated), [json!("true"), json!("r1"), json!(null)]);
    assert_eq!(
        tags(&seen("/api/v1/blocks")),
        [json!(null), json!(null), json!(null)]
    );
}

#[test]
#[ignore = "needs curl; run by make test"]
fn what_is_too_large_or_has_two_readings_is_refused() {
    let edge = Edge::set();
    let large = edge.stage.path("large");
    File::create(&large)
        .unwrap()
        .set_len(50 * 1024 * 1024 + 1)
        .unwrap();
    let large = format!("@{}", large.display());
    let url = format!("{}/api/v1/people", edge.url);
    let answer = curl(["--data-binary", &large, &url]).unwrap();
    let error = json!({"error": "request body too large", "limit_bytes": 50 * 1024 * 1024});
    assert_eq!((answer.status, answer.json()), (413, error));

    let headers = edge.stage.path("headers");
    let line = |number| format!("X-Long-{number}: {}\n", "x".repeat(30_000));
    fs::write(&headers, (0..5).map(line).collect::<String>()).unwrap();
    let headers = format!("@{}", headers.display());
    let answer = curl(["--header", &headers, &url]).unwrap();
    assert_eq!(answer.status, 431, "{answer:?}");

    for (path, header) in [
        ("/api/v1/people/../auth/login", "Accept: a"),
        ("/api//v1/people", "Accept: a"),
        ("/api/v1/%70eople", "Accept: a"),
        ("/api/v1/people", "X-A : b"),
    ] {
        let url = format!("{}{path}", edge.url);
        let answer = curl(["--path-as-is", "--header", header, &url]).unwrap();
        assert_eq!(answer.status, 400, "{path} {header} {answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
    }
}

#[test]
#[ignore = "needs curl; run by make test"]
fn an_upstream_that_is_gone_or_silent_is_a_gateway_error() {
    let gone = Proxy::start("127.0.0.1:9", |_| {}).unwrap();
    let answer = curl([format!("http://{}/api/v1/people", gone.address).as_str()]).unwrap();
    let id = answer.header("x-request-id").unwrap();
    let error = json!({"error": "upstream unavailable", "request_id": id});
    assert_eq!((answer.status, answer.json()), (502, error));

    let origin = Origin::start().unwrap();
    let silent = Proxy::start(&origin.address, |config| {
        let short: Table = r#"read = "100ms""#.parse().unwrap();
        for route in config["route"].as_array_mut().unwrap() {
            let route = route.as_table_mut().unwrap();
            route.insert("timeouts".to_owned(), Value::Table(short.clone()));
        }
    })
    .unwrap();
    let answer = curl([format!("http://{}/api/v1/never", silent.address).as_str()]).unwrap();
    let id = answer.header("x-request-id").unwrap();
    let error = json!({"error": "upstream timed out", "request_id": id});
    assert_eq!((answer.status, answer.json()), (504, error));
}
