//! curl by HTTP/2: the same gate, and no way around it.

use anyhow::Result;
use rehearsal_tests::KEY;
use rehearsal_tests::certificate::Certificate;
use rehearsal_tests::curl::{HOST, curl};
use rehearsal_tests::http::Answer;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::{Proxy, without_limits};
use serde_json::{Value, json};

/// A proxy with a certificate.
struct Edge {
    proxy: Proxy,
    _origin: Origin,
    _certificate: Certificate,
}

impl Edge {
    fn set() -> Self {
        let origin = Origin::start().unwrap();
        let certificate = Certificate::new().unwrap();
        let proxy = Proxy::start(&origin.address, |config| {
            without_limits(config);
            config.insert("listen".to_owned(), certificate.listen());
        });
        Self {
            proxy: proxy.unwrap(),
            _origin: origin,
            _certificate: certificate,
        }
    }

    /// A request by HTTP/2, with its path as it stands here.
    fn ask(&self, path: &str, more: &[&str]) -> Answer {
        let answer = self.try_ask(path, more).unwrap();
        assert!(answer.head.starts_with("http/2 "), "{answer:?}");
        answer
    }

    fn try_ask(&self, path: &str, more: &[&str]) -> Result<Answer> {
        let port = self.proxy.address.rsplit(':').next().unwrap();
        let resolve = format!("{HOST}:{port}:127.0.0.1");
        let url = format!("https://{HOST}:{port}{path}");
        let ours = [
            "--http2",
            "--insecure",
            "--path-as-is",
            "--resolve",
            &resolve,
            &url,
        ];
        curl(ours.iter().chain(more).copied())
    }
}

fn tags(request: &Value) -> [&Value; 2] {
    ["x-load-test", "x-load-test-key"].map(|name| &request["headers"][name])
}

#[test]
#[ignore = "needs curl; run by make test"]
fn gate_rewrite_and_tag_are_the_same() {
    let edge = Edge::set();
    let key = format!("X-Load-Test-Key: {KEY}");
    let body = r#"{"max_residents":3}"#;
    let more = ["--header", &key, "--json", body];
    let gated = edge.ask("/api/loadtest/blocks?limit=1", &more);
    assert_eq!(gated.status, 200, "{gated:?}");
    assert_eq!(gated.header("x-load-test-mode"), Some("active"));
    let request = gated.json();
    assert_eq!(request["target"], "/api/v1/blocks?limit=1");
    assert_eq!(
        (&request["method"], &request["body"]),
        (&json!("POST"), &json!(body))
    );
    assert_eq!(request["headers"]["x-forwarded-proto"], "https");
    assert_eq!(tags(&request), [&json!("true"), &json!(null)]);
    let keyless = edge.ask("/api/loadtest/blocks", &[]);
    let error = json!({"error": "Valid X-Load-Test-Key header required"});
    assert_eq!((keyless.status, keyless.json()), (403, error));
}

/// With a key that is right, so that only the path decides.
#[test]
#[ignore = "needs curl; run by make test"]
fn no_spelling_of_a_path_leads_around_the_gate() {
    let edge = Edge::set();
    let key = format!("X-Load-Test-Key: {KEY}");
    let key = ["--header", key.as_str()];
    for path in [
        "//api/loadtest/blocks",
        "/api//loadtest/blocks",
        "/./api/loadtest/blocks",
        "/api/./loadtest/blocks",
        "/x/../api/loadtest/blocks",
        "/api/v1/../loadtest/blocks",
        "/api/loadtest/../v1/auth/login",
        "/api/%2e%2e/api/loadtest/blocks",
        "/api/%6coadtest/blocks",
        "/api%2floadtest/blocks",
        "/api/loadtest%2Fblocks",
        "/api/loadtest%5cblocks",
        "/api/loadtest\\blocks",
        "/api/loadtest/%00",
    ] {
        let answer = edge.ask(path, &key);
        assert_eq!(answer.status, 400, "{path} {answer:?}");
    }
    for path in [
        "/API/loadtest/blocks",
        "/api/LoadTest/blocks",
        "/api/loadtest;x/blocks",
        "/api;x/loadtest/blocks",
    ] {
        let answer = edge.ask(path, &key);
        assert_eq!(answer.status, 404, "{path} {answer:?}");
    }
    // Encoded twice, it is another path to the application too: it goes on as it is, to the
    // catch-all, untagged and without the key.
    let path = "/api/%256coadtest/blocks";
    let answer = edge.ask(path, &key);
    let request = answer.json();
    assert_eq!((answer.status, &request["target"]), (200, &json!(path)));
    assert_eq!(tags(&request), [&json!(null), &json!(null)]);
    assert_eq!(answer.header("x-load-test-mode"), None);
}

/// What stands in `:path` need not be a path.
#[test]
#[ignore = "needs curl; run by make test"]
fn what_is_no_path_is_refused() {
    let edge = Edge::set();
    let key = format!("X-Load-Test-Key: {KEY}");
    for target in [
        "api/loadtest/blocks",
        "*",
        "http://elsewhere.example/api/loadtest/blocks",
        "?/api/loadtest/blocks",
    ] {
        let more = ["--header", &key, "--request-target", target];
        match edge.try_ask("/", &more) {
            Ok(answer) => assert_eq!(answer.status, 400, "{target} {answer:?}"),
            // What is not even HTTP/2 ends the stream.
            Err(error) => assert!(error.to_string().contains("PROTOCOL_ERROR"), "{error}"),
        }
    }
    // A fragment is cut off before the gate looks.
    let target = ["--request-target", "/api/loadtest/blocks#part"];
    assert_eq!(edge.ask("/", &target).status, 403);
    let with_key = [target.as_slice(), &["--header", &key]].concat();
    assert_eq!(edge.ask("/", &with_key).json()["target"], "/api/v1/blocks");
}
