//! What a recording of users holds for a replay that follows them: links, and slots for their tokens.

use std::time::Duration;

use demo::users::UsersConfig;
use rehearsal_tests::{Stage, users};
use trace::exchange::{Content, Exchange};
use trace::format::Capture;

/// Lets twenty users work whose access tokens live for two seconds.
fn recorded() -> Capture {
    let stage = Stage::with(0.0, &["--token-life", "2s"]).unwrap();
    let file = stage.path("capture.jsonl");
    let twenty = |proxy| UsersConfig {
        requests: 900,
        ..UsersConfig::new(proxy, 20, Duration::from_secs(6))
    };
    let report = users::record(&stage, &file, twenty).unwrap();
    assert_eq!(report.failed, 0, "{:?}", report.failures);
    Capture::read(&file).unwrap()
}

/// Asserts that there are exchanges of a route, and that each has a link between these places.
#[track_caller]
fn linked(capture: &Capture, route: &str, source: &str, into: &str) {
    let all = &capture.exchanges;
    let of_route: Vec<&Exchange> = all.iter().filter(|it| it.route == route).collect();
    assert!(!of_route.is_empty(), "no {route}");
    for exchange in of_route {
        let mut links = exchange.links.iter();
        let is_there = links.any(|link| link.source == source && link.into == into);
        assert!(is_there, "{route}: {:?}", exchange.links);
    }
}

#[test]
fn each_step_of_a_chain_is_linked_to_the_answer_that_it_needs() {
    let capture = recorded();
    assert_eq!(capture.footer.as_ref().unwrap().audit.found, 0);
    for (route, source, into) in STEPS {
        linked(&capture, route, source, into);
    }

    let refreshes = capture.exchanges.iter();
    let refreshes: Vec<_> = refreshes
        .filter(|it| it.route == "POST /api/v1/auth/refresh")
        .collect();
    assert!(refreshes.len() > 20, "{}", refreshes.len());
    for refresh in refreshes {
        let Content::Utf8(body) = &refresh.request.body.content else {
            panic!("{:?}", refresh.request.body);
        };
        let slot = format!(r#"{{"refresh_token":"{{{{refresh:{}}}}}"}}"#, refresh.user);
        assert_eq!(*body, slot);
    }
}

/// Route, the place in an earlier answer, the place in the request.
const STEPS: [(&str, &str, &str); 7] = [
    ("POST /api/v1/leave", "body#/csrf_token", "body/csrf_token"),
    ("GET /api/v1/leave/{id}", "body#/id", "path/3"),
    ("PUT /api/v1/leave/{id}", "body#/id", "path/3"),
    ("PUT /api/v1/leave/{id}", "header/etag", "header/if-match"),
    ("DELETE /api/v1/leave/{id}", "body#/id", "path/3"),
    ("POST /api/v1/leave/{id}/approval", "body#/id", "path/3"),
    (
        "POST /api/v1/leave/{id}/approval",
        "body#/csrf_token",
        "header/x-csrf-token",
    ),
];
