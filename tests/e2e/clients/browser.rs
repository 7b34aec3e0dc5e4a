//! A browser, with what only browsers do.

use rehearsal_tests::browser;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;

#[test]
#[ignore = "needs chromium; run by make test"]
fn a_page_with_a_web_socket_and_events_works() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, |_| {}).unwrap();
    let page = browser::page(&format!("http://{}/page", proxy.address)).unwrap();
    assert!(
        page.contains(r#"<b id="socket">echo: from the page</b>"#),
        "{page}"
    );
    assert!(
        page.contains(r#"<b id="events">first, second</b>"#),
        "{page}"
    );
    // All but the WebSocket, whose route is not recorded.
    let (capture, ..) = proxy.captured().unwrap();
    let mut paths: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| (exchange.route.as_str(), exchange.response.status))
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, []);
}
