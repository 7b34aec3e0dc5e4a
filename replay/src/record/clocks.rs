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
    /// How long it waited for an answer that it depends on.
    pub(crate) link_wait: Histogram<u32>,
}

impl Clocks {
    /// With three significant digits.
    pub(crate) fn fine() -> Self {
        Self::of(fine)
    }

    /// With two, for one route of many.
    pub(crate) fn coarse() -> Self {
        Self::of(coarse)
    }

    fn of(histogram: fn() -> Histogram<u32>) -> Self {
        Self {
            response: histogram(),
            service: histogram(),
            lateness: histogram(),
            link_wait: histogram(),
        }
    }

    /// Takes the times of an arrival that was due at this moment of the clock.
    pub(crate) fn ended(&mut self, outcome: &Outcome, due_ns: u64) {
        if outcome.has_times() {
            record(&mut self.response, outcome.ended_ns.saturating_sub(due_ns));
            record(
                &mut self.service,
                outcome.ended_ns.saturating_sub(outcome.sent_ns),
            );
        }
        record(&mut self.lateness, outcome.lateness_ns());
        record(&mut self.link_wait, outcome.ready_ns.saturating_sub(due_ns));
    }

    /// Adds what another recorded.
    pub(crate) fn merge(&mut self, other: &Self) {
        merge(&mut self.response, &other.response);
        merge(&mut self.service, &other.service);
        merge(&mut self.lateness, &other.lateness);
        merge(&mut self.link_wait, &other.link_wait);
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

/// Two significant digits, for one second or route of many.
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
