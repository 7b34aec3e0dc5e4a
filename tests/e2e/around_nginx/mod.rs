//! The proxy and a real nginx: in front, behind, beside, and as the target of its mirror.
//!
//! nginx runs with the files that the project ships, but for addresses and folders.

mod behind;
mod beside;
mod in_front;
mod mirror;

use rehearsal_tests::browser;
use rehearsal_tests::nginx::Nginx;
use trace::exchange::Exchange;

/// Opens the origin's page in a browser: a WebSocket and an event stream have to get through.
#[track_caller]
pub(crate) fn a_page_works(url: &str) {
    let page = browser::page(url).unwrap();
    let socket = r#"<b id="socket">echo: from the page</b>"#;
    let events = r#"<b id="events">first, second</b>"#;
    assert!(page.contains(socket) && page.contains(events), "{page}");
}

/// A request with a secret wherever the application has some: its target, and arguments for curl.
const SECRETS: [&str; 5] = [
    "/api/v1/calendar/feed/made-up-secret?token=made-up-secret",
    "--header",
    "Referer: https://staging.example.internal/?token=made-up-secret",
    "--header",
    "X-Load-Test-Key: made-up-secret",
];

/// What nginx logged has so many lines, and nothing secret; its other log has nothing secret either.
#[track_caller]
fn keeps_secrets(nginx: &Nginx, name: &str, lines: usize) {
    let log = nginx.log(name, lines).unwrap();
    assert_eq!(log.lines().count(), lines, "{log}");
    let log = log + &nginx.file("error.log").unwrap();
    assert!(!log.contains("made-up-secret"), "{log}");
}

/// Methods, paths and statuses.
fn told(exchanges: &[Exchange]) -> Vec<(&str, &str, u16)> {
    let told = exchanges.iter().map(|exchange| {
        let request = &exchange.request;
        (
            request.method.as_str(),
            request.path.as_str(),
            exchange.response.status,
        )
    });
    told.collect()
}
