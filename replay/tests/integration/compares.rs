//! `replay compare`: real results of several tools, in files and folders.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::Server;

/// What a tool wrote.
fn fixture(name: &str) -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read_to_string(fixtures.join(name)).unwrap()
}

/// The table of Locust with all times so much longer.
fn slower(table: &str, factor: u32) -> String {
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    let times: Vec<_> = head
        .split(',')
        .map(|name| name.ends_with('%') || name.ends_with("Response Time"))
        .collect();
    let rows = lines.map(|line| {
        let cells = line
            .split(',')
            .zip(&times)
            .map(|(cell, &is_time)| match is_time {
                true => (cell.parse::<f64>().unwrap() * f64::from(factor)).to_string(),
                false => cell.to_owned(),
            });
        cells.collect::<Vec<_>>().join(",")
    });
    let lines: Vec<_> = [head.to_owned()].into_iter().chain(rows).collect();
    lines.join("\n")
}

#[track_caller]
fn ended(ended: &Ended, code: i32, first: &str) {
    assert_eq!(
        (
            ended.code,
            ended.stdout.lines().next(),
            ended.stderr.as_str()
        ),
        (code, Some(first), ""),
        "{ended:#?}"
    );
}

#[test]
fn a_run_twice_as_slow_regresses_and_the_other_way_round_improves() {
    let table = fixture("locust/run_stats.csv");
    let compare = |before: &str, after: &str| {
        Replay::told(["compare", before, after])
            .args(["--markdown", "c.md", "--json", "c.json"])
            .file("a_stats.csv", &table)
            .file("b_stats.csv", &slower(&table, 2))
    };
    let replay = compare("a_stats.csv", "b_stats.csv");
    let worse = replay.run();
    ended(
        &worse,
        95,
        "REGRESSED  6 of 12 figures are worse by more than 10 % and more than noise",
    );
    insta::assert_snapshot!(worse.stdout);
    insta::assert_snapshot!(fs::read_to_string(replay.path("c.md")).unwrap());
    let json = fs::read_to_string(replay.path("c.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["verdict"], "regressed");
    assert_eq!(json["rows"].as_array().unwrap().len(), 12);

    let better = compare("b_stats.csv", "a_stats.csv").run();
    ended(
        &better,
        0,
        "IMPROVED  6 of 12 figures are better by more than 10 % and more than noise",
    );
    let allowed = compare("a_stats.csv", "b_stats.csv").args(["--max-regression", "150%"]);
    ended(
        &allowed.run(),
        0,
        "UNCHANGED  none of 12 figures is better or worse by more than 150 % and more than noise",
    );
}

#[test]
fn tools_and_folders_are_compared() {
    let replay = Replay::told(["compare", "k6", "locust.json", "oha.json"])
        .file("k6/a.json", &fixture("k6/summary-export.json"))
        .file("k6/b.json", &fixture("k6/handle-summary.json"))
        .file("k6/c.json", &fixture("k6/machine-readable.json"))
        .file("locust.json", &fixture("locust/run.json"))
        .file("oha.json", &fixture("oha/run.json"));
    let ended = replay.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (95, ""));
    insta::assert_snapshot!(ended.stdout);
}

/// Real runs of this program: one compared with itself is unchanged, and a folder has its trend.
#[test]
fn runs_of_this_program_are_read_back() {
    let server = Server::start(|_| 200.into());
    let requests =
        (0..100).map(|number| Recorded::get(number * 2, 1, "/people").routed("GET /people"));
    let recording = Recording::new().with_all(requests);
    let played = Replay::of(&recording, &server).run().measured();
    let mut summary = played.summary;
    summary["verdict"]["status"] = "pass".into();
    summary["verdict"]["reasons"] = Value::Array(Vec::new());
    let text = summary.to_string();
    let same = Replay::told(["compare", "a.json", "b"])
        .file("a.json", &text)
        .file("b/summary.json", &text)
        .run();
    ended(
        &same,
        0,
        "UNCHANGED  none of 10 figures is better or worse by more than 10 % and more than noise",
    );

    let mut trend = Replay::told(["compare", "--trend", "runs"]);
    for day in 10..15_u64 {
        summary["started"] = format!("2026-11-{day}T09:30:00Z").into();
        for (at, name) in ["p50", "p95", "p99"].into_iter().enumerate() {
            summary["latency"]["response"][name] = ((at as u64 + 1) * day * 1_000).into();
        }
        summary["latency"]["response"]["hdr"] = "".into();
        summary["totals"]["rate"] = 500.into();
        trend = trend.file(&format!("runs/{day}/summary.json"), &summary.to_string());
    }
    let trend = trend.run();
    assert_eq!((trend.code, trend.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(trend.stdout);
}

#[test]
fn what_cannot_be_compared_is_said_in_one_line() {
    let locust = fixture("locust/run_stats.csv");
    let wrong = |args: &[&str]| {
        let mut replay = Replay::told(["compare"])
            .file("a_stats.csv", &locust)
            .file("b.json", "{\"metrics\": {}}")
            .file(
                "c.json",
                &fixture("oha/run.json").replace("\"200\": 392", "\"200\": \"many\""),
            )
            .file("empty/notes.txt", "");
        for arg in args {
            replay = replay.args([arg]);
        }
        let ended = replay.run();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:#?}");
        ended.stderr
    };
    let told = [
        wrong(&["a_stats.csv", "b.json"]),
        wrong(&["a_stats.csv", "c.json"]),
        wrong(&["a_stats.csv", "empty"]),
        wrong(&["a_stats.csv", "gone.json"]),
        wrong(&["a_stats.csv"]),
        wrong(&[]),
        wrong(&["a_stats.csv", "a_stats.csv", "--max-regression", "10"]),
        wrong(&["a_stats.csv", "a_stats.csv", "--trend", "empty"]),
    ];
    insta::assert_snapshot!(told.concat());
}

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let replay = Replay::told(["compare", "a_stats.csv", "a_stats.csv"])
        .args(["--json", "a_stats.csv/c.json"])
        .file("a_stats.csv", &fixture("locust/run_stats.csv"));
    let ended = replay.run();
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(
        ended
            .stderr
            .starts_with("error: cannot write `a_stats.csv/c.json`: "),
        "{}",
        ended.stderr
    );
}
