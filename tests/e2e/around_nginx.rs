//! The proxy behind a real nginx, and beside one with the same limits.

use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::{Stage, http};

#[test]
#[ignore = "needs nginx; run by make test"]
fn behind_nginx_the_gate_sees_the_real_client() {
    let stage = Stage::set(0.0).unwrap();
    let (_proxy, address) = stage.proxy(None).unwrap();
    let forward = |client: &str| {
        let location = format!(
            "location / {{ proxy_pass http://{address}; proxy_set_header X-Forwarded-For {client}; }}"
        );
        let nginx = Nginx::start("", &location).unwrap();
        let key = format!("X-Load-Test-Key: {}", stage.key);
        http::get(&nginx.address, "/api/loadtest/blocks", &[&key]).unwrap()
    };
    let allowed = forward("198.18.0.7");
    assert_eq!(allowed.status, 200, "{allowed:?}");
    assert!(
        allowed.head.contains("x-load-test-mode: active"),
        "{allowed:?}"
    );
    let refused = forward("203.0.113.7");
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(
        refused.body,
        r#"{"error":"Load testing not allowed from this IP"}"#
    );
}

#[test]
#[ignore = "needs nginx; run by make test"]
fn from_idle_the_log_in_limit_lets_as_many_through_as_nginx() {
    let stage = Stage::set(0.0).unwrap();
    let (_proxy, ours) = stage.proxy(None).unwrap();
    let nginx = Nginx::start(
        "limit_req_zone $binary_remote_addr zone=login:1m rate=5r/m;",
        &format!(
            "location /api/v1/auth/login {{ limit_req zone=login burst=3 nodelay;
            limit_req_status 429; proxy_pass http://{}; }}",
            stage.staging
        ),
    )
    .unwrap();
    let passed = |address: &str| {
        let answers = (0..10).map(|_| {
            http::get(address, "/api/v1/auth/login", &[])
                .unwrap()
                .status
        });
        answers.map(|status| status != 429).collect::<Vec<_>>()
    };
    let theirs = passed(&nginx.address);
    assert_eq!(
        theirs.iter().filter(|passed| **passed).count(),
        4,
        "{theirs:?}"
    );
    assert_eq!(passed(&ours), theirs);
}
