//! No log, at any level, holds what a client sent; no capture holds the key.
//!
//! Planted words are searched in everything the process wrote.

use crate::origin::Origin;
use crate::proxy::{Config, KEY, key, request};

#[test]
fn logs_at_every_level_hold_nothing_of_a_request() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin)
        .load_test()
        .route("name = \"slow\"\nprefix = \"/slow\"\ntimeouts = { read = \"50ms\" }")
        .recording()
        .start_with_env("RUST_LOG", "trace");
    let own = key();
    let headers = [
        "Authorization: Bearer planted-token",
        "X-Request-ID: planted-id",
        own.as_str(),
    ];
    for target in [
        "/api/v1/people?q=planted-query",
        "/api/loadtest/people?q=planted-query",
        "/slow?q=planted-query",
        "/reset?q=planted-query",
        "//planted-path",
    ] {
        proxy.get(target, &headers);
    }
    let head = request("POST", "/api/v1/notes", &["Content-Length: 12"]);
    assert_eq!(
        proxy.client().ask(&format!("{head}planted-body")).status,
        200
    );
    let broken = request(
        "POST",
        "/",
        &["Content-Length: planted-length", "X-N : planted-name"],
    );
    assert_eq!(proxy.client().ask(&broken).status, 400);
    let ended = proxy.stop();
    assert!(ended.log.contains("upstream failed"), "{}", ended.log);
    let capture = std::fs::read_to_string(proxy.capture()).unwrap();
    assert!(!ended.log.contains("planted"), "{}", ended.log);
    for text in [ended.log, capture] {
        assert!(
            !text.contains(KEY) && !text.contains("planted-token"),
            "{text}"
        );
    }
}

/// A core file would hold what passed; it is for the operator to ask for one.
#[test]
fn a_crash_leaves_no_core_file_unless_it_is_asked_for() {
    let origin = Origin::start();
    let limits = |head: &str| Config::over(&origin).head(head).start().core_limits();
    let [now, most] = limits("");
    assert_eq!(now, "0");
    assert_eq!(limits("core_dumps = true"), [most.clone(), most]);
}
