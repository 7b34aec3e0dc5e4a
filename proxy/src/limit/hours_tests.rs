//! What happens to the counts when an hour brings other numbers.
//!
//! Used stays used, in requests, and nobody waits longer than the new numbers make anyone wait.

use std::net::IpAddr;
use std::time::Duration;

use jiff::civil::{Time, time};
use proptest::prelude::*;

use super::rate::{Burst, Rates};
use super::tests::{at, limit, numbers, rate, set};
use super::{Asker, Excess, LimitKey, Limits};
use crate::clock::Moment;
use crate::config::{LimitSettings, Per, Rate, Schedule, Span};
use crate::http1::fields::Fields;

const DAY: Time = time(12, 0, 0, 0);
const NIGHT: Time = time(0, 0, 0, 0);

/// 10/s with a burst of 10 by day, 2/s with a burst of 4 by night.
fn limits() -> Limits {
    let night = Span::new(time(22, 0, 0, 0), time(6, 0, 0, 0)).unwrap();
    let day = numbers(Some(rate(10, 1)), 10, Some(3));
    let schedule = Schedule::new(day, [(night, numbers(Some(rate(2, 1)), 4, Some(1)))]);
    let limit = LimitSettings {
        schedule,
        ..limit(day)
    };
    set(&[("r", &limit)], None)
}

fn ask(limits: &Limits, client: u8, now: Moment) -> Result<Option<super::Place>, Excess> {
    let asker = Asker {
        client: IpAddr::from([192, 0, 2, client]).into(),
        key: None,
        fields: &Fields::default(),
    };
    limits.get(0).unwrap().admit(&asker, now)
}

fn volley(limits: &Limits, client: u8, seconds: f64) -> usize {
    (0..30)
        .filter(|_| ask(limits, client, at(seconds)).is_ok())
        .count()
}

#[test]
fn what_was_used_by_day_is_used_by_night() {
    let limits = limits();
    limits.turn(DAY, at(0.0));
    assert_eq!(volley(&limits, 1, 100.0), 11);
    assert_eq!(volley(&limits, 2, 100.0), 11);
    limits.turn(NIGHT, at(100.0));
    // Nobody gets a burst anew, and the wait is the night's shortest.
    let wait = ask(&limits, 1, at(100.0)).err();
    assert_eq!(
        wait,
        Some(Excess::Rate(rate(2, 1), Duration::from_millis(500)))
    );
    assert_eq!(volley(&limits, 1, 100.499), 0);
    assert_eq!(volley(&limits, 1, 100.5), 1);
    assert_eq!(volley(&limits, 1, 100.5), 0);
    // Who was idle has the night's burst.
    assert_eq!(volley(&limits, 3, 100.5), 5);
    // A client that comes back later has had its requests freed at the night's rate.
    assert_eq!(volley(&limits, 2, 105.0), 10 + 5 - 11);
}

#[test]
fn what_was_used_by_night_is_used_by_day() {
    let limits = limits();
    limits.turn(NIGHT, at(0.0));
    assert_eq!(volley(&limits, 1, 50.0), 5);
    limits.turn(DAY, at(51.0));
    // Two of five were freed by night; the day's burst has room for those that are left.
    assert_eq!(volley(&limits, 1, 51.0), 11 - 3);
    assert_eq!(volley(&limits, 1, 51.1), 1);
    // Turning to what holds already changes nothing.
    limits.turn(DAY, at(51.1));
    assert_eq!(volley(&limits, 1, 51.1), 0);
    assert_eq!(volley(&limits, 1, 60.0), 11);
}

#[test]
fn requests_in_flight_stay_so() {
    let limits = limits();
    limits.turn(DAY, at(0.0));
    let places: Vec<_> = (0..3).map(|_| ask(&limits, 1, at(1.0)).unwrap()).collect();
    assert_eq!(ask(&limits, 1, at(1.0)).err(), Some(Excess::InFlight(3)));
    limits.turn(NIGHT, at(1.0));
    drop(places);
    let _one = ask(&limits, 1, at(20.0)).unwrap();
    assert_eq!(ask(&limits, 1, at(20.0)).err(), Some(Excess::InFlight(1)));
    limits.turn(DAY, at(20.0));
    assert!(ask(&limits, 1, at(20.0)).is_ok());
}

/// A bucket whose rate and burst change, counted in requests.
struct Model {
    used: f64,
    last: f64,
}

impl Model {
    /// Frees what the rate has freed.
    fn pass(&mut self, rate: &Rate, now: f64) {
        let freed = (now - self.last) / rate.period().as_secs_f64();
        self.used = (self.used - freed).max(0.0);
        self.last = now;
    }
}

proptest! {
    #[test]
    fn counts_go_on_however_often_the_numbers_change(
        phases in prop::collection::vec((1u32..200, 1u64..20, 0u32..20), 1..4),
        steps in prop::collection::vec((0.0f64..4.0, prop::option::weighted(0.1, 0usize..4)), 1..300),
    ) {
        let rates: Vec<_> = phases.iter().map(|(count, seconds, _)| rate(*count, *seconds)).collect();
        let limit = Rates::new(&Per::Route, &rates).unwrap();
        let mut model = Model { used: 0.0, last: 1.0 };
        let mut active = 0;
        let mut now = at(1.0);
        for (gap, turn) in steps {
            now = now + rates[active].period().mul_f64(gap);
            #[expect(clippy::cast_precision_loss, reason = "a model needs no nanoseconds")]
            let seconds = now.as_nanos() as f64 / 1e9;
            model.pass(&rates[active], seconds);
            if let Some(turn) = turn.filter(|turn| *turn < rates.len()) {
                limit.turn(turn, now);
                active = turn;
            }
            let burst = Burst { own: phases[active].2, largest: phases[active].2 };
            let verdict = limit.admit(LimitKey::Route, burst, now);
            let room = f64::from(burst.own) - model.used;
            // Nearer than what a float and a whole tick can tell apart, either is right.
            if room > 1e-4 {
                prop_assert!(verdict.is_ok(), "{room}");
            } else if room < -1e-4 {
                prop_assert!(verdict.is_err(), "{room}");
            }
            match verdict {
                Ok(()) => model.used += 1.0,
                Err(Excess::Rate(told, wait)) => {
                    model.used = model.used.min(f64::from(burst.own) + 1.0);
                    prop_assert_eq!(told, rates[active]);
                    prop_assert!(wait <= rates[active].period() + Duration::from_micros(1));
                    prop_assert!(limit.would_admit(LimitKey::Route, burst, now + wait).is_ok());
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
