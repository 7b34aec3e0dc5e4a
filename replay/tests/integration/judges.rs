//! Runs that are judged: thresholds, objectives, checks, scenarios, and what the shell is told.

use serde_json::{Value, json};

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::{Answer, Server};

/// Requests that go as fast as answers come: nothing can be late, and no run is invalid.
fn recording() -> Recording {
    let paths = ["/api/v1/people", "/api/v1/shifts"].into_iter().cycle();
    let gets = (0..200).zip(paths);
    Recording::new().with_all(gets.map(|(at, path)| Recorded::get(at, 1, path)))
}

/// People are there; each tenth of the shifts is not.
fn server() -> Server {
    let count = std::sync::atomic::AtomicU64::new(0);
    Server::start(move |seen| {
        if seen.path == "/api/v1/people" {
            return Answer::Json(200, r#"{"items":[{"id":7}],"total":1}"#.to_owned());
        }
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Answer::from(if number.is_multiple_of(10) { 503 } else { 200 })
    })
}

fn judged<const N: usize>(args: [&str; N], config: &str) -> Ended {
    Replay::of(&recording(), &server())
        .file("config/replay.toml", config)
        .args(["--rate", "max"])
        .args(args)
        .run()
}

fn first_line(ended: &Ended) -> &str {
    ended.stdout.lines().next().unwrap_or_default()
}

fn by_rule(ended: &Ended) -> Vec<(String, bool)> {
    let rules = ended.summary["thresholds"].as_array().unwrap().iter();
    let rule = |rule: &Value| {
        let text = |key: &str| rule[key].as_str().unwrap().to_owned();
        let line = format!("{} {}", text("metric"), text("expression"));
        (line, rule["ok"].as_bool().unwrap())
    };
    rules.map(rule).collect()
}

#[test]
fn a_threshold_that_does_not_hold_fails_the_run() {
    let ended = judged(
        [
            "--threshold",
            "http_req_failed: rate<1%",
            "--threshold",
            "http_req_failed{endpoint:GET /api/v1/people}: rate<1%",
            "--threshold",
            "http_req_duration: p(95)<1m, max<1m for 5s",
        ],
        "",
    );
    assert_eq!(ended.code, 99, "{ended:#?}");
    assert_eq!(
        first_line(&ended),
        "FAIL  1 threshold does not hold: http_req_failed: rate<1% does not hold: it is 5.00 %"
    );
    let reason = "http_req_failed: rate<1% does not hold: it is 5.00 %";
    assert_eq!(ended.summary["verdict"]["reasons"], json!([reason]));
    assert_eq!(
        by_rule(&ended),
        [
            ("http_req_failed rate<1%".to_owned(), false),
            (
                "http_req_failed{endpoint:GET /api/v1/people} rate<1%".to_owned(),
                true
            ),
            ("http_req_duration p(95)<1m".to_owned(), true),
            ("http_req_duration max<1m for 5s".to_owned(), true),
        ]
    );
}

#[test]
fn rules_come_from_file_scenario_and_flags() {
    let file = "[thresholds]\nhttp_req_failed = \"rate<0.5%\"\nhttp_reqs = [\"count>=100\"]\n";
    let ended = judged([], file);
    assert_eq!(ended.code, 99, "{ended:#?}");
    let scenario = "description = \"half of it\"\n[load]\nrate = \"max\"\n[thresholds]\n\
                    http_reqs = { threshold = \"count>=50\", abortOnFail = false }\n\
                    \"http_reqs{status:5xx}\" = \"count<=10\"\n";
    let replay = Replay::of(&recording(), &server())
        .file("config/replay.toml", file)
        .file("half.toml", scenario)
        .args(["--scenario", "half.toml"])
        .args(["--threshold", "http_req_failed: rate<=5%"]);
    let ended = replay.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let rules: Vec<_> = by_rule(&ended).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(
        rules,
        [
            "http_reqs count>=50",
            "http_reqs{status:5xx} count<=10",
            "http_req_failed rate<=5%"
        ]
    );
    // A preset takes the place of all of them.
    let ended = judged(["--threshold", "none"], file);
    assert_eq!((ended.code, by_rule(&ended).len()), (0, 0), "{ended:#?}");
}

#[test]
fn an_objective_that_is_missed_fails_the_run() {
    let ended = judged(["--slo", "load"], "");
    assert_eq!(ended.code, 99, "{ended:#?}");
    let why = "the objective Error rate is missed: it is 5.00 %";
    let line = format!("FAIL  2 objectives do not hold: {why}");
    assert_eq!(first_line(&ended), line);
    let rows = ended.summary["slo"]["rows"].as_array().unwrap();
    let row = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        (row["level"].as_str().unwrap(), row["ok"].as_bool().unwrap())
    };
    assert_eq!(row("API p95"), ("normal", true));
    assert_eq!(row("Error rate"), ("degraded", false));
    assert_eq!(row("Availability"), ("critical", false));
    assert_eq!(row("Schedule generation p95"), ("unknown", true));
    // Objectives of one's own take the place of those.
    let own = "slo = \"normal\"\n[[objective]]\nname = \"Errors\"\nmetric = \"http_req_failed\"\n\
               value = \"rate\"\nnormal = \"<10%\"\n";
    let ended = judged([], own);
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(ended.summary["slo"]["stands"], "normal");
}

