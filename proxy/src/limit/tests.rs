//! The rate limit against nginx's leaky bucket, and the bound of its table.
//!
//! The model is the one of the facts §1.3: the excess falls with time, and a refused request
//! does not raise it.

use std::time::Duration;

use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::rate::RateLimit;
use super::{Excess, Limit, LimitKey};
use crate::clock::Clock;
use crate::config::{LimitSettings, Per, Rate};

/// nginx's bucket (`ngx_http_limit_req_lookup`), in nanoseconds of the rate.
struct LeakyBucket {
    period: u64,
    burst: u64,
    /// The excess and when it was that; set by requests that pass only.
    state: Option<(u64, u64)>,
}

impl LeakyBucket {
    fn admit(&mut self, now: u64) -> bool {
        let excess = self.state.map_or(0, |(excess, last)| {
            (excess + self.period).saturating_sub(now - last)
        });
        let pass = excess <= self.burst * self.period;
        if pass {
            self.state = Some((excess, now));
        }
        pass
    }
}

fn rate(count: u32, seconds: u64) -> Rate {
    Rate {
        count: count.try_into().unwrap(),
        window: Duration::from_secs(seconds),
    }
}

/// How many of a volley pass at once.
fn volley(limit: &RateLimit<FakeRelativeClock>, key: LimitKey, size: usize) -> usize {
    (0..size).filter(|_| limit.admit(key).is_ok()).count()
}

#[test]
fn from_idle_burst_plus_one_pass_then_the_rate() {
    for (count, seconds, burst) in [
        (100, 1, 200),
        (10, 60, 5),
        (50, 1, 50),
        (5, 60, 3),
        (1, 10, 1),
    ] {
        let clock = FakeRelativeClock::default();
        let rate = rate(count, seconds);
        let limit = RateLimit::new(rate, burst, clock.clone());
        let at_once = burst as usize + 1;
        assert_eq!(volley(&limit, LimitKey::Route, 400), at_once, "{rate}");
        clock.advance(rate.period());
        assert_eq!(volley(&limit, LimitKey::Route, 5), 1, "{rate}");
        clock.advance(rate.period() * 3);
        assert_eq!(volley(&limit, LimitKey::Route, 5), 3.min(at_once), "{rate}");
    }
}

#[test]
fn the_wait_is_the_time_until_one_passes() {
    let clock = FakeRelativeClock::default();
    let limit = RateLimit::new(rate(10, 60), 5, clock.clone());
    assert_eq!(volley(&limit, LimitKey::Route, 6), 6);
    clock.advance(Duration::from_secs(2));
    assert_eq!(limit.admit(LimitKey::Route), Err(Duration::from_secs(4)));
    clock.advance(Duration::from_secs(4));
    assert_eq!(limit.admit(LimitKey::Route), Ok(()));
}

#[test]
fn a_flood_of_keys_takes_no_more_room_than_the_table_has() {
    let clock = FakeRelativeClock::default();
    let limit = RateLimit::with_capacity(rate(1, 1), 2, clock.clone(), 100);
    clock.advance(Duration::from_secs(1));
    let passed = (0..1000)
        .filter(|n| limit.admit(LimitKey::Header(*n)).is_ok())
        .count();
    assert_eq!(limit.len(), 100);
    // The first hundred have cells of their own; the rest share one.
    assert_eq!(passed, 103);
    assert_eq!(limit.admit(LimitKey::Header(0)), Ok(()));
    clock.advance(Duration::from_secs(10));
    limit.sweep();
    assert_eq!(limit.len(), 0);
}

#[test]
fn who_finds_no_place_does_not_use_up_the_rate() {
    let settings = LimitSettings {
        rate: Some(rate(1, 3600)),
        burst: 1,
        concurrent: Some(1),
        per: Per::Route,
    };
    let limit = Limit::new(&settings, Clock::start());
    let admit = || limit.admit(LimitKey::Route);
    let first = admit();
    assert!(matches!(first, Ok(Some(_))));
    for _ in 0..3 {
        assert_eq!(admit().err(), Some(Excess::InFlight(1)));
    }
    drop(first);
    let second = admit();
    assert!(matches!(second, Ok(Some(_))));
    // No place and no rate: the rate is told. Then a place, which the rate gives back.
    assert!(matches!(admit(), Err(Excess::Rate(..))));
    drop(second);
    for _ in 0..2 {
        assert!(matches!(admit(), Err(Excess::Rate(..))));
    }
}

proptest! {
    #[test]
    fn decisions_are_those_of_a_leaky_bucket(
        count in 1u32..500,
        seconds in 1u64..60,
        burst in 0u32..20,
        gaps in prop::collection::vec(0.0f64..3.0, 1..200),
    ) {
        let rate = rate(count, seconds);
        let period = rate.period();
        let clock = FakeRelativeClock::default();
        clock.advance(Duration::from_secs(1));
        let limit = RateLimit::new(rate, burst, clock.clone());
        let mut bucket = LeakyBucket {
            period: u64::try_from(period.as_nanos()).unwrap(),
            burst: burst.into(),
            state: None,
        };
        let mut now = 0;
        for gap in gaps {
            let gap = period.mul_f64(gap);
            clock.advance(gap);
            now += u64::try_from(gap.as_nanos()).unwrap();
            prop_assert_eq!(limit.admit(LimitKey::Route).is_ok(), bucket.admit(now));
        }
    }
}
