//! What is recorded of one route.
//!
//! Statuses are kept against the recorded ones.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::engine::{Failure, Missing, Outcome};
use crate::plan::Entry;

use super::{Clocks, clocks};

/// Outcomes of one route.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// How many.
    pub(crate) counts: Counts,
    /// How long.
    pub(crate) clocks: Clocks,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Failures without an answer.
    pub(crate) errors: BTreeMap<Failure, u64>,
    /// Recorded against replayed statuses.
    pub(crate) compared: Match,
    /// Requests with a recorded identifier that no answer gave.
    pub(crate) identified: u64,
    /// How long the recorded answers took, of requests that were answered.
    pub(crate) took: Histogram<u32>,
    /// How its links went.
    pub(crate) links: Links,
}

/// Values that requests took from earlier answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// All places.
    pub(crate) places: u64,
    /// Those that have the value of another item of a list, because that was too short.
    pub(crate) wrapped: u64,
    /// Those that have none, by why.
    pub(crate) missing: BTreeMap<Missing, u64>,
}

impl Links {
    /// Adds those of one request.
    pub(super) fn add(&mut self, places: u64, missing: &[Missing], wrapped: u64) {
        self.places += places;
        self.wrapped += wrapped;
        for why in missing {
            *self.missing.entry(*why).or_default() += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.places += other.places;
        self.wrapped += other.wrapped;
        add(&mut self.missing, &other.missing);
    }
}

/// How many arrivals, and how many bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Sent, or failed for want of a token.
    pub(crate) sent: u64,
    /// Never sent.
    pub(crate) dropped: u64,
    /// Of the sent: no answer, or one with a status of 400 or more.
    pub(crate) failed: u64,
    /// Bytes written.
    pub(crate) bytes_sent: u64,
    /// Bytes read.
    pub(crate) bytes_received: u64,
}

/// Statuses of the recording against those of the replay, `None` where there was no answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Match {
    /// Pairs of recorded and replayed status.
    pub(crate) pairs: BTreeMap<(u16, Option<u16>), u64>,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            clocks: Clocks::coarse(),
            statuses: BTreeMap::new(),
            errors: BTreeMap::new(),
            compared: Match::default(),
            identified: 0,
            took: clocks::coarse(),
            links: Links::default(),
        }
    }
}

impl Endpoint {
    /// Takes an arrival that was due at this moment of the clock.
    pub(super) fn ended(&mut self, entry: &Entry, outcome: &Outcome, due_ns: u64) {
        self.counts.sent += 1;
        self.counts.failed += u64::from(outcome.failed());
        self.counts.bytes_sent += outcome.written;
        self.counts.bytes_received += outcome.read;
        self.clocks.ended(outcome, due_ns);
        let replayed = match &outcome.answer {
            Ok(answer) => {
                clocks::record(&mut self.took, entry.took_ns);
                *self.statuses.entry(answer.status).or_default() += 1;
                Some(answer.status)
            }
            Err(failure) => {
                *self.errors.entry(*failure).or_default() += 1;
                None
            }
        };
        // A recorded client that left before its answer gives nothing to compare with.
        if entry.status > 0 {
            let pairs = &mut self.compared.pairs;
            *pairs.entry((entry.status, replayed)).or_default() += 1;
        }
        self.identified += u64::from(entry.identifier);
    }

    /// Adds what another recorded.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.merge(other.counts);
        self.clocks.merge(&other.clocks);
        add(&mut self.statuses, &other.statuses);
        add(&mut self.errors, &other.errors);
        add(&mut self.compared.pairs, &other.compared.pairs);
        self.identified += other.identified;
        clocks::merge(&mut self.took, &other.took);
        self.links.merge(&other.links);
    }
}

impl Counts {
    /// All that were to be sent.
    pub(crate) const fn planned(&self) -> u64 {
        self.sent + self.dropped
    }

    /// Adds what another counted.
    fn merge(&mut self, other: Self) {
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.failed += other.failed;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
    }
}

impl Match {
    /// Requests compared.
    pub(crate) fn requests(&self) -> u64 {
        self.pairs.values().sum()
    }

    /// Requests whose status is the recorded one.
    pub(crate) fn equal(&self) -> u64 {
        let equal =
            |&((recorded, replayed), _): &((u16, Option<u16>), u64)| replayed == Some(recorded);
        self.pairs
            .iter()
            .map(|(&pair, &count)| (pair, count))
            .filter(equal)
            .map(|(_, count)| count)
            .sum()
    }
}

fn add<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (&key, count) in other {
        *into.entry(key).or_default() += count;
    }
}
