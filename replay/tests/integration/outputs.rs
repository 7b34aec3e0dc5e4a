//! Reports for other tools, and who is told of a run.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::capture::{Recorded, Recording};
use crate::login;
use crate::program::{Ended, Replay};
use crate::server::Server;

const REPORTS: [&str; 7] = [
    "page.html",
    "deep/er/run.md",
    "junit.xml",
    "routes.csv",
    "run.series.csv",
    "run.txt",
    "run.k6.json",
];

fn recording() -> Recording {
    Recording::new().with_all((0..20).map(|number| Recorded::get(number * 10, 1, "/a|b")))
}

fn replay(server: &Server) -> Replay {
    Replay::of(&recording(), server)
}

fn with_reports(mut replay: Replay) -> Replay {
    for report in REPORTS {
        replay = replay.args(["--report", report]);
    }
    replay.args(["--summary-export", "export.json"])
}

fn read(replay: &Replay, name: &str) -> String {
    fs::read_to_string(replay.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every report is there and tells of these requests.
#[track_caller]
fn check(replay: &Replay, requests: u64) {
    assert!(read(replay, "page.html").starts_with("<!doctype html>"));
    let markdown = read(replay, "deep/er/run.md");
    assert!(markdown.starts_with("### "), "{markdown}");
    assert!(
        markdown.contains("<code>GET /a&#124;b</code>"),
        "{markdown}"
    );
    let junit = read(replay, "junit.xml");
    assert!(
        junit.contains("<testcase classname=\"replay.verdict\""),
        "{junit}"
    );
    let routes = read(replay, "routes.csv");
    assert!(
        routes.contains(&format!("\nGET /a|b,{requests},{requests},")),
        "{routes}"
    );
    assert!(read(replay, "run.series.csv").starts_with("second,planned,sent"));
    let text = read(replay, "run.txt");
    assert!(text.contains("\n  █ TOTAL RESULTS \n"), "{text}");
    let machine: Value = serde_json::from_str(&read(replay, "run.k6.json")).unwrap();
    assert_eq!(machine["version"], "1.0.0");
    let export: Value = serde_json::from_str(&read(replay, "export.json")).unwrap();
    assert_eq!(export["metrics"]["http_reqs"]["count"], requests);
}

#[test]
fn every_report_is_written_where_it_was_asked_for() {
    let server = Server::start(|_| 200.into());
    let replay = with_reports(replay(&server));
    let ended = replay.run().measured();
    assert_eq!(ended.stderr, "");
    check(&replay, 20);
    for entry in fs::read_dir(replay.path(".")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} is left");
    }
}

#[test]
fn an_earlier_run_is_rendered_again() {
    let server = Server::start(|_| 200.into());
    let run = replay(&server);
    let ended = run.run().measured();
    let again = Replay::told(["report", "summary.json", "--summary-mode", "k6-full"]);
    let again = with_reports(again.file("summary.json", &read(&run, "out/summary.json")));
    let rendered = again.run();
    assert_eq!((rendered.code, rendered.stderr.as_str()), (0, ""));
    check(&again, 20);
    assert!(
        rendered.stdout.contains("    http_req_waiting"),
        "{}",
        rendered.stdout
    );
    let plain = Replay::told(["report", "summary.json"])
        .file("summary.json", &read(&run, "out/summary.json"))
        .run();
    let told = ended.stdout.strip_suffix("report  out/report.html\n");
    assert_eq!(Some(plain.stdout.as_str()), told);
}

#[test]
fn a_summary_that_cannot_be_read_is_said() {
    let of = |content: &str| {
        let replay = Replay::told(["report", "s.json", "--report", "x.md"]);
        let replay = replay.file("s.json", content);
        let ended = replay.run();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(!replay.path("x.md").exists());
        ended.stderr
    };
    insta::assert_snapshot!(of("{"), @"error: cannot read the summary `s.json`: EOF while parsing an object at line 1 column 1; name a `summary.json` that this replay wrote");
    let server = Server::start(|_| 200.into());
    let run = replay(&server);
    run.run();
    let newer = read(&run, "out/summary.json").replacen("\"version\": 1", "\"version\": 2", 1);
    insta::assert_snapshot!(of(&newer), @"error: cannot read the summary `s.json`: it is `rehearsal-summary` 2, and this is `rehearsal-summary` 1; name a `summary.json` that this replay wrote");
}

#[test]
fn the_terminal_shows_k6_text_where_that_is_asked_for() {
    let server = Server::start(|_| 200.into());
    let ended = replay(&server)
        .args(["--summary-mode", "k6"])
        .run()
        .measured();
    let text = &ended.stdout;
    assert!(
        text.contains("http_req_duration is the response time"),
        "{text}"
    );
    assert!(text.contains("\n    http_reqs......"), "{text}");
    assert!(!text.contains("http_req_waiting"), "{text}");
    assert_eq!(text.lines().last(), Some("report  out/report.html"));
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_anything_is_sent() {
    let server = Server::start(|_| 200.into());
    let of = |option: &str, value: &str| {
        let replay = replay(&server).args([option, value]).file("file", "kept");
        let ended = replay.run();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:#?}");
        assert!(!replay.path("out").exists());
        assert_eq!(read(&replay, "file"), "kept");
        ended.stderr
    };
    insta::assert_snapshot!(of("--report", "report.pdf"), @"error: invalid value 'report.pdf' for '--report <FILE>': a report is what its name ends with: .html, .md, .xml, .csv, .series.csv, .txt or .k6.json (summary.json is always written, into the folder of --out)");
    insta::assert_snapshot!(of("--report", "file/report.md"), @"error: cannot write `file/report.md`; name another file: File exists (os error 17)");
    insta::assert_snapshot!(of("--summary-export", "out/summary.json"), @"error: cannot write `out/summary.json`; name another file: the summary itself goes there");
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_job_on_github_is_told() {
    let server = Server::start(|_| 500.into());
    let replay = replay(&server)
        .file("step.md", "before\n")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "step.md");
    let ended = replay.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (1, ""));
    let step = read(&replay, "step.md");
    assert!(step.starts_with("before\n\n### ✗ FAIL: "), "{step}");
    let error =
        "\n::error title=FAIL%3A nothing worked::not one of 20 requests succeeded: 20 × 500\n";
    assert!(ended.stdout.contains(error), "{}", ended.stdout);
}

#[test]
fn a_job_that_cannot_be_told_ends_as_it_would() {
    let server = Server::start(|_| 200.into());
    let replay = replay(&server)
        .file("step.md", &"x".repeat((1 << 20) - 10))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "step.md");
    let ended = replay.run().measured();
    insta::assert_snapshot!(ended.stderr, @"warning: the summary of the job's step, `step.md`, stays as it is: it would be longer than GitHub takes, 1 MiB");
    assert_eq!(read(&replay, "step.md").len(), (1 << 20) - 10);
    // Elsewhere nobody is told.
    let elsewhere = replay.env("GITHUB_ACTIONS", "").run().measured();
    assert_eq!(elsewhere.stderr, "");
    assert!(!elsewhere.stdout.contains("::"), "{}", elsewhere.stdout);
}

