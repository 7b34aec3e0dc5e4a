//! nginx in front, by config/nginx/in-front.conf: TLS is nginx's, the rest the proxy's.

use rehearsal_tests::KEY;
use rehearsal_tests::curl::{HOST, curl};
use rehearsal_tests::http::Answer;
use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;
use rustix::process::Signal;
use serde_json::json;
use toml::Table;

use super::{SECRETS, a_page_works, keeps_secrets, told};

/// users ─▶ nginx ─▶ proxy ─▶ origin
struct Chain {
    nginx: Nginx,
    proxy: Proxy,
    _origin: Origin,
}

impl Chain {
    fn set(edit: impl FnOnce(&mut Table)) -> Self {
        let origin = Origin::start().unwrap();
        let proxy = Proxy::start(&origin.address, edit).unwrap();
        let places = [("127.0.0.1:8080", proxy.address.as_str())];
        Self {
            nginx: Nginx::shipped("in-front.conf", &places).unwrap(),
            proxy,
            _origin: origin,
        }
    }

    /// A request from an address of this machine.
    fn ask(&self, from: &str, target: &str, more: &[&str]) -> Answer {
        let place = format!("{HOST}:{}", self.nginx.port());
        let (resolve, url) = (
            format!("{place}:127.0.0.1"),
            format!("https://{place}{target}"),
        );
        let ours = [
            "--insecure",
            "--resolve",
            &resolve,
            "--interface",
            from,
            &url,
        ];
        curl(ours.iter().chain(more).copied()).unwrap()
    }
}

/// What a client says of itself that only nginx may say.
const LIES: [&str; 10] = [
    "--header",
    "X-Forwarded-For: 127.0.0.9",
    "--header",
    "X-Real-IP: 127.0.0.9",
    "--header",
    "X-Forwarded-Proto: gopher",
    "--header",
    "X-Request-ID: 00000000000000000000000000000000",
    "--header",
    "X-Forwarded-Host: elsewhere.example",
];

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn the_application_sees_who_came_and_how() {
    let chain = Chain::set(|_| {});
    let answer = chain.ask("127.0.0.2", "/api/v1/blocks?limit=1", &LIES);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.starts_with("http/2 "), "{answer:?}");
    let request = answer.json();
    let headers = &request["headers"];
    assert_eq!(request["target"], "/api/v1/blocks?limit=1");
    assert_eq!(headers["x-real-ip"], "127.0.0.2");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.2, 127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "https");
    let host = format!("{HOST}:{}", chain.nginx.port());
    assert_eq!(
        (&headers["host"], &headers["x-forwarded-host"]),
        (&json!(host), &json!(host))
    );
    assert_eq!(headers["accept-encoding"], json!(null));
    let id = headers["x-request-id"].as_str().unwrap();
    assert_eq!(answer.header("x-request-id"), Some(id));
    let hsts = "max-age=31536000";
    assert_eq!(answer.header("strict-transport-security"), Some(hsts));
    // The log names the request, and says nothing of its query.
    let log = chain.nginx.log("access.log", 1).unwrap();
    assert!(log.contains(id) && !id.starts_with("0000"), "{log}");
    assert!(
        log.contains(r#""client":"127.0.0.2""#) && !log.contains("limit"),
        "{log}"
    );
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn limits_count_each_client_whatever_it_says() {
    let chain = Chain::set(|_| {});
    let passed = |from: &str, lie: &dyn Fn(usize) -> String| {
        let statuses = (0..8).map(|count| {
            let lie = format!("X-Forwarded-For: {}", lie(count));
            let answer = chain.ask(from, "/api/v1/auth/login", &["--header", &lie]);
            assert!(matches!(answer.status, 200 | 429), "{answer:?}");
            answer.status
        });
        statuses.filter(|status| *status == 200).count()
    };
    assert_eq!(passed("127.0.0.2", &|count| format!("127.1.0.{count}")), 4);
    assert_eq!(passed("127.0.0.3", &|_| "127.0.0.4".to_owned()), 4);
    assert_eq!(passed("127.0.0.4", &|_| "203.0.113.7".to_owned()), 4);
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn the_gate_lets_in_the_address_that_really_came() {
    let chain = Chain::set(|config| {
        let load_test = config["load_test"].as_table_mut().unwrap();
        load_test.insert("allow".to_owned(), vec!["127.0.0.2/32"].into());
    });
    let target = "/api/loadtest/blocks";
    let key = format!("X-Load-Test-Key: {KEY}");
    let key = ["--header", key.as_str()];
    let allowed = chain.ask("127.0.0.2", target, &key);
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert_eq!(allowed.header("x-load-test-mode"), Some("active"));
    let request = allowed.json();
    assert_eq!(request["target"], "/api/v1/blocks");
    assert_eq!(request["headers"]["x-load-test"], "true");
    assert_eq!(request["headers"]["x-load-test-key"], json!(null));
    let keyless = chain.ask("127.0.0.2", target, &[]);
    let error = json!({"error": "Valid X-Load-Test-Key header required"});
    assert_eq!((keyless.status, keyless.json()), (403, error));
    let lie = ["--header", "X-Forwarded-For: 127.0.0.2"];
    let refused = chain.ask("127.0.0.3", target, &[key, lie].concat());
    let error = json!({"error": "Load testing not allowed from this IP"});
    assert_eq!((refused.status, refused.json()), (403, error));
    assert!(!chain.nginx.log("access.log", 3).unwrap().contains(KEY));
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn what_comes_through_nginx_is_recorded_by_client() {
    let chain = Chain::set(|_| {});
    for from in ["127.0.0.2", "127.0.0.3", "127.0.0.2"] {
        let body = ["--json", r#"{"max_residents":3}"#];
        assert_eq!(chain.ask(from, "/api/v1/blocks", &body).status, 200);
    }
    let (capture, ..) = chain.proxy.captured().unwrap();
    assert_eq!(
        told(&capture.exchanges),
        [("POST", "/api/v1/blocks", 200); 3]
    );
    let users: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| &exchange.user)
        .collect();
    assert!(users[0] == users[2] && users[0] != users[1], "{users:?}");
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn no_log_of_nginx_has_a_secret() {
    let chain = Chain::set(|_| {});
    let statuses = [Signal::CONT, Signal::KILL].map(|signal| {
        chain.proxy.service.signal(signal).unwrap();
        chain.ask("127.0.0.2", SECRETS[0], &SECRETS[1..]).status
    });
    assert_eq!(statuses, [200, 502]);
    keeps_secrets(&chain.nginx, "access.log", 2);
    let log = chain.nginx.log("access.log", 1).unwrap();
    assert!(log.contains(r#""path":"/api/v1/calendar/feed/…""#), "{log}");
    assert!(log.contains(r#""upstream_status":"502""#), "{log}");
}

#[test]
#[ignore = "needs nginx and chromium; run by make test"]
fn a_page_with_a_web_socket_and_events_works_over_tls() {
    let chain = Chain::set(|_| {});
    a_page_works(&format!("https://{HOST}:{}/page", chain.nginx.port()));
}
