//! Until when a client has to send something: pure, and free of charge while it does.
//!
//! Nothing is noted before bytes have to be waited for, so a request that comes in one piece costs
//! no look at the clock and no timer.

use std::time::Duration;

use crate::clock::Moment;
use crate::config::ClientSettings;

/// What is expected from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The first byte of a request.
    Request,
    /// The rest of its header.
    Header,
    /// The rest of its body.
    Body,
    /// Nothing, for now; or nothing that we could tell.
    Nothing,
}

/// How a client keeps to its time.
#[derive(Debug)]
pub(super) struct Pace {
    limits: ClientSettings,
    expected: Expected,
    /// Since when something is waited for; in a header, since its beginning.
    since: Option<Moment>,
    /// How long this body was waited for so far, in all.
    waited: Duration,
    /// Bytes of this body so far.
    bytes: u64,
}

impl Pace {
    pub(super) const fn new(limits: ClientSettings) -> Self {
        Self {
            limits,
            expected: Expected::Request,
            since: None,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// Something else is expected from now, or the same anew.
    pub(super) const fn expect(&mut self, expected: Expected) {
        self.expected = expected;
        self.since = None;
        self.waited = Duration::ZERO;
        self.bytes = 0;
    }

    /// Bytes have come.
    pub(super) fn came(&mut self, bytes: usize, now: impl FnOnce() -> Moment) {
        if self.expected != Expected::Body {
            return;
        }
        self.bytes += bytes as u64;
        if let Some(since) = self.since.take() {
            self.waited += since.until(now());
        }
    }

    /// Bytes have to be waited for: until when, at most.
    pub(super) fn deadline(&mut self, now: impl FnOnce() -> Moment) -> Option<Moment> {
        let patience = match self.expected {
            Expected::Request => self.limits.idle_timeout,
            Expected::Header => self.limits.header_timeout,
            Expected::Body => self.limits.body_timeout.min(self.allowance()),
            Expected::Nothing => return None,
        };
        Some(*self.since.get_or_insert_with(now) + patience)
    }

    /// How much longer the body may be waited for, given what has come.
    fn allowance(&self) -> Duration {
        let earned = self
            .bytes
            .saturating_mul(1000)
            .checked_div(self.limits.min_body_rate)
            .map_or(Duration::MAX, Duration::from_millis);
        self.limits
            .body_grace
            .saturating_add(earned)
            .saturating_sub(self.waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(expected: Expected) -> Pace {
        let mut pace = Pace::new(ClientSettings {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(30),
            body_grace: Duration::from_secs(5),
            min_body_rate: 100,
            send_timeout: Duration::from_secs(40),
        });
        pace.expect(expected);
        pace
    }

    const fn at(milliseconds: u64) -> Moment {
        Moment::at(Duration::from_millis(milliseconds))
    }

    fn never() -> Moment {
        panic!("nobody may look at the clock")
    }

    #[test]
    fn what_comes_at_once_needs_no_clock() {
        let mut pace = pace(Expected::Header);
        pace.came(100, never);
        pace.expect(Expected::Body);
        pace.came(100, never);
        pace.expect(Expected::Nothing);
        assert_eq!(pace.deadline(never), None);
    }

    #[test]
    fn a_header_has_one_deadline_however_it_drips() {
        let mut pace = pace(Expected::Request);
        assert_eq!(pace.deadline(|| at(500)), Some(at(20_500)));
        pace.expect(Expected::Header);
        pace.came(1, never);
        assert_eq!(pace.deadline(|| at(1000)), Some(at(11_000)));
        pace.came(1, never);
        assert_eq!(pace.deadline(never), Some(at(11_000)));
    }

    #[test]
    fn a_body_may_pause_but_not_crawl() {
        let mut pace = pace(Expected::Body);
        // The grace, and nothing earned yet.
        assert_eq!(pace.deadline(|| at(0)), Some(at(5_000)));
        // One byte a second earns ten milliseconds each.
        pace.came(1, || at(1_000));
        assert_eq!(pace.deadline(|| at(1_000)), Some(at(5_010)));
        // Whoever sent much may pause, for as long as a pause may last.
        pace.came(10_000, || at(2_000));
        assert_eq!(pace.deadline(|| at(2_000)), Some(at(32_000)));
    }

    #[test]
    fn time_that_nobody_waited_is_not_counted() {
        let mut pace = pace(Expected::Body);
        assert_eq!(pace.deadline(|| at(0)), Some(at(5_000)));
        pace.came(100, || at(1_000));
        // The upstream took a minute to take it: 5 s of grace, 1 s earned, 1 s waited.
        assert_eq!(pace.deadline(|| at(61_000)), Some(at(66_000)));
    }

    #[test]
    fn the_next_request_begins_anew() {
        let mut pace = pace(Expected::Body);
        assert!(pace.deadline(|| at(0)).is_some());
        pace.came(1, || at(4_900));
        pace.expect(Expected::Body);
        assert_eq!(pace.deadline(|| at(9_000)), Some(at(14_000)));
    }

    #[test]
    fn any_rate_will_do_where_none_is_asked_for() {
        let mut pace = pace(Expected::Body);
        pace.limits.min_body_rate = 0;
        assert_eq!(pace.deadline(|| at(0)), Some(at(30_000)));
    }
}
