//! What happened second by second.
//!
//! Only the last seconds are kept as they are; those before are packed, which makes an hour of a
//! run less than a megabyte. A late answer opens its second again.

use std::collections::VecDeque;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};

use crate::clock::NANOS_PER_SECOND;
use crate::engine::Outcome;

use super::clocks;

/// The seconds of a run, from its start.
#[derive(Default)]
pub(crate) struct Seconds {
    /// The first ones.
    packed: Vec<Packed>,
    /// One of these that is being written to again.
    opened: Option<(usize, Second)>,
    /// The others.
    last: VecDeque<Second>,
}

/// What happened in one second of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Second {
    /// How many.
    pub(crate) tally: Tally,
    /// Response times of requests due in it, in microseconds.
    pub(crate) response: Histogram<u32>,
}

/// What is counted of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Requests sent in it.
    pub(crate) sent: u64,
    /// Requests due in it that failed.
    pub(crate) failed: u64,
    /// Requests due in it, by [`Kind`].
    pub(crate) kinds: [u64; Kind::COUNT],
    /// What these were late by at worst.
    pub(crate) lateness_max_ns: u64,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A status below 300.
    Success,
    /// A status from 300.
    Redirect,
    /// A status from 400.
    ClientError,
    /// A status from 500.
    ServerError,
    /// No complete answer.
    Error,
}

impl Kind {
    /// How many there are.
    pub(crate) const COUNT: usize = 5;

    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome.answer.as_ref().map(|answer| answer.status) {
            Ok(..300) => Self::Success,
            Ok(300..400) => Self::Redirect,
            Ok(400..500) => Self::ClientError,
            Ok(500..) => Self::ServerError,
            Err(_) => Self::Error,
        }
    }
}

struct Packed {
    tally: Tally,
    /// The histogram, in HdrHistogram's V2 format.
    response: Box<[u8]>,
}

impl Seconds {
    /// The second of a time from the run's start.
    pub(super) fn at(&mut self, at_ns: u64) -> &mut Second {
        self.second(usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX))
    }

    fn second(&mut self, second: usize) -> &mut Second {
        if second < self.packed.len() {
            return self.open(second);
        }
        while self.len() <= second {
            self.last.push_back(Second::default());
            if self.last.len() > LAST
                && let Some(first) = self.last.pop_front()
            {
                self.packed.push(first.pack());
            }
        }
        let place = second - self.packed.len();
        &mut self.last[place]
    }

    fn open(&mut self, second: usize) -> &mut Second {
        if let Some((open, opened)) = self.opened.take_if(|(open, _)| *open != second) {
            self.packed[open] = opened.pack();
        }
        let packed = &self.packed[second];
        let (_, opened) = self.opened.get_or_insert_with(|| (second, packed.unpack()));
        opened
    }

    /// Adds what another worker counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (second, theirs) in other.iter().enumerate() {
            let mine = self.second(second);
            mine.tally.add(&theirs.tally);
            clocks::merge(&mut mine.response, &theirs.response);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.packed.len() + self.last.len()
    }

    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Second> {
        let packed = self.packed.iter().enumerate().map(|(second, packed)| {
            let opened = self.opened.iter().find(|(open, _)| *open == second);
            opened.map_or_else(|| packed.unpack(), |(_, opened)| opened.clone())
        });
        packed.chain(self.last.iter().cloned())
    }
}

impl Tally {
    /// Takes a request that was due in this second.
    pub(super) fn ended(&mut self, outcome: &Outcome) {
        self.failed += u64::from(outcome.failed());
        self.kinds[Kind::of(outcome) as usize] += 1;
        self.lateness_max_ns = self.lateness_max_ns.max(outcome.lateness_ns());
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            *mine += theirs;
        }
        self.lateness_max_ns = self.lateness_max_ns.max(other.lateness_max_ns);
    }
}

impl Second {
    fn pack(&self) -> Packed {
        let mut response = Vec::new();
        // Writing to memory fails only for a histogram that is larger than a V2 length can say.
        let _written = V2Serializer::new().serialize(&self.response, &mut response);
        Packed {
            tally: self.tally,
            response: response.into(),
        }
    }
}

impl Default for Second {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            response: clocks::coarse(),
        }
    }
}

impl Packed {
    #[expect(clippy::expect_used, reason = "it was written by this program")]
    fn unpack(&self) -> Second {
        let mut response: Histogram<u32> = Deserializer::new()
            .deserialize(&mut &*self.response)
            .expect("a packed histogram");
        response.auto(true);
        Second {
            tally: self.tally,
            response,
        }
    }
}

/// Seconds that are written to again and again: answers rarely take longer.
const LAST: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the order of times, nothing that was recorded is lost by packing.
        #[test]
        fn packed_seconds_are_as_they_were(
            times in prop::collection::vec((0_usize..40, 0_u64..200_000_000), 0..200),
            split in 0_usize..200,
        ) {
            let mut plain: Vec<Second> = Vec::new();
            let (mut mine, mut theirs) = (Seconds::default(), Seconds::default());
            for (number, (second, took_ns)) in times.into_iter().enumerate() {
                plain.resize(plain.len().max(second + 1), Second::default());
                let seconds = if number < split { &mut mine } else { &mut theirs };
                for second in [&mut plain[second], seconds.second(second)] {
                    second.tally.sent += 1;
                    second.tally.failed += took_ns % 2;
                    clocks::record(&mut second.response, took_ns);
                }
            }
            mine.merge(&theirs);
            prop_assert_eq!(mine.len(), plain.len());
            prop_assert_eq!(mine.iter().collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn an_hour_is_less_than_a_megabyte() {
        let mut seconds = Seconds::default();
        for second in 0..3_600 {
            for request in 0..100 {
                let second = seconds.at(second * NANOS_PER_SECOND);
                clocks::record(&mut second.response, 2_000_000 + request * request * 10_000);
            }
        }
        let packed = seconds.packed.iter().map(|packed| packed.response.len());
        assert!(packed.sum::<usize>() < 1_000_000);
    }
}
