//! nginx behind, by config/nginx/behind.conf: the proxy is the edge.

use rehearsal_tests::KEY;
use rehearsal_tests::curl::curl;
use rehearsal_tests::http::Answer;
use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;
use serde_json::json;

use super::{SECRETS, a_page_works, keeps_secrets, told};

/// users ─▶ proxy ─▶ nginx ─▶ origin
struct Chain {
    nginx: Nginx,
    proxy: Proxy,
    _origin: Origin,
}

impl Chain {
    fn set() -> Self {
        let origin = Origin::start().unwrap();
        let places = [("127.0.0.1:8001", origin.address.as_str())];
        let nginx = Nginx::shipped("behind.conf", &places).unwrap();
        // As the file says: users come from this machine here, so nobody on it may be trusted.
        let edge = |config: &mut toml::Table| {
            config.insert("trusted_proxies".to_owned(), Vec::<String>::new().into());
        };
        Self {
            proxy: Proxy::start(&nginx.address, edge).unwrap(),
            nginx,
            _origin: origin,
        }
    }

    /// A request from an address of this machine.
    fn ask(&self, from: &str, target: &str, more: &[&str]) -> Answer {
        ask(&self.proxy.address, from, target, more)
    }
}

fn ask(address: &str, from: &str, target: &str, more: &[&str]) -> Answer {
    let url = format!("http://{address}{target}");
    curl(["--interface", from, &url].iter().chain(more).copied()).unwrap()
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn the_application_sees_the_client_that_the_proxy_saw() {
    let chain = Chain::set();
    let lies = [
        "--header",
        "X-Forwarded-For: 198.51.100.7",
        "--header",
        "X-Real-IP: 198.51.100.7",
        "--header",
        "X-Forwarded-Proto: https",
    ];
    let answer = chain.ask("127.0.0.2", "/api/v1/blocks?limit=1", &lies);
    assert_eq!(answer.status, 200, "{answer:?}");
    let request = answer.json();
    let headers = &request["headers"];
    assert_eq!(request["target"], "/api/v1/blocks?limit=1");
    assert_eq!(headers["x-real-ip"], "127.0.0.2");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.2");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["host"], chain.proxy.address.as_str());
    let id = headers["x-request-id"].as_str().unwrap();
    assert_eq!(answer.header("x-request-id"), Some(id));
    assert_eq!(answer.header("server"), None);
    let log = chain.nginx.log("access.log", 1).unwrap();
    assert!(
        log.contains(id) && log.contains(r#""client":"127.0.0.2""#),
        "{log}"
    );
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn nobody_gets_past_the_proxy() {
    let chain = Chain::set();
    let lie = ["--header", "X-Forwarded-For: 127.0.0.1"];
    let direct = ask(&chain.nginx.address, "127.0.0.2", "/api/v1/blocks", &lie);
    assert_eq!(direct.status, 403, "{direct:?}");
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn gate_limits_and_tag_hold_for_what_goes_on_to_nginx() {
    let chain = Chain::set();
    let key = format!("X-Load-Test-Key: {KEY}");
    let gated = chain.ask("127.0.0.2", "/api/loadtest/blocks", &["--header", &key]);
    assert_eq!(gated.status, 200, "{gated:?}");
    let headers = &gated.json()["headers"];
    assert_eq!(headers["x-load-test"], "true");
    assert_eq!(headers["x-load-test-key"], json!(null));
    let keyless = chain.ask("127.0.0.2", "/api/loadtest/blocks", &[]);
    assert_eq!(keyless.status, 403, "{keyless:?}");
    let passed = |from: &str| {
        let lie = |count| format!("X-Forwarded-For: 127.1.0.{count}");
        let statuses = (0..8).map(|count| {
            let lie = ["--header", &lie(count)];
            chain.ask(from, "/api/v1/auth/login", &lie).status
        });
        statuses.filter(|status| *status == 200).count()
    };
    assert_eq!((passed("127.0.0.2"), passed("127.0.0.3")), (4, 4));
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn what_nginx_answers_is_recorded() {
    let chain = Chain::set();
    let compressed = ["--compressed", "--json", r#"{"max_residents":3}"#];
    let answer = chain.ask("127.0.0.2", "/api/v1/blocks", &compressed);
    assert_eq!(answer.json()["headers"]["accept-encoding"], json!(null));
    let (capture, ..) = chain.proxy.captured().unwrap();
    assert_eq!(told(&capture.exchanges), [("POST", "/api/v1/blocks", 200)]);
    let body = &capture.exchanges[0].response.body;
    assert_eq!(body.bytes, u64::try_from(answer.body.len()).unwrap());
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn no_log_of_nginx_has_a_secret() {
    let chain = Chain::set();
    let answer = chain.ask("127.0.0.2", SECRETS[0], &SECRETS[1..]);
    assert_eq!(answer.status, 200, "{answer:?}");
    keeps_secrets(&chain.nginx, "access.log", 1);
}

#[test]
#[ignore = "needs nginx and chromium; run by make test"]
fn a_page_with_a_web_socket_and_events_works() {
    let chain = Chain::set();
    a_page_works(&format!("http://{}/page", chain.proxy.address));
}
