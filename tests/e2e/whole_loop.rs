//! Users work through the proxy, nothing personal is in the capture, and it replays.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use demo::users::{UsersConfig, UsersReport, typed_values};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rehearsal_tests::{Finished, Stage, finish, users};
use serde_json::Value;
use trace::format::Capture;

/// Lets ten users work for two seconds through a recording proxy, and closes the capture.
fn recorded(stage: &Stage, capture: &Path) -> UsersReport {
    let ten = |proxy| UsersConfig::new(proxy, 10, Duration::from_secs(2));
    users::record(stage, capture, ten).unwrap()
}

fn replayed(stage: &Stage, capture: &Path, args: &[&str]) -> Finished {
    let (_proxy, address) = stage.proxy(None).unwrap();
    let config = stage.files.replay(&address).unwrap();
    let (config, out) = (
        config.display().to_string(),
        stage.path("out").display().to_string(),
    );
    let capture = capture.display().to_string();
    // With others for users, somebody trades with the one who is colleague and user in one.
    let who = ["--seed", "1"];
    let common = ["--via-loadtest", "--config", &config, "--out", &out];
    let args = args.iter().copied().chain(who).chain(common);
    let args = args.chain([capture.as_str()]);
    finish("replay", args, &[("LOAD_TEST_KEY", &stage.key)]).unwrap()
}

#[test]
fn every_exchange_is_recorded_and_replayed_with_equal_statuses() {
    let stage = Stage::set(0.0).unwrap();
    let file = stage.path("capture.jsonl");
    let report = recorded(&stage, &file);
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    let footer = Capture::read(&file).unwrap().footer.unwrap();
    assert_eq!(
        (footer.exchanges, footer.offered),
        (report.requests, report.requests)
    );
    assert_eq!(footer.audit.found, 0);

    let replay = replayed(&stage, &file, &["--speed", "5x"]);
    assert!(matches!(replay.code, 0 | 96), "{replay:?}");
    let summary = fs::read_to_string(stage.path("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["format"], "rehearsal-summary");
    assert_eq!(summary["totals"]["planned"], report.requests);
    assert_eq!(summary["totals"]["sent"], report.requests);
    let divergence = &summary["divergence"];
    assert!(
        divergence["equal_statuses"].as_f64() >= Some(0.995),
        "{divergence:#}"
    );
    let page = fs::read_to_string(stage.path("out/report.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script ") && !page.contains("src="));
    assert!(!replay.stdout.contains(&stage.key) && !summary.to_string().contains(&stage.key));
}

/// What was replaced has to be as acceptable as the original: requests that the backend took when
/// they were recorded are not malformed when they are replayed.
#[test]
fn a_replay_brings_no_400_or_422_that_the_recording_did_not_have() {
    let stage = Stage::set(0.0).unwrap();
    let file = stage.path("capture.jsonl");
    let report = recorded(&stage, &file);
    let replay = replayed(&stage, &file, &["--speed", "5x"]);
    assert!(matches!(replay.code, 0 | 96), "{replay:?}");
    let summary = fs::read_to_string(stage.path("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let routes = summary["divergence"]["routes"].as_array().unwrap();
    let count = |statuses: &Value| -> u64 {
        let counts = statuses.as_object().unwrap().values();
        counts.filter_map(Value::as_u64).sum()
    };
    let compared: u64 = routes.iter().map(|route| count(&route["replayed"])).sum();
    assert_eq!(compared, report.requests);
    for route in routes {
        for status in ["400", "422"] {
            let times = |when: &str| route[when][status].as_u64().unwrap_or(0);
            assert!(times("replayed") <= times("recorded"), "{route:#}");
        }
    }
}

#[test]
fn nothing_personal_is_in_the_capture_in_any_encoding() {
    let stage = Stage::set(0.0).unwrap();
    let file = stage.path("capture.jsonl");
    recorded(&stage, &file);
    let capture = fs::read_to_string(&file).unwrap();
    assert!(capture.contains("{{auth:u1}}") && capture.contains("{{password:u1}}"));
    assert!(!capture.contains("eyJ"), "a token is in the capture");
    let originals = demo::staging::personal_values(1)
        .into_iter()
        .chain(typed_values());
    let mut searched = 0;
    for original in originals.filter(|original| original.len() >= 6) {
        let percent = utf8_percent_encode(&original, NON_ALPHANUMERIC).to_string();
        for form in [
            original.clone(),
            percent.replace("%20", "+"),
            percent,
            STANDARD_NO_PAD.encode(&original)[..original.len() * 8 / 6].to_owned(),
        ] {
            searched += 1;
            assert!(!capture.contains(&form), "{original} is in the capture");
        }
    }
    assert!(searched > 1_000, "{searched}");
}
