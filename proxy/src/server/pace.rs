//! Until when a client has to send something: pure, and free of charge while it does.
//!
//! Nothing is noted before bytes have to be waited for, so a request that comes in one piece costs
//! no look at the clock and no timer.

use std::time::Duration;

use super::line::{Expected, Stage};
use crate::clock::Moment;
use crate::config::ClientSettings;

/// How a client keeps to its time.
#[derive(Debug)]
pub(super) struct Pace {
    limits: ClientSettings,
    stage: Option<Stage>,
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
            stage: None,
            since: None,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// Bytes have come.
    pub(super) fn came(&mut self, stage: Stage, bytes: usize, now: impl FnOnce() -> Moment) {
        self.enter(stage);
        if stage.expected() != Expected::Body {
            return;
        }
        self.bytes += bytes as u64;
        if let Some(since) = self.since.take() {
            self.waited += since.until(now());
        }
    }

    /// Bytes have to be waited for: until when, at most.
    pub(super) fn deadline(
        &mut self,
        stage: Stage,
        now: impl FnOnce() -> Moment,
    ) -> Option<Moment> {
        self.enter(stage);
        let patience = match stage.expected() {
            Expected::Request => self.limits.idle_timeout,
            Expected::Header => self.limits.header_timeout,
            Expected::Body => self.limits.body_timeout.min(self.allowance()),
            Expected::Nothing | Expected::Frames => return None,
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

    fn enter(&mut self, stage: Stage) {
        if self.stage != Some(stage) {
            *self = Self::new(self.limits);
            self.stage = Some(stage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use super::*;

    fn pace() -> Pace {
        Pace::new(ClientSettings {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(30),
            body_grace: Duration::from_secs(5),
            min_body_rate: 100,
            send_timeout: Duration::from_secs(40),
        })
    }

    const fn at(milliseconds: u64) -> Moment {
        Moment::at(Duration::from_millis(milliseconds))
    }

    fn never() -> Moment {
        panic!("nobody may look at the clock")
    }

    #[test]
    fn what_comes_at_once_needs_no_clock() {
        let (mut pace, line) = (pace(), Line::new());
        line.enter(Expected::Header);
        pace.came(line.stage(), 100, never);
        line.head_read(true);
        pace.came(line.stage(), 100, never);
        line.body_read();
        assert_eq!(pace.deadline(line.stage(), never), None);
    }

    #[test]
    fn a_header_has_one_deadline_however_it_drips() {
        let (mut pace, line) = (pace(), Line::new());
        assert_eq!(pace.deadline(line.stage(), || at(500)), Some(at(20_500)));
        line.enter(Expected::Header);
        pace.came(line.stage(), 1, never);
        assert_eq!(pace.deadline(line.stage(), || at(1000)), Some(at(11_000)));
        pace.came(line.stage(), 1, never);
        assert_eq!(pace.deadline(line.stage(), never), Some(at(11_000)));
    }

    #[test]
    fn a_body_may_pause_but_not_crawl() {
        let (mut pace, line) = (pace(), Line::new());
        line.head_read(true);
        // The grace, and nothing earned yet.
        assert_eq!(pace.deadline(line.stage(), || at(0)), Some(at(5_000)));
        // One byte a second earns ten milliseconds each.
        pace.came(line.stage(), 1, || at(1_000));
        assert_eq!(pace.deadline(line.stage(), || at(1_000)), Some(at(5_010)));
        // Whoever sent much may pause, for as long as a pause may last.
        pace.came(line.stage(), 10_000, || at(2_000));
        assert_eq!(pace.deadline(line.stage(), || at(2_000)), Some(at(32_000)));
    }

    #[test]
    fn time_that_nobody_waited_is_not_counted() {
        let (mut pace, line) = (pace(), Line::new());
        line.head_read(true);
        assert_eq!(pace.deadline(line.stage(), || at(0)), Some(at(5_000)));
        pace.came(line.stage(), 100, || at(1_000));
        // The upstream took a minute to take it.
        assert_eq!(
            pace.deadline(line.stage(), || at(61_000)),
            Some(at(66_000)),
            "5 s of grace, 1 s earned, 1 s waited"
        );
    }

    #[test]
    fn the_next_request_begins_anew() {
        let (mut pace, line) = (pace(), Line::new());
        line.head_read(true);
        assert!(pace.deadline(line.stage(), || at(0)).is_some());
        pace.came(line.stage(), 1, || at(4_900));
        line.begin();
        line.head_read(true);
        assert_eq!(pace.deadline(line.stage(), || at(9_000)), Some(at(14_000)));
    }

    #[test]
    fn any_rate_will_do_where_none_is_asked_for() {
        let mut pace = pace();
        pace.limits.min_body_rate = 0;
        let line = Line::new();
        line.head_read(true);
        assert_eq!(pace.deadline(line.stage(), || at(0)), Some(at(30_000)));
    }
}
