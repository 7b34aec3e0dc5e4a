//! What each tool wrote in a real run, or, of k6, what its formats are.

use std::fmt::Write as _;

use super::*;
use crate::quantile::Risk;
use crate::report::sample::summary;

const K6: [&str; 3] = [
    include_str!("../../../tests/fixtures/k6/summary-export.json"),
    include_str!("../../../tests/fixtures/k6/handle-summary.json"),
    include_str!("../../../tests/fixtures/k6/machine-readable.json"),
];
const OHA: &str = include_str!("../../../tests/fixtures/oha/run.json");
const REFUSED: &str = include_str!("../../../tests/fixtures/oha/refused.json");
const LOCUST_CSV: &str = include_str!("../../../tests/fixtures/locust/run_stats.csv");
const LOCUST_JSON: &str = include_str!("../../../tests/fixtures/locust/run.json");

/// A line for all requests and one for each route.
fn told(text: &str) -> String {
    let run = import(text).unwrap();
    let mut told = format!("{}\n", run.tool);
    let all = [("all", &run.all)].into_iter();
    let routes = run.routes.iter().map(|(name, it)| (name.as_str(), it));
    for (name, figures) in all.chain(routes) {
        let service = figures.service.as_ref();
        let micros = [0.5, 0.95, 0.99].map(|quantile| service?.value(quantile));
        let band = service.and_then(|it| it.interval(0.95, Risk::ONE_IN_20));
        let share = |share: Option<crate::compare::measured::Share>| {
            share.map_or_else(String::new, |it| format!("{}/{}", it.part, it.of))
        };
        writeln!(
            told,
            "{name}: {} requests, µs {micros:?} p95 in {band:?}, failed {}, rate {:?}, failed checks {}",
            figures.requests,
            share(figures.failed),
            figures.rate,
            share(figures.failed_checks),
        )
        .unwrap();
    }
    for doubt in run.doubts {
        writeln!(told, "it {doubt}").unwrap();
    }
    told
}

#[track_caller]
fn wrong(text: &str, reason: &str) {
    assert_eq!(import(text).unwrap_err().to_string(), reason);
}

#[test]
fn k6_says_the_same_in_two_of_its_formats_and_less_in_the_third() {
    let [export, handle, machine] = K6.map(told);
    assert_eq!(export, handle);
    insta::assert_snapshot!(format!("{export}\n{machine}"));
}

#[test]
fn oha_counts_statuses_as_failures_here() {
    insta::assert_snapshot!(format!("{}\n{}", told(OHA), told(REFUSED)));
    let cut_off = REFUSED.replace(
        "Connection refused (os error 111)",
        "aborted due to deadline",
    );
    assert_eq!(import(&cut_off).unwrap().all.failed, None);
}

#[test]
fn locust_says_it_in_a_table_or_as_json() {
    insta::assert_snapshot!(format!("{}\n{}", told(LOCUST_CSV), told(LOCUST_JSON)));
}

/// As Locust writes it of a run that was too short for one request of a kind.
#[test]
fn a_row_without_requests_is_no_mistake() {
    let row = ",Aggregated,0,0,N/A,0.0,0,0,0.0,0.0,0.0".to_owned() + &",N/A".repeat(11);
    let head = LOCUST_CSV.lines().next().unwrap();
    let run = import(&format!("{head}\n{row}\n")).unwrap();
    assert!(run.all.failed.is_none() && run.all.service.is_none());
}

#[test]
fn our_own_is_known_by_its_format() {
    let mut summary = summary();
    let text = serde_json::to_string_pretty(&summary).unwrap();
    let run = import(&format!("\u{feff}\n{text}")).unwrap();
    assert_eq!((run.tool, run.all.requests), (Tool::Replay, 2_000));
    assert_eq!(run.started.as_deref(), Some("2026-11-21T09:30:00Z"));
    assert_eq!(run.routes.len(), 3);

    let newer = text.replacen("\"version\": 1", "\"version\": 2", 1);
    wrong(
        &newer,
        "it is a summary of version 2, and only version 1 can be read",
    );
    let damaged = text.replacen("\"sent\": 2000", "\"sent\": \"all\"", 1);
    let error = import(&damaged).unwrap_err().to_string();
    assert!(error.starts_with("invalid type: string \"all\", expected u64 at line "));
    summary.endpoints[1].latency.service.hdr = "AAAA".to_owned();
    wrong(
        &serde_json::to_string(&summary).unwrap(),
        "`endpoints of GET /api/v1/people/{id}: latency.service.hdr` is no V2 histogram",
    );
}

#[test]
fn what_is_wrong_says_where() {
    let export = |from: &str, to: &str| K6[0].replacen(from, to, 1);
    wrong(
        &export("\"p(95)\": 26.25", "\"p(95)\": \"26\""),
        "`/metrics/http_req_duration/p(95)` is `\"26\"`, not a number of 0 or more",
    );
    wrong(
        &export("\"passes\": 1990,", ""),
        "`/metrics/checks/passes` is missing, not a value",
    );
    wrong(
        &export("\"count\": 2000", "\"count\": 2.5"),
        "`/metrics/http_reqs/count` is `2.5`, not a whole number",
    );
    wrong(
        &K6[2].replacen("\"duration\": 30.0252", "\"duration\": -1", 1),
        "`/config/duration` is `-1`, not a number of 0 or more",
    );
    wrong(
        &OHA.replacen("\"p95\": 0.048243419", "\"p95\": [1]", 1),
        "`/latencyPercentiles/p95` is a list, not a number of 0 or more",
    );
    wrong(
        &LOCUST_CSV.replacen("GET,/api/v1/people,348", "GET,/api/v1/people,many", 1),
        "`Request Count` in line 3 is `many`, not a number of 0 or more",
    );
    wrong(
        &LOCUST_CSV.lines().take(3).collect::<Vec<_>>().join("\n"),
        "the row `Aggregated` is missing, not there: the table is not whole",
    );
    wrong(
        &LOCUST_JSON.replacen("\"6\": 1", "\"\\u001b[31m\": 1", 1),
        "a key of `response_times` is `?[31m`, not a number of 0 or more",
    );
}

#[test]
fn what_is_of_no_known_tool_says_what_was_looked_for() {
    for text in [
        "",
        "GET / 200",
        "{}",
        "[]",
        "[1]",
        "{\"metrics\": []}",
        "a,b\n1,2\n",
    ] {
        let error = import(text).unwrap_err();
        assert!(matches!(error, ImportError::Unknown), "{text}: {error}");
    }
    wrong(
        "{\"metrics\": ",
        "EOF while parsing a value at line 1 column 12",
    );
}

/// What was cut off while it was written is an error, wherever it ends.
#[test]
fn a_file_that_was_cut_off_is_an_error() {
    for text in K6.into_iter().chain([OHA, REFUSED, LOCUST_JSON]) {
        let whole = text.trim_end();
        for end in (0..whole.len())
            .step_by(11)
            .filter(|&end| whole.is_char_boundary(end))
        {
            assert!(import(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
    }
    let last = LOCUST_CSV.rfind(",Aggregated").unwrap();
    for end in 0..=last {
        assert!(
            import(&LOCUST_CSV[..end]).is_err(),
            "{}",
            &LOCUST_CSV[..end]
        );
    }
}
