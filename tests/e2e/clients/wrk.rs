//! wrk: as fast as the proxy answers.

use rehearsal_tests::eventually;
use rehearsal_tests::origin::Origin;
use rehearsal_tests::proxy::{Proxy, without_limits};
use rehearsal_tests::wrk::Wrk;

#[test]
#[ignore = "needs wrk; run by make test"]
fn a_flood_is_answered_and_all_of_it_accounted_for() {
    let origin = Origin::start().unwrap();
    let proxy = Proxy::start(&origin.address, without_limits).unwrap();
    let wrk = Wrk::start(&format!("http://{}/api/v1/blocks", proxy.address)).unwrap();
    eventually("a thousand are answered", || {
        Ok((proxy.status()?["requests"].as_u64() > Some(1_000)).then_some(()))
    })
    .unwrap();
    let answered = wrk.end().unwrap().requests;

    // What was under way when wrk left is offered too; some may still be waiting to be written.
    let status = eventually("all of it is written", || {
        let status = proxy.status()?;
        let settled = status["recording"]["waiting"] == 0 && status["connections"] == 0;
        Ok(settled.then_some(status))
    });
    let status = status.unwrap();
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
