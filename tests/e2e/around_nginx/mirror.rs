//! nginx as the edge with copies to the proxy, by config/nginx/mirror.conf and mirror.toml.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use demo::users::{UsersConfig, UsersReport};
use rehearsal_tests::curl::curl;
use rehearsal_tests::nginx::Nginx;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;
use rehearsal_tests::{Finished, Stage, eventually, finish, users};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use trace::exchange::Content;

use super::{SECRETS, a_page_works, keeps_secrets, told};

fn nginx(app: &str, proxy: &Proxy) -> Nginx {
    Nginx::shipped("mirror.conf", &places(app, proxy)).unwrap()
}

/// The same, but no copy is given up because the machine is busy.
fn patient_nginx(app: &str, proxy: &Proxy) -> Nginx {
    let patience = [
        ("proxy_connect_timeout 100ms", "proxy_connect_timeout 10s"),
        ("proxy_send_timeout 200ms", "proxy_send_timeout 10s"),
        ("proxy_read_timeout 300ms", "proxy_read_timeout 10s"),
    ];
    let places = [places(app, proxy).as_slice(), &patience].concat();
    Nginx::shipped("mirror.conf", &places).unwrap()
}

fn places<'a>(app: &'a str, proxy: &'a Proxy) -> [(&'static str, &'a str); 2] {
    let proxy = proxy.address.as_str();
    [("127.0.0.1:8000", app), ("127.0.0.1:8080", proxy)]
}

fn work(address: &str, count: usize, seconds: u64) -> UsersReport {
    let config = UsersConfig::new(
        address.parse().unwrap(),
        count,
        Duration::from_secs(seconds),
    );
    users::work(config).unwrap()
}

fn replay(stage: &Stage, capture: &Path, args: &[&str]) -> Finished {
    let (_proxy, address) = stage.proxy(None).unwrap();
    let config = stage.files.replay(&address).unwrap().display().to_string();
    let out = stage.path("out").display().to_string();
    let capture = capture.display().to_string();
    let common = [
        "--via-loadtest",
        "--config",
        &config,
        "--out",
        &out,
        &capture,
    ];
    let args = args.iter().chain(&common);
    finish("replay", args, &[("LOAD_TEST_KEY", &stage.key)]).unwrap()
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn the_application_answers_and_the_proxy_has_a_copy() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = patient_nginx(&origin.address, &proxy);
    let url = format!("http://{}/api/v1/blocks?limit=1", nginx.address);
    let lie = "X-Forwarded-For: 198.51.100.7";
    let body = r#"{"max_residents":3}"#;
    let chunked = "Transfer-Encoding: chunked";
    for from in ["127.0.0.2", "127.0.0.3"] {
        for more in [["--header", lie], ["--json", body], ["--request", "DELETE"]] {
            let args = ["--interface", from, &url].into_iter().chain(more);
            let answer = curl(args).unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            let request = answer.json();
            assert_eq!(request["target"], "/api/v1/blocks?limit=1");
            assert_eq!(request["headers"]["x-forwarded-for"], from);
            assert_eq!(
                answer.header("x-request-id"),
                None,
                "not the proxy's answer"
            );
        }
    }
    let answer = curl([&url, "--json", body, "--header", chunked]).unwrap();
    assert_eq!(answer.json()["body"], body);

    let (capture, ..) = proxy.captured().unwrap();
    let mut requests = told(&capture.exchanges);
    requests.sort_unstable();
    let copies = |method, count| vec![(method, "/api/v1/blocks", 0); count];
    let expected = [copies("DELETE", 2), copies("GET", 2), copies("POST", 3)].concat();
    assert_eq!(requests, expected);
    for exchange in &capture.exchanges {
        assert_eq!(exchange.request.query, "limit=1");
        let body = match exchange.request.method.as_str() {
            "POST" => Content::Utf8(body.to_owned()),
            _ => Content::None,
        };
        assert_eq!(exchange.request.body.content, body);
    }
    let mut users: Vec<_> = capture.exchanges.iter().map(|copy| &copy.user).collect();
    users.sort_unstable();
    users.dedup();
    assert_eq!(users.len(), 3, "one user for each address");
}

