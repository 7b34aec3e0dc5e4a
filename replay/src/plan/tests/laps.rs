//! Laps, and captures that are too large to be kept for the next one.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A megabyte for every number.
pub(super) fn large(count: u64) -> Vec<Exchange> {
    let exchanges = (0..count).map(|number| {
        let mut exchange = exchange(number, number * 1_000, 1);
        exchange.request.method = "POST".to_owned();
        let text = "x".repeat(1 << 20);
        exchange.request.body = Body {
            bytes: text.len() as u64,
            content: Content::Utf8(text),
        };
        exchange
    });
    exchanges.collect()
}

/// Plans a capture whose end cannot be read, which is not known before something is sent.
pub(crate) fn broken() -> Planner {
    let open = || -> Result<Input, PlanError> {
        let trouble = PlanError::Read("broken".to_owned());
        Ok(Box::new(
            large(20)
                .into_iter()
                .map(|it| Ok(it.into()))
                .chain([Err(trouble)]),
        ))
    };
    Planner::new(wanted(load("1")), Arc::new(pool()), Box::new(open)).unwrap()
}

#[test]
fn a_large_capture_is_read_again_in_each_lap() {
    // Bodies that together are more than is kept.
    let load = Load {
        laps: Some(2),
        ..load("1")
    };
    let plan = plan(&large(40), wanted(load)).unwrap();
    let lines: Vec<_> = plan
        .arrivals
        .iter()
        .map(|arrival| {
            (
                arrival.lap,
                sent(arrival).lines().next().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = (0..2).flat_map(|lap| {
        (0..40).map(move |number| (lap, format!("POST /api/v1/people/{number} HTTP/1.1")))
    });
    assert_eq!(lines, expected.collect::<Vec<_>>());
    // A lap is as long as the capture and one gap of it more.
    let lap_ns = 39 * 1_000 + 39 * 1_000 / 40;
    let due = (0..2).flat_map(|lap| (0..40).map(move |number| lap * lap_ns + number * 1_000));
    assert_eq!(plan.due(), due.collect::<Vec<_>>());
}

#[test]
fn as_much_is_read_as_is_needed() {
    // How many exchanges are read before anything is sent, and by the end of two laps.
    let read = |exchanges: Vec<Exchange>| {
        let count = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&count);
        let open = move || -> Result<Input, PlanError> {
            let counts = Arc::clone(&counts);
            let each = exchanges.clone().into_iter();
            Ok(Box::new(each.map(move |exchange| {
                counts.fetch_add(1, Ordering::Relaxed);
                Ok(exchange.into())
            })))
        };
        let load = Load {
            laps: Some(2),
            ..load("1")
        };
        let mut planner = Planner::new(wanted(load), Arc::new(pool()), Box::new(open)).unwrap();
        let first = count.load(Ordering::Relaxed);
        while planner.next().unwrap().is_some() {}
        (first, count.load(Ordering::Relaxed))
    };
    assert_eq!(read(large(5)), (5, 5));
    let (first, all) = read(large(20));
    assert!((8..16).contains(&first), "{first}");
    assert_eq!(all, 40);
}

#[test]
fn clones_of_a_lap_go_on_while_the_next_one_begins() {
    let exchanges: Vec<_> = (0..5)
        .map(|number| exchange(number, number * 1_000_000_000, 1))
        .collect();
    let load = Load {
        laps: Some(3),
        users: Decimal::parse("3").unwrap(),
        ..load("1")
    };
    let plan = plan(&exchanges, wanted(load)).unwrap();
    assert_eq!(plan.arrivals.len(), 45);
    assert!(plan.due().is_sorted());
    assert!(!plan.arrivals.is_sorted_by_key(|arrival| arrival.lap));
}

#[test]
fn what_was_recorded_at_once_keeps_its_order_for_each_clone() {
    let exchanges: Vec<_> = (0..50).map(|number| exchange(number, 7, 1)).collect();
    let load = Load {
        users: Decimal::parse("2").unwrap(),
        ..load("1")
    };
    let plan = plan(&exchanges, wanted(load)).unwrap();
    for clone in 0..2 {
        let mine = plan.arrivals.iter().filter(|it| it.clone == clone);
        let entries: Vec<_> = mine.map(|arrival| arrival.entry).collect();
        assert_eq!(entries, (0..50).collect::<Vec<_>>());
    }
}

#[test]
fn what_comes_too_late_in_the_capture_is_played_at_once() {
    let at_ns = [100, 200, 150, 220];
    let exchanges = (0..).zip(at_ns);
    let exchanges: Vec<_> = exchanges
        .map(|(number, at_ns)| exchange(number, at_ns, 1))
        .collect();
    let plan = plan(&exchanges, wanted(load("1"))).unwrap();
    assert_eq!(plan.due(), [0, 100, 100, 120]);
}
