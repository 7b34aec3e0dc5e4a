//! The live page of a real run, in a browser.

use std::fs;
use std::process::Command;
use std::time::Duration;

use demo::programs::command;
use rehearsal_tests::bounded::Running;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::webdriver::{Browser, Script};
use rehearsal_tests::{eventually, project};
use serde_json::Value;

fn replay(target: &str, out: &str, flags: &[&str]) -> Command {
    let mut replay = command("replay").unwrap();
    replay
        .args(["--verbatim", "--target", target, "--out", out])
        .args(["--config", "/dev/null", "--live", "127.0.0.1:0"])
        .args(flags)
        .arg("captures/peak.jsonl")
        .current_dir(project());
    replay
}

/// Where the live page is, as the run says it.
fn address(running: &Running) -> String {
    eventually("the run says where its page is", || {
        let said = running.complained()?;
        let url = said.lines().find_map(|it| it.strip_prefix("live page: "));
        Ok(url.map(str::to_owned))
    })
    .unwrap()
}

fn sent(browser: &Browser) -> u64 {
    let sent =
        "return Number(document.querySelector('[data-name=\"totals.sent\"]')?.dataset.value ?? 0)";
    browser.run(sent).unwrap().as_u64().unwrap()
}

#[test]
#[ignore = "needs chromium; run by make test"]
fn a_run_is_followed_to_its_end() {
    let (folder, origin) = (tempfile::tempdir().unwrap(), Origin::start().unwrap());
    let out = folder.path().join("out").display().to_string();
    let target = format!("http://{}", origin.address);
    let browser = Browser::start(Script::Allowed).unwrap();
    let mut command = replay(&target, &out, &["--speed", "8x"]);
    let running = Running::start(&mut command, Duration::from_secs(60)).unwrap();
    browser.open(&address(&running)).unwrap();

    let first = eventually("there are numbers", || {
        Ok(Some(sent(&browser)).filter(|&it| it > 0))
    });
    let first = first.unwrap();
    // What the reader has done to the page stays, whatever comes.
    browser
        .click("#table-endpoints th:nth-child(7) button")
        .unwrap();
    browser.run("window.scrollTo(0, 900)").unwrap();
    eventually("there are more", || {
        Ok((sent(&browser) > first).then_some(()))
    })
    .unwrap();
    let kept = "return [scrollY, document.querySelector('[aria-sort]')?.ariaSort]";
    assert_eq!(
        browser.run(kept).unwrap(),
        serde_json::json!([900, "descending"])
    );
    browser.screenshot("live").unwrap();

    let ended = running.end().unwrap();
    assert!(matches!(ended.status.code(), Some(0 | 96)), "{ended:?}");
    let summary = fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    eventually("the page says that the run is over", || {
        Ok(browser.text("#phase")?.contains("is over").then_some(()))
    })
    .unwrap();
    assert_eq!(summary["totals"]["sent"], sent(&browser));
    // It is still of use.
    browser
        .click("#table-endpoints th:first-child button")
        .unwrap();
    assert_eq!(browser.run(kept).unwrap()[1], "ascending");
    assert_eq!(browser.complaints().unwrap(), [""; 0]);
}

#[test]
#[ignore = "needs chromium; run by make test"]
fn a_run_is_started_held_and_stopped_from_its_page() {
    let (folder, origin) = (tempfile::tempdir().unwrap(), Origin::start().unwrap());
    let out = folder.path().join("out").display().to_string();
    let target = format!("http://{}", origin.address);
    let browser = Browser::start(Script::Allowed).unwrap();
    let mut command = replay(&target, &out, &["--live-control"]);
    let running = Running::start(&mut command, Duration::from_secs(60)).unwrap();
    browser.open(&address(&running)).unwrap();
    let press = |name: &str, then: &str| {
        browser.click(&format!("[data-command={name}]")).unwrap();
        eventually(then, || {
            Ok(browser.text("#phase")?.contains(then).then_some(()))
        })
        .unwrap();
    };

    assert!(
        browser
            .text("#phase")
            .unwrap()
            .starts_with("Waiting for the start")
    );
    press("start", "goes on");
    eventually("there are numbers", || {
        Ok((sent(&browser) > 0).then_some(()))
    })
    .unwrap();
    press("pause", "is paused");
    press("resume", "goes on");
    press("stop", "is over");
    let ended = running.end().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_eq!(browser.complaints().unwrap(), [""; 0]);
}
