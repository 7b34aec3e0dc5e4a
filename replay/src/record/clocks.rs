//! The clocks of an arrival, as histograms in microseconds.
//!
//! Response time runs from due to last byte, service time from sent to last byte, lateness from
//! due to sent less the link wait, link wait from due to the answer that had to come first.

use hdrhistogram::Histogram;

use crate::engine::Outcome;

/// The histograms.
#[derive(Clone)]
pub(crate) struct Clocks {
    /// Due to last byte.
    pub(crate) response: Histogram<u32>,
    /// Sent to last byte.
    pub(crate) service: Histogram<u32>,
    /// Due to sent, less the link wait.
    pub(crate) lateness: Histogram<u32>,
    /// The same, of arrivals that were not held only. When a frozen target thaws, those that waited
    /// all go out at once: that they queue is the target's doing, not the generator's.
    pub(crate) judged_lateness: Histogram<u32>,
    /// How long it waited for an answer that it depends on.
    pub(crate) link_wait: Histogram<u32>,
}

impl Clocks {
    /// Takes the times of an arrival that was due at this moment of the clock.
    pub(crate) fn ended(&mut self, outcome: &Outcome, due_ns: u64) {
        if outcome.has_times() {
            record(&mut self.response, outcome.ended_ns.saturating_sub(due_ns));
            record(
                &mut self.service,
                outcome.ended_ns.saturating_sub(outcome.sent_ns),
            );
        }
        let lateness_ns = outcome.sent_ns.saturating_sub(outcome.ready_ns);
        let link_wait_ns = outcome.ready_ns.saturating_sub(due_ns);
        record(&mut self.lateness, lateness_ns);
        if !outcome.held {
            record(&mut self.judged_lateness, lateness_ns);
        }
        record(&mut self.link_wait, link_wait_ns);
    }

    /// Adds what another recorded.
    pub(crate) fn merge(&mut self, other: &Self) {
        merge(&mut self.response, &other.response);
        merge(&mut self.service, &other.service);
        merge(&mut self.lateness, &other.lateness);
        merge(&mut self.judged_lateness, &other.judged_lateness);
        merge(&mut self.link_wait, &other.link_wait);
    }
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            response: fine(),
            service: fine(),
            lateness: fine(),
            judged_lateness: fine(),
            link_wait: fine(),
        }
    }
}

/// Records nanoseconds in a histogram of microseconds; what is too long counts as the longest.
pub(crate) fn record(histogram: &mut Histogram<u32>, nanos: u64) {
    // Fails only where a value does not fit, and these histograms grow.
    let _recorded = histogram.record((nanos / 1_000).min(LONGEST_US));
}

/// Adds a histogram of the same kind.
pub(super) fn merge(into: &mut Histogram<u32>, other: &Histogram<u32>) {
    // As above.
    let _added = into.add(other);
}

/// Three significant digits.
pub(crate) fn fine() -> Histogram<u32> {
    growing(3)
}

/// Two significant digits, for one second of many.
pub(super) fn coarse() -> Histogram<u32> {
    growing(2)
}

#[expect(
    clippy::expect_used,
    reason = "the numbers of digits are constants within 0..=5"
)]
fn growing(digits: u8) -> Histogram<u32> {
    Histogram::new(digits).expect("a valid number of digits")
}

/// A day: longer than any timeout that makes sense.
const LONGEST_US: u64 = 86_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Failure;

    #[test]
    fn arrivals_that_waited_for_an_answer_are_late_and_not_judged() {
        let late_by_1_ms = |held| Outcome {
            ready_ns: 5_000_000,
            held,
            sent_ns: 6_000_000,
            ended_ns: 7_000_000,
            written: 0,
            read: 0,
            answer: Err(Failure::Timeout),
        };
        let mut clocks = Clocks::default();
        clocks.ended(&late_by_1_ms(false), 5_000_000);
        clocks.ended(&late_by_1_ms(true), 5_000_000);
        let mut merged = Clocks::default();
        merged.merge(&clocks);
        assert_eq!(merged.lateness.len(), 2);
        assert_eq!(merged.judged_lateness.len(), 1);
    }
}
