//! h2load: many requests at once on few connections, by TLS.

use std::process::Command;
use std::time::Duration;

use rehearsal_tests::bounded;
use rehearsal_tests::certificate::Certificate;
use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::proxy::{Proxy, without_limits};

/// Two thousand requests on eight connections, all of which have to be answered; gives what h2load
/// says of them.
#[track_caller]
fn flood(more: &[&str]) -> String {
    let backend = Nginx::start("", "location / { return 200 here; }").unwrap();
    let certificate = Certificate::new().unwrap();
    let proxy = Proxy::start(&backend.address, |config| {
        without_limits(config);
        config.insert("listen".to_owned(), certificate.listen());
    })
    .unwrap();
    let mut h2load = Command::new("h2load");
    h2load.args(["--requests=2000", "--clients=8"]).args(more);
    h2load.arg(format!("https://{}/api/v1/blocks", proxy.address));
    let output = bounded::output(&mut h2load, Duration::from_secs(30)).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout",
        "status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx",
    ] {
        assert!(said.contains(line), "{said}");
    }
    // The proxy has seen them all, and they were recorded.
    assert_eq!(proxy.status().unwrap()["requests"], 2_000);
    said
}

#[test]
#[ignore = "needs nginx and h2load; run by make test"]
fn many_requests_at_once_on_a_connection_are_all_answered() {
    let said = flood(&["--max-concurrent-streams=20"]);
    assert!(said.contains("Application protocol: h2\n"), "{said}");
}

#[test]
#[ignore = "needs nginx and h2load; run by make test"]
fn who_speaks_http_1_only_is_answered_too() {
    let said = flood(&["--h1"]);
    assert!(said.contains("Application protocol: http/1.1\n"), "{said}");
}