#[test]
fn checks_are_counted_by_answer() {
    let checks = r#"
[[check]]
name = "people are listed"
route = "GET /api/v1/people"
status = 200
header = "content-type: application/json*"
json = ["/items/0/id", "/total >= 1"]

[[check]]
name = "all is well"
status = ["2xx", 404]
latency = "<1m"

[thresholds]
"checks{check:people are listed}" = "rate==1"
checks = "rate>99%"
"#;
    let ended = judged([], checks);
    assert_eq!(ended.code, 99, "{ended:#?}");
    assert_eq!(
        ended.summary["checks"],
        json!([
            {"name": "people are listed", "passes": 100, "fails": 0},
            {"name": "all is well", "passes": 190, "fails": 10},
        ])
    );
    let oks: Vec<_> = by_rule(&ended).into_iter().map(|(_, ok)| ok).collect();
    assert_eq!(oks, [false, true], "{ended:#?}");
}

#[test]
fn a_rule_can_end_the_run() {
    let server = Server::start(|_| Answer::from(500));
    let rule = r#"http_req_failed: {"threshold":"rate<50%","abortOnFail":true}"#;
    let ended = Replay::of(&recording(), &server)
        .args(["--rate", "max", "--loop", "--duration", "10m"])
        .args(["--max-in-flight", "1", "--workers", "1"])
        .args(["--threshold", rule, "--threshold", "http_reqs: count>0"])
        .run();
    // It did not take ten minutes: not one request succeeded, which is worse than a broken rule.
    assert_eq!(ended.code, 1, "{ended:#?}");
    let reasons = &ended.summary["verdict"]["reasons"];
    let reason = reasons[1].as_str().unwrap();
    assert_eq!(
        reason,
        "http_req_failed: rate<50% does not hold: it is 100.00 %, which ended the run"
    );
    assert_eq!(ended.summary["thresholds"][0]["aborted"], true);
}

#[test]
fn percentiles_come_with_their_certainty() {
    let ended = judged(["--intervals"], "");
    let response = &ended.summary["latency"]["response"];
    let interval = response["intervals"]["p50"].as_array().unwrap();
    let [low, p50, high] =
        [&interval[0], &response["p50"], &interval[1]].map(|it| it.as_u64().unwrap());
    assert!(low <= p50 && p50 <= high, "{response}");
    assert_eq!(response["intervals"]["p99.9"], Value::Null);
    let ended = judged([], "");
    assert_eq!(
        ended.summary["latency"]["response"]["intervals"],
        Value::Null
    );
}

