//! The rate limit against two models of nginx's leaky bucket: an exact one, and nginx's own.
//!
//! The model is the one of the facts §1.3: the excess falls with time, and a refused request
//! does not raise it.

use std::time::Duration;

use proptest::prelude::*;

use super::LimitKey;
use super::rate::{Burst, Rates};
use super::tests::{at, rate};
use crate::clock::Moment;
use crate::config::{Per, Rate};

/// A rate limit with one key, as nginx's table of the facts has them.
struct Ours {
    rates: Rates,
    burst: u32,
    now: Moment,
}

impl Ours {
    fn new(rate: Rate, burst: u32) -> Self {
        Self {
            rates: Rates::new(&Per::Route, &[rate]).unwrap(),
            burst,
            now: at(1.0),
        }
    }

    fn admit(&self) -> bool {
        let burst = Burst {
            own: self.burst,
            largest: self.burst,
        };
        self.rates.admit(LimitKey::Route, burst, self.now).is_ok()
    }

    /// How many of so many pass at once.
    fn volley(&self, size: usize) -> usize {
        (0..size).filter(|_| self.admit()).count()
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }
}

/// The whole table of the facts §1.3, with the burst of each location.
const TABLE: [(&str, u32, u64, u32); 10] = [
    ("loadtest_api", 100, 1, 200),
    ("loadtest_schedule", 10, 60, 5),
    ("loadtest_general", 50, 1, 50),
    ("api", 30, 1, 50),
    ("login", 5, 60, 3),
    ("register", 5, 60, 2),
    ("schedule_gen", 1, 10, 1),
    ("general, frontend", 10, 1, 30),
    ("general, docs", 10, 1, 10),
    ("no burst", 10, 1, 0),
];

#[test]
fn from_idle_burst_plus_one_pass_then_the_rate() {
    for (zone, count, seconds, burst) in TABLE {
        let rate = rate(count, seconds);
        let period = rate.period() + Duration::from_nanos(1);
        let mut limit = Ours::new(rate, burst);
        let at_once = burst as usize + 1;
        assert_eq!(limit.volley(400), at_once, "{zone}");
        limit.wait(period - Duration::from_nanos(2));
        assert_eq!(limit.volley(400), 0, "{zone}");
        limit.wait(Duration::from_nanos(2));
        assert_eq!(limit.volley(400), 1, "{zone}");
        limit.wait(period * 3);
        assert_eq!(limit.volley(400), at_once.min(3), "{zone}");
        limit.wait(period * (burst + 1));
        assert_eq!(limit.volley(400), at_once, "{zone}");
    }
}

#[test]
fn refused_requests_do_not_raise_the_excess() {
    for (zone, count, seconds, burst) in TABLE {
        let rate = rate(count, seconds);
        let mut limit = Ours::new(rate, burst);
        limit.volley(burst as usize + 1);
        for _ in 0..9 {
            limit.wait(rate.period() / 10);
            assert_eq!(limit.volley(100), 0, "{zone}");
        }
        limit.wait(rate.period() / 10 + Duration::from_nanos(10));
        assert_eq!(limit.volley(100), 1, "{zone}");
    }
}

/// The bucket without rounding, in nanoseconds of the rate.
#[derive(Default)]
struct Exact {
    /// The excess and when it was that; set by requests that pass only.
    state: Option<(u64, u64)>,
}

impl Exact {
    fn admit(&mut self, now: u64, period: u64, burst: u64) -> bool {
        let excess = self.state.map_or(0, |(excess, last)| {
            (excess + period).saturating_sub(now - last)
        });
        let pass = excess <= burst * period;
        if pass {
            self.state = Some((excess, now));
        }
        pass
    }
}

/// `ngx_http_limit_req_lookup` to the letter: milliseconds, and thousandths of a request, both
/// whole.
struct Nginx {
    /// Thousandths of a request in a second.
    rate: i64,
    /// The excess and the millisecond when it was that.
    state: Option<(i64, i64)>,
}

impl Nginx {
    fn excess(&self, now: i64) -> i64 {
        self.state.map_or(0, |(excess, last)| {
            (excess - self.rate * (now - last) / 1000 + 1000).max(0)
        })
    }

    fn accept(&mut self, now: i64, excess: i64) {
        self.state = Some((excess, now));
    }
}

/// Rates that nginx can hold without rounding: it knows thousandths of a request in a second.
fn exact_rates() -> impl Strategy<Value = Rate> {
    prop_oneof![
        (1u32..500).prop_map(|count| rate(count, 1)),
        (1u32..200).prop_map(|count| rate(count * 3, 60)),
    ]
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
        let period = u64::try_from(rate.period().as_nanos()).unwrap();
        let mut limit = Ours::new(rate, burst);
        let mut bucket = Exact::default();
        for gap in gaps {
            limit.wait(rate.period().mul_f64(gap));
            let expected = bucket.admit(limit.now.as_nanos(), period, burst.into());
            prop_assert_eq!(limit.admit(), expected);
        }
    }

    /// nginx drops the fraction of a thousandth with every request that it lets pass, which makes
    /// it stricter by as many thousandths as have passed since it was idle. Nearer to the boundary
    /// than that the two may differ; nowhere else. Where they do, the model follows us, so that
    /// one difference does not make others.
    #[test]
    fn decisions_are_those_of_nginx_but_for_its_rounding(
        rate in exact_rates(),
        burst in 0u32..50,
        gaps in prop::collection::vec(prop_oneof![Just(0.0), 0.0f64..2.0, 0.0f64..20.0], 1..400),
    ) {
        let mut limit = Ours::new(rate, burst);
        let window = i64::try_from(rate.window.as_secs()).unwrap();
        let mut nginx = Nginx {
            rate: i64::from(rate.count.get()) * 1000 / window,
            state: None,
        };
        let mut passed = 0;
        let mut now = 0;
        for gap in gaps {
            // nginx's clock ticks in milliseconds.
            let gap = u64::try_from(rate.period().mul_f64(gap).as_millis()).unwrap();
            limit.wait(Duration::from_millis(gap));
            now += i64::try_from(gap).unwrap();
            let excess = nginx.excess(now);
            if excess == 0 {
                passed = 0;
            }
            let over = excess - i64::from(burst) * 1000;
            let pass = limit.admit();
            if over <= 0 {
                prop_assert!(pass, "nginx lets {excess} pass");
            } else if over > passed + 1 {
                prop_assert!(!pass, "nginx refuses {excess}");
            }
            if pass {
                nginx.accept(now, excess);
                passed += 1;
            }
        }
    }
}