/// A run with everything that is secret, or a person's, and a webhook at this URL.
fn secretive(target: &Server, webhook: &str) -> Ended {
    let recording = Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(Recorded::get(50, 1, "/api/v1/people").with_token(1));
    Replay::of(&recording, target)
        .file("config/replay.toml", login::CONFIG)
        .users("person-of-test,\"pa\"\"ss&wörd\",admin\n")
        .key("LOADTESTKEY")
        .args(["--via-loadtest", "--header", "x-api-key: HEADERVALUE"])
        .env("REPLAY_SLACK_WEBHOOK", webhook)
        .env("GITHUB_SERVER_URL", "https://github.example")
        .env("GITHUB_REPOSITORY", "acme/scheduler")
        .env("GITHUB_RUN_ID", "7")
        .run()
}

#[test]
fn a_webhook_gets_one_message_without_secrets() {
    let (target, webhook) = (login::application(), Server::start(|_| 200.into()));
    let ended = secretive(&target, &format!("{}/SECRET", webhook.url()));
    assert_eq!(ended.stderr, "");
    let [posted] = <[_; 1]>::try_from(webhook.seen()).unwrap();
    assert_eq!(
        (posted.method.as_str(), posted.path.as_str()),
        ("POST", "/SECRET")
    );
    assert_eq!(posted.header("content-type"), "application/json");
    let message: Value = serde_json::from_str(&posted.body).unwrap();
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("capture.jsonl, p95 "), "{text}");
    let link = "<https://github.example/acme/scheduler/actions/runs/7|CI run>";
    assert_eq!(
        message["blocks"].as_array().unwrap().last().unwrap()["elements"][0]["text"],
        json!(link)
    );
    let secrets = [
        "SECRET",
        "LOADTESTKEY",
        "HEADERVALUE",
        "wörd",
        "person-of-test",
    ];
    for secret in secrets {
        for told in [&posted.body, &ended.stdout, &ended.summary.to_string()] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

#[test]
fn a_webhook_that_fails_is_one_warning() {
    let target = login::application();
    let failing = Server::start(|_| 500.into());
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let told = |url: &str| {
        let ended = secretive(&target, url);
        ended.stderr
    };
    insta::assert_snapshot!(told(&format!("{}/SECRET", failing.url())), @"warning: no message was posted to REPLAY_SLACK_WEBHOOK: it answered with 500");
    insta::assert_snapshot!(told(&format!("http://{free}/SECRET")), @"warning: no message was posted to REPLAY_SLACK_WEBHOOK: it cannot be reached (connection refused)");
    insta::assert_snapshot!(told("http://hooks.example/SECRET"), @"warning: no message was posted to REPLAY_SLACK_WEBHOOK: it is no https URL");
}