#[test]
fn a_rule_that_is_none_is_shown_where_it_is_wrong() {
    let wrong = |args: [&str; 2], config: &str| {
        let ended = judged(args, config);
        assert_eq!(ended.code, 2, "{ended:#?}");
        ended.stderr
    };
    let flag = |rule: &str| wrong(["--threshold", rule], "");
    let file = |text: &str| wrong(["--seed", "1"], text);
    insta::assert_snapshot!(flag("http_req_duration: p(95)<!500"), @"error: invalid value 'http_req_duration: p(95)<!500' for '--threshold <RULE>': `p(95)<!500` is wrong at character 7, `!500`: expected a number");
    insta::assert_snapshot!(flag("http_req_durations: p(95)<500"), @"error: invalid value 'http_req_durations: p(95)<500' for '--threshold <RULE>': `http_req_durations` is wrong at character 1, `http_req_durations`: expected a metric: http_req_duration, http_req_failed, http_reqs, http_req_blocked, http_req_connecting, http_req_sending, http_req_waiting, http_req_receiving, checks, data_sent, data_received, dropped_iterations, vus, server_errors, availability, equal_statuses, latency_trend, recovery_time, recovered, memory_growth");
    insta::assert_snapshot!(flag("http_req_duration: p(95)<baseline"), @"error: threshold `http_req_duration: p(95)<baseline` is about a baseline; name the summary.json of an earlier replay with `--baseline`");
    insta::assert_snapshot!(wrong(["--slo", "good"], ""), @"error: invalid value 'good' for '--slo <LEVEL>': a level is `normal`, `load` or `critical`");
    insta::assert_snapshot!(wrong(["--scenario", "none.toml"], ""), @"error: cannot read configuration `none.toml`: No such file or directory (os error 2)");
    insta::assert_snapshot!(file("[thresholds]\nhttp_reqs = [\"count>\", \"rate>5s\"]\nvus = 5"), @r#"error: config/replay.toml:3: write a rule as in `"p(95)<500"`, a list of them, or a table with `threshold`, `abortOnFail` and `delayAbortEval`; a check's condition is a text, a number or a list"#);
    insta::assert_snapshot!(file("[thresholds]\nhttp_reqs = \"count>\"\npreset = \"lax\"\n[[check]]\nname = \"c\"\n[load]\nspeed=\"1x\"\nrate=\"5/s\""), @"error: config/replay.toml: load: speed, rate and stages exclude each other; keep one
error: config/replay.toml: thresholds: `count>` ends too early: expected a number
error: config/replay.toml: thresholds: there is no preset `lax`; presets are strict, default, relaxed, and none
error: config/replay.toml: check: check `c`: it asks for nothing; give it status, header, json or latency");
    insta::assert_snapshot!(file("[[objective]]\nname = \"x\"\nmetric = \"vus\"\nvalue = \"p(95)\""), @"error: config/replay.toml: objective: `p(95)` is wrong at character 1, `p(95)`: expected value");
}

#[test]
fn a_run_that_is_worse_than_the_baseline_is_a_regression() {
    let quick = Server::start(|_| Answer::from(200));
    let slow = Server::start(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        Answer::from(200)
    });
    let replay = |server, args: [&str; 2]| {
        Replay::of(&recording(), server)
            .args(["--rate", "max", "--max-in-flight", "1", "--workers", "1"])
            .args(args)
    };
    let first = replay(&quick, ["--save-baseline", "kept/main.json"]);
    let ended = first.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let kept = std::fs::read_to_string(first.path("kept/main.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["run"], ended.summary["run"]);

    let text = kept.to_string();
    let second = replay(&slow, ["--baseline", "main.json"]).file("main.json", &text);
    let ended = second.run();
    assert_eq!(ended.code, 95, "{ended:#?}");
    assert!(first_line(&ended).starts_with("FAIL  worse than the baseline: response p50 of"));
    assert_eq!(ended.summary["comparison"]["verdict"], "regressed");

    // A rule on the baseline, and a run that is not worth keeping.
    let rule = "http_req_duration: p(50)<=baseline+5ms";
    let third = replay(&slow, ["--threshold", rule])
        .file("main.json", &text)
        .args(["--baseline", "main.json", "--max-regression", "9000%"])
        .args(["--save-baseline", "main.json"]);
    let ended = third.run();
    assert_eq!(ended.code, 99, "{ended:#?}");
    insta::assert_snapshot!(ended.stderr.split("http_req").next().unwrap(), @"warning: no baseline is written to `main.json`, and what is there stays: the run failed:");
    assert_eq!(
        std::fs::read_to_string(third.path("main.json")).unwrap(),
        text
    );
}

#[test]
fn rules_of_several_flags_on_one_metric_are_all_judged() {
    let ended = judged(
        [
            "--threshold",
            "http_reqs: count>1000",
            "--threshold",
            "http_reqs: count>1",
            "--threshold",
            "default",
        ],
        "[thresholds]\nhttp_req_failed = \"rate<0.5%\"\npreset = \"none\"",
    );
    assert_eq!(ended.code, 99, "{ended:#?}");
    let rules: Vec<_> = by_rule(&ended).into_iter().map(|(rule, _)| rule).collect();
    // The preset takes the place of the file's rules, and the flags of those of the preset.
    assert_eq!(
        rules,
        [
            "http_req_duration p(95)<500",
            "http_req_duration p(99)<1000",
            "http_req_failed rate<0.01",
            "http_reqs count>1000",
            "http_reqs count>1"
        ]
    );
}
