//! A replay follows the application: fresh ids, short tokens, e-tags, tokens of forms.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use demo::users::UsersConfig;
use rehearsal_tests::{Finished, Stage, finish, users};
use serde_json::Value;
use tempfile::TempDir;

/// A backend with tokens that live for five seconds and are refreshed once, and ids of its own.
fn stage() -> Stage {
    Stage::with(0.0, &["--token-life", "5s"]).unwrap()
}

/// Lets twenty users work for longer than a token lives.
fn recorded(folder: &TempDir) -> PathBuf {
    let stage = stage();
    let file = folder.path().join("capture.jsonl");
    let twenty = |proxy| UsersConfig {
        requests: 900,
        ..UsersConfig::new(proxy, 20, Duration::from_secs(7))
    };
    let report = users::record(&stage, &file, twenty).unwrap();
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    file
}

/// Replays against a backend that was started anew, and gives its summary.
fn replayed(capture: &Path, args: &[&str]) -> (Finished, Value) {
    let stage = stage();
    let (_proxy, address) = stage.proxy(None).unwrap();
    let config = stage.files.replay(&address).unwrap();
    let settings = fs::read_to_string(&config).unwrap();
    assert!(settings.contains("life = \"14m\""));
    fs::write(&config, settings.replace("\"14m\"", "\"4s\"")).unwrap();
    let [config, capture, out] =
        [&config, capture, &stage.path("out")].map(|it| it.display().to_string());
    let common = ["--config", &config, "--out", &out, &capture];
    let args = args.iter().copied().chain(common);
    let replay = finish("replay", args, &[("LOAD_TEST_KEY", &stage.key)]).unwrap();
    assert!(matches!(replay.code, 0 | 96), "{replay:?}");
    let summary = fs::read_to_string(stage.path("out/summary.json")).unwrap();
    (replay, serde_json::from_str(&summary).unwrap())
}

fn equal(summary: &Value) -> f64 {
    summary["divergence"]["equal_statuses"].as_f64().unwrap()
}

#[test]
fn a_capture_replays_against_a_backend_that_was_started_anew() {
    let folder = TempDir::new().unwrap();
    let capture = recorded(&folder);
    for args in [
        &["--speed", "1x"][..],
        &["--speed", "5x"],
        &["--users", "3x", "--speed", "5x"],
    ] {
        let (_, summary) = replayed(&capture, args);
        let divergence = &summary["divergence"];
        assert!(equal(&summary) >= 0.995, "{args:?} {divergence:#}");
        assert!(divergence["links"]["places"].as_u64() > Some(200));
        assert_eq!(summary["upkeep"]["failed"], 0, "{args:?}");
    }
    let (_, verbatim) = replayed(&capture, &["--verbatim", "--speed", "5x"]);
    assert!(equal(&verbatim) < 0.3, "{:#}", verbatim["divergence"]);
}
