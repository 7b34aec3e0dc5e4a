//! Synthetic users against a real staging: only good answers, all roles, what they type is known.

mod common;

use std::time::Duration;

use common::{config, start};
use rehearsal_demo::staging::{Staging, StagingConfig};
use rehearsal_demo::users::{self, UsersConfig, UsersReport};

/// How many requests went to endpoints of this kind.
fn count(report: &UsersReport, is_one: impl Fn(&str) -> bool) -> u64 {
    let endpoints = report.endpoints.iter();
    endpoints
        .filter(|(name, _)| is_one(name))
        .map(|(_, n)| n)
        .sum()
}

#[tokio::test]
async fn six_users_for_two_seconds_meet_only_good_answers() {
    let staging = start().await;
    let config = UsersConfig::new(staging.addr(), 6, Duration::from_secs(2));
    let mut seen = 0;
    let report = users::run(
        UsersConfig {
            requests: 120,
            ..config
        },
        |progress| seen = progress.requests,
    )
    .await;
    assert_eq!(
        (report.failed, report.failures.as_slice()),
        (0, [].as_slice())
    );
    assert!(
        report
            .statuses
            .keys()
            .all(|status| [200, 201, 202, 204].contains(status)),
        "{:?}",
        report.statuses
    );
    assert_eq!(report.users, 6);
    assert_eq!(report.requests, seen);
    assert_eq!(report.endpoints.values().sum::<u64>(), report.requests);
    assert_eq!(report.endpoints["GET /auth/me"], 6);
    assert!((90..=170).contains(&report.requests), "{}", report.requests);
    assert!(report.elapsed < Duration::from_secs(4));
    staging.shutdown().await;
}

#[tokio::test]
async fn a_tenth_of_the_requests_are_of_chains_about_leave() {
    let staging = start().await;
    let config = UsersConfig::new(staging.addr(), 30, Duration::from_secs(3));
    let report = users::run(
        UsersConfig {
            requests: 900,
            ..config
        },
        |_| {},
    )
    .await;
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    let leave = count(&report, |name| name.contains("/leave"));
    let share = leave as f64 / report.requests as f64;
    assert!((0.06..0.14).contains(&share), "{share}");
    for step in [
        "GET /leave",
        "GET /leave/form",
        "POST /leave",
        "GET /leave/{leave_id}",
        "PUT /leave/{leave_id}",
        "POST /leave/{leave_id}/approval",
        "DELETE /leave/{leave_id}",
    ] {
        assert!(report.endpoints.contains_key(step), "{step}");
    }
}

#[tokio::test]
async fn users_refresh_before_their_tokens_expire() {
    let token_life = Duration::from_secs(1);
    let staging = Staging::start(StagingConfig {
        token_life,
        ..config()
    })
    .await
    .unwrap();
    let config = UsersConfig::new(staging.addr(), 8, Duration::from_secs(4));
    let report = users::run(config, |_| {}).await;
    // A busy machine may hold a request up for longer than its token lives.
    let late = report.statuses.get(&401).copied().unwrap_or(0);
    assert_eq!(report.failed, late, "{:?}", report.failures);
    assert!(late <= 2, "{late}");
    let refreshes = count(&report, |name| name == "POST /auth/refresh");
    assert!((16..=48).contains(&refreshes), "{refreshes}");
}

#[tokio::test]
async fn a_target_that_is_not_there_is_told_for_each_user() {
    let staging = start().await;
    let target = staging.addr();
    staging.shutdown().await;
    let config = UsersConfig::new(target, 5, Duration::from_millis(100));
    let report = users::run(config, |_| {}).await;
    assert_eq!((report.requests, report.users, report.failed), (0, 0, 5));
    assert!(
        report.failures[0].contains("cannot connect to"),
        "{}",
        report.failures[0]
    );
}