#[test]
#[ignore = "needs nginx; run by make test"]
fn a_mirrored_capture_is_clean_and_replays() {
    let stage = Stage::set(0.0).unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = patient_nginx(&stage.staging, &proxy);
    let report = work(&nginx.address, 5, 2);
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    // What was answered last may still be on its way as a copy.
    drop(nginx);
    let (capture, path, _folder) = proxy.captured().unwrap();
    let footer = capture.footer.unwrap();
    assert_eq!((footer.offered, footer.audit.found), (footer.exchanges, 0));
    assert_eq!(footer.exchanges, report.requests);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("{{password:") && text.contains("{{auth:"));

    let plan = replay(&stage, &path, &["--dry-run"]);
    assert_eq!((plan.code, plan.stderr.as_str()), (0, ""), "{plan:?}");
    let run = replay(&stage, &path, &["--speed", "5x"]);
    let summary = fs::read_to_string(stage.path("out/summary.json"));
    let summary: Value = serde_json::from_str(&summary.unwrap()).unwrap();
    assert_eq!(summary["totals"]["sent"], report.requests, "{run:?}");
    assert!(summary["statuses"]["200"].as_u64() > Some(0), "{summary:#}");
    assert_eq!(summary["divergence"]["routes"], json!([]), "{summary:#}");
}

#[test]
#[ignore = "needs nginx; run by make test"]
fn users_do_not_notice_that_the_proxy_is_killed() {
    let stage = Stage::set(0.0).unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = patient_nginx(&stage.staging, &proxy);
    let users = thread::spawn({
        let address = nginx.address.clone();
        move || work(&address, 10, 2)
    });
    eventually("copies arrive", || {
        Ok((proxy.status()?["requests"].as_u64() >= Some(20)).then_some(()))
    })
    .unwrap();
    drop(proxy);
    let report = users.join().unwrap();
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    assert!(report.requests > 100, "{}", report.requests);
    let log = nginx.log("copies.log", 1).unwrap();
    assert!(log.contains(r#""upstream_status":"502""#), "{log}");
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn a_proxy_that_hangs_costs_two_short_waits() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = nginx(&origin.address, &proxy);
    let id = i32::try_from(proxy.program.id())
        .ok()
        .and_then(Pid::from_raw);
    kill_process(id.unwrap(), Signal::STOP).unwrap();
    // On one connection, where each waits for the copy before it; curl gives up after 20 s.
    let url = format!("http://{}/api/v1/blocks?[1-100]", nginx.address);
    let answers = curl(["--write-out", "\n%{http_code}\n", &url]).unwrap();
    let statuses = answers.body.lines().filter(|line| *line == "200");
    assert_eq!(statuses.count(), 100);
    let log = nginx.log("copies.log", 2).unwrap();
    let failed = log.matches(r#""upstream_status":"504""#).count();
    assert_eq!((failed, log.lines().count()), (2, 2), "{log}");
}

#[test]
#[ignore = "needs nginx and curl; run by make test"]
fn no_log_of_nginx_has_a_secret() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = patient_nginx(&origin.address, &proxy);
    let url = |path: &str| format!("http://{}{path}", nginx.address);
    for count in 0..4 {
        if count == 2 {
            proxy.service.signal(Signal::KILL).unwrap();
        }
        let url = url(SECRETS[0]);
        let more = SECRETS[1..].iter().copied();
        let answer = curl([url.as_str()].into_iter().chain(more)).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    keeps_secrets(&nginx, "access.log", 4);
    keeps_secrets(&nginx, "copies.log", 2);
}

#[test]
#[ignore = "needs nginx and chromium; run by make test"]
fn a_page_with_a_web_socket_and_events_works() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::mirror().unwrap();
    let nginx = nginx(&origin.address, &proxy);
    a_page_works(&format!("http://{}/page", nginx.address));
}
