//! A browser, with what only browsers do.

use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;

use crate::around_nginx::a_page_works;

#[test]
#[ignore = "needs chromium; run by make test"]
fn a_page_with_a_web_socket_and_events_works() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, |_| {}).unwrap();
    a_page_works(&format!("http://{}/page", proxy.address));
    // A WebSocket's route is not recorded; the rest is: the page, the events, and what it says.
    let (capture, ..) = proxy.captured().unwrap();
    let mut recorded: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| (exchange.route.as_str(), exchange.response.status))
        .collect();
    recorded.sort_unstable();
    let expected = [
        ("GET /api/v1/{id}", 200),
        ("GET /api/v1/{id}", 200),
        ("GET /api/v1/{id}/{id}", 200),
        ("GET /api/v1/{id}/{id}", 200),
        ("GET /{id}", 200),
    ];
    assert_eq!(recorded, expected);
}
