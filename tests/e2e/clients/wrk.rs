//! wrk: as fast as the proxy answers.

use std::process::Command;

use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::Proxy;

#[test]
#[ignore = "needs wrk; run by make test"]
fn a_flood_is_answered_and_all_of_it_accounted_for() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, |config| {
        for route in config["route"].as_array_mut().unwrap() {
            route.as_table_mut().unwrap().remove("limit");
        }
    })
    .unwrap();
    let output = Command::new("wrk")
        .args(["-t1", "-c16", "-d1s"])
        .arg(format!("http://{}/api/v1/blocks", proxy.address))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "{text}"
    );
    let counted = text.lines().find_map(|line| {
        let count = line.trim().split_once(" requests in ")?.0;
        count.parse::<u64>().ok()
    });
    let answered = counted.unwrap();
    assert!(answered > 100, "{text}");

    // What was under way when wrk left is offered too; some may still be waiting to be written.
    let settled = || {
        let status = proxy.status().unwrap();
        let recording = &status["recording"];
        (recording["waiting"] == 0 && status["connections"] == 0).then_some(status)
    };
    let status = std::iter::repeat_with(settled)
        .find_map(|status| status)
        .unwrap();
    let recording = &status["recording"];
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let offered = number(&recording["offered"]);
    assert!(
        (answered..=answered + 16).contains(&offered),
        "{answered} {status:#}"
    );
    assert_eq!(number(&status["requests"]), offered);
    let dropped: u64 = recording["dropped"]
        .as_object()
        .unwrap()
        .values()
        .map(number)
        .sum();
    assert_eq!(
        number(&recording["recorded"]) + dropped,
        offered,
        "{status:#}"
    );
}
