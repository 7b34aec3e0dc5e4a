//! What answered requests took step by step, as histograms in microseconds.
//!
//! Most steps of most requests take no time: these are only counted.

use hdrhistogram::Histogram;

use crate::engine;

use super::clocks::{self, record};

/// The steps of all answered requests.
pub(crate) struct Steps {
    answered: u64,
    blocked: Histogram<u32>,
    connecting: Histogram<u32>,
    sending: Histogram<u32>,
    waiting: Histogram<u32>,
    receiving: Histogram<u32>,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            answered: 0,
            blocked: clocks::fine(),
            connecting: clocks::fine(),
            sending: clocks::fine(),
            waiting: clocks::fine(),
            receiving: clocks::fine(),
        }
    }

    /// Takes those of a request that was answered.
    pub(super) fn add(&mut self, steps: engine::Steps) {
        self.answered += 1;
        let each = [
            (&mut self.blocked, steps.blocked_ns),
            (&mut self.connecting, steps.connecting_ns),
            (&mut self.sending, steps.sending_ns),
            (&mut self.waiting, steps.waiting_ns),
            (&mut self.receiving, steps.receiving_ns),
        ];
        for (histogram, ns) in each {
            if ns > 0 {
                record(histogram, ns);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.answered += other.answered;
        clocks::merge(&mut self.blocked, &other.blocked);
        clocks::merge(&mut self.connecting, &other.connecting);
        clocks::merge(&mut self.sending, &other.sending);
        clocks::merge(&mut self.waiting, &other.waiting);
        clocks::merge(&mut self.receiving, &other.receiving);
    }

    /// Blocked, connecting, sending, waiting and receiving, with those that took no time.
    pub(crate) fn histograms(&self) -> [Histogram<u32>; 5] {
        let each = [
            &self.blocked,
            &self.connecting,
            &self.sending,
            &self.waiting,
            &self.receiving,
        ];
        each.map(|histogram| {
            let mut histogram = histogram.clone();
            let none = u32::try_from(self.answered - histogram.len()).unwrap_or(u32::MAX);
            // Fails only where a value does not fit, and 0 always does.
            let _recorded = histogram.record_n(0, none);
            histogram
        })
    }
}
