//! A rate with a burst, counted as nginx does: from idle, burst + 1 pass at once, then the rate.
//!
//! The algorithm (GCRA) is governor's.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};

use super::LimitKey;
use super::table::{Asked, Table};
use crate::config::Rate;

/// Keys that are told apart at most.
const CAPACITY: usize = 200_000;

pub(crate) struct RateLimit<C: governor::clock::Clock<Instant = Nanos>> {
    limiter: RateLimiter<Asked, Table, C, NoOpMiddleware<Nanos>>,
}

impl<C: governor::clock::Clock<Instant = Nanos>> RateLimit<C> {
    pub(crate) fn new(rate: Rate, burst: u32, clock: C) -> Self {
        Self::with_capacity(rate, burst, clock, CAPACITY)
    }

    pub(crate) fn with_capacity(rate: Rate, burst: u32, clock: C, capacity: usize) -> Self {
        let at_once = NonZeroU32::MIN.saturating_add(burst);
        // No rate is finer than a nanosecond, so the period is never zero.
        let quota = Quota::with_period(rate.period().max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(rate.count))
            .allow_burst(at_once);
        Self {
            limiter: RateLimiter::new(quota, Table::new(capacity), clock),
        }
    }

    /// Counts a request, or says how long until one would pass.
    pub(crate) fn admit(&self, key: LimitKey) -> Result<(), Duration> {
        self.ask(Asked::Counted(key))
    }

    /// What [`RateLimit::admit`] would say, without counting.
    pub(crate) fn would_admit(&self, key: LimitKey) -> Result<(), Duration> {
        self.ask(Asked::Only(key))
    }

    fn ask(&self, asked: Asked) -> Result<(), Duration> {
        self.limiter
            .check_key(&asked)
            .map_err(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }

    pub(crate) fn sweep(&self) {
        self.limiter.retain_recent();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.limiter.len()
    }
}
