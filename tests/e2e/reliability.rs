//! wrk at full load while something happens to the proxy or behind it: no request may fail.
//!
//! The figures are printed: `cargo test -p rehearsal-tests reliability -- --ignored --nocapture`.

use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::proxy::{Proxy, without_limits};
use rehearsal_tests::wrk::{Report, Wrk};
use rehearsal_tests::{eventually, http};
use toml::{Table, Value};

/// An nginx that answers everything with a name.
fn backend(name: &str) -> Nginx {
    Nginx::start("", &format!("location / {{ return 200 {name}; }}")).unwrap()
}

fn url(proxy: &Proxy) -> String {
    format!("http://{}/api/v1/blocks", proxy.address)
}

/// Waits until the proxy has answered so many more.
fn goes_on(proxy: &Proxy, more: u64) {
    let requests = || proxy.status().map(|status| status["requests"].as_u64());
    let before = requests().unwrap();
    eventually("more is answered", || {
        Ok((requests()? > before.map(|count| count + more)).then_some(()))
    })
    .unwrap();
}

#[expect(clippy::print_stdout, reason = "whoever asks for it wants to see it")]
fn tell(what: &str, report: &Report) {
    println!(
        "{what}: {} requests, 0 failed\n{}",
        report.requests, report.text
    );
}

#[test]
#[ignore = "needs nginx and wrk; run by make test"]
fn no_request_fails_over_a_hundred_reloads() {
    let backend = backend("here");
    let mut proxy = Proxy::start(&backend.address, without_limits).unwrap();
    let wrk = Wrk::start(&url(&proxy)).unwrap();
    goes_on(&proxy, 200);
    for _ in 0..100 {
        proxy.service.reload().unwrap();
        goes_on(&proxy, 50);
    }
    let report = wrk.end().unwrap();
    let log = proxy.stop().unwrap();
    assert_eq!(log.matches("reloaded; listening").count(), 100, "{log}");
    tell("100 reloads", &report);
}

#[test]
#[ignore = "needs nginx and wrk; run by make test"]
fn no_request_fails_over_five_upgrades() {
    let backend = backend("here");
    let mut proxy = Proxy::start(&backend.address, without_limits).unwrap();
    let wrk = Wrk::start(&url(&proxy)).unwrap();
    for _ in 0..5 {
        goes_on(&proxy, 500);
        // Ends only when everybody has moved over to the new process.
        proxy.service.upgrade().unwrap();
    }
    goes_on(&proxy, 200);
    let report = wrk.end().unwrap();
    let log = proxy.stop().unwrap();
    assert_eq!(log.matches("the new process serves").count(), 5, "{log}");
    assert!(!log.contains("cut off"), "{log}");
    tell("5 upgrades", &report);
}

#[test]
#[ignore = "needs nginx and wrk; run by make test"]
fn no_request_fails_when_one_of_three_servers_is_killed() {
    let mut servers = ["one", "two", "three"].map(backend);
    let proxy = Proxy::start("127.0.0.1:9", |config| {
        without_limits(config);
        let upstream = config["upstream"]["staging"].as_table_mut().unwrap();
        let addresses = servers.iter().map(|server| {
            let address = ("address".to_owned(), server.address.as_str().into());
            Value::Table(Table::from_iter([address]))
        });
        upstream.insert("servers".to_owned(), Value::Array(addresses.collect()));
        upstream.insert("fail_timeout".to_owned(), "500ms".into());
    })
    .unwrap();
    let answers = |name: &str| {
        eventually(&format!("server {name} answers"), || {
            let answer = http::get(&proxy.address, "/api/v1/blocks", &[])?;
            assert_eq!(answer.status, 200, "{answer:?}");
            Ok((answer.body == name).then_some(()))
        })
        .unwrap();
    };
    let wrk = Wrk::start(&url(&proxy)).unwrap();
    for name in ["one", "two", "three"] {
        answers(name);
    }
    for (server, name) in servers.iter_mut().zip(["one", "two", "three"]) {
        server.kill().unwrap();
        let gone = format!("server=\"{}\"}} 0", server.address);
        eventually("the killed server gets nothing", || {
            Ok(proxy.metrics()?.contains(&gone).then_some(()))
        })
        .unwrap();
        goes_on(&proxy, 200);
        server.start_again().unwrap();
        answers(name);
    }
    let report = wrk.end().unwrap();
    let failed = proxy.metrics().unwrap();
    let failed = failed.lines().filter(|line| {
        line.starts_with("rehearsal_upstream_errors_total") && !line.ends_with(" 0")
    });
    let failed: Vec<_> = failed.collect();
    assert!(
        !failed.is_empty(),
        "no try failed: the killed servers were not in use"
    );
    tell(
        &format!("each of three servers killed in turn, tries that failed: {failed:?}"),
        &report,
    );
}
