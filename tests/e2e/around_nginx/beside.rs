//! The proxy beside an nginx with the same limits.

use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::{Stage, http};

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
