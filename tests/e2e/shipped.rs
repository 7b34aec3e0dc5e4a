//! What the project ships works as it stands: configuration, test users, example capture.

use std::collections::BTreeSet;
use std::fs;

use rehearsal_tests::{KEY, finish, project};
use trace::format::Capture;

#[test]
fn the_shipped_configuration_passes_its_check() {
    let check = finish("rehearsal-proxy", ["--test"], &[("LOAD_TEST_KEY", KEY)]).unwrap();
    assert_eq!((check.code, check.stderr.as_str()), (0, ""), "{check:?}");
    assert!(check.stdout.contains("config/proxy.toml: ok"), "{check:?}");
}

#[test]
fn a_missing_key_is_named_with_what_to_do() {
    let check = finish("rehearsal-proxy", ["--test"], &[]).unwrap();
    assert_eq!(check.code, 2, "{check:?}");
    assert!(check.stderr.contains("LOAD_TEST_KEY"), "{check:?}");
}

#[test]
fn the_shipped_test_users_are_those_of_staging() {
    let shipped = fs::read_to_string(project().join("config/users.csv")).unwrap();
    assert_eq!(shipped, demo::staging::users_csv());
}

#[test]
fn dates_move_to_the_day_on_which_staging_lives() {
    let shipped = fs::read_to_string(project().join("config/replay.toml")).unwrap();
    let settings: toml::Table = shipped.parse().unwrap();
    let day = settings["shift_dates"].as_str();
    assert_eq!(day, Some(demo::staging::TODAY.to_string().as_str()));
}

#[test]
fn the_example_capture_is_as_large_and_as_clean_as_it_says() {
    let path = project().join("captures/peak.jsonl");
    assert!(fs::metadata(&path).unwrap().len() <= 5_000_000);
    let capture = Capture::read(&path).unwrap();
    let footer = capture.footer.unwrap();
    assert_eq!((capture.warnings, footer.audit.found), (Vec::new(), 0));
    assert_eq!(
        (footer.offered, footer.dropped.total()),
        (footer.exchanges, 0)
    );
    assert!(
        capture.exchanges.len() >= 2_000,
        "{}",
        capture.exchanges.len()
    );
    let users: BTreeSet<_> = capture
        .exchanges
        .iter()
        .map(|exchange| &exchange.user)
        .collect();
    assert!(users.len() >= 40, "{} users", users.len());
    // A rise and a peak: the busiest ten seconds against the first ten.
    let mut per_ten = [0; 8];
    for exchange in &capture.exchanges {
        per_ten[usize::try_from(exchange.at_ns / 10_000_000_000).unwrap()] += 1;
    }
    assert!(
        per_ten.iter().max().unwrap() >= &(2 * per_ten[0]),
        "{per_ten:?}"
    );
}

#[test]
fn the_example_capture_is_planned_with_the_shipped_settings() {
    let args = ["--dry-run", "--speed", "5x", "captures/peak.jsonl"];
    let plan = finish("replay", args, &[("LOAD_TEST_KEY", KEY)]).unwrap();
    assert_eq!((plan.code, plan.stderr.as_str()), (0, ""), "{plan:?}");
    assert!(plan.stdout.contains("GET /api/v1/people"), "{plan:?}");
}
