//! What happened second by second.
//!
//! Only the last seconds are kept as they are; those before are packed, which makes an hour of a
//! run less than a megabyte. A late answer opens its second again.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};

use crate::clock::NANOS_PER_SECOND;
use crate::engine::Outcome;

use super::clocks;

/// The seconds of a run in which something happened, with what is counted in each.
pub(crate) struct Seconds<T> {
    /// Those that are over, as it seems.
    packed: BTreeMap<usize, Packed<T>>,
    /// The others.
    open: BTreeMap<usize, Second<T>>,
}

/// Counts that add up.
pub(crate) trait Counted: Copy + Default {
    /// Adds what was counted elsewhere.
    fn add(&mut self, other: &Self);
}

/// What happened in one second of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Second<T> {
    /// How many.
    pub(crate) tally: T,
    /// Times of requests due in it, in microseconds: for all requests together response times.
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

struct Packed<T> {
    tally: T,
    /// The histogram, in HdrHistogram's V2 format.
    response: Box<[u8]>,
}

impl<T: Counted> Seconds<T> {
    /// The second of a time from the run's start.
    pub(super) fn at(&mut self, at_ns: u64) -> &mut Second<T> {
        self.second(usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX))
    }

    fn second(&mut self, second: usize) -> &mut Second<T> {
        if self.open.len() >= OPEN && !self.open.contains_key(&second) {
            self.pack_first();
        }
        let packed = &mut self.packed;
        self.open.entry(second).or_insert_with(|| {
            let packed = packed.remove(&second);
            packed.map_or_else(Second::default, |packed| packed.unpack())
        })
    }

    fn pack_first(&mut self) {
        if let Some((second, first)) = self.open.pop_first() {
            self.packed.insert(second, first.pack());
        }
    }

    /// Adds what another worker counted.
    pub(super) fn merge(&mut self, other: &Self) {
        let packed = other
            .packed
            .iter()
            .map(|(second, it)| (*second, it.unpack()));
        let open = other.open.iter().map(|(second, it)| (*second, it.clone()));
        for (second, theirs) in packed.chain(open) {
            let mine = self.second(second);
            mine.tally.add(&theirs.tally);
            clocks::merge(&mut mine.response, &theirs.response);
        }
    }

    /// How many there are, with those in which nothing happened.
    pub(crate) fn len(&self) -> usize {
        let packed = self.packed.last_key_value().map(|(second, _)| second + 1);
        let open = self.open.last_key_value().map(|(second, _)| second + 1);
        packed.max(open).unwrap_or_default()
    }

    /// All times of some seconds.
    pub(crate) fn between(&self, from: usize, until: usize) -> Histogram<u32> {
        let mut times = clocks::coarse();
        for (_, second) in self.open.range(from..until) {
            clocks::merge(&mut times, &second.response);
        }
        for (_, second) in self.packed.range(from..until) {
            clocks::merge(&mut times, &second.unpack().response);
        }
        times
    }

    /// One after the other, from the start.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Second<T>> {
        self.range(0, self.len())
    }

    /// Some of them, with those in which nothing happened.
    pub(crate) fn range(&self, from: usize, until: usize) -> impl Iterator<Item = Second<T>> {
        (from..until).map(|second| match self.open.get(&second) {
            Some(open) => open.clone(),
            None => {
                let packed = self.packed.get(&second);
                packed.map_or_else(Second::default, Packed::unpack)
            }
        })
    }
}

impl<T> Default for Seconds<T> {
    fn default() -> Self {
        Self {
            packed: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }
}

impl Tally {
    /// Takes a request that was due in this second.
    pub(super) fn ended(&mut self, outcome: &Outcome) {
        self.failed += u64::from(outcome.failed());
        self.kinds[Kind::of(outcome) as usize] += 1;
        self.lateness_max_ns = self.lateness_max_ns.max(outcome.lateness_ns());
    }
}

impl Counted for Tally {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            *mine += theirs;
        }
        self.lateness_max_ns = self.lateness_max_ns.max(other.lateness_max_ns);
    }
}

impl<T: Counted> Second<T> {
    fn pack(&self) -> Packed<T> {
        let mut response = Vec::new();
        // Writing to memory fails only for a histogram that is larger than a V2 length can say.
        let _written = V2Serializer::new().serialize(&self.response, &mut response);
        Packed {
            tally: self.tally,
            response: response.into(),
        }
    }
}

impl<T: Default> Default for Second<T> {
    fn default() -> Self {
        Self {
            tally: T::default(),
            response: clocks::coarse(),
        }
    }
}

impl<T: Counted> Packed<T> {
    #[expect(clippy::expect_used, reason = "it was written by this program")]
    fn unpack(&self) -> Second<T> {
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
const OPEN: usize = 64;

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
            let mut plain: Vec<Second<Tally>> = Vec::new();
            let (mut mine, mut theirs) = (Seconds::<Tally>::default(), Seconds::default());
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
        let mut seconds = Seconds::<Tally>::default();
        for second in 0..3_600 {
            for request in 0..100 {
                let second = seconds.at(second * NANOS_PER_SECOND);
                clocks::record(&mut second.response, 2_000_000 + request * request * 10_000);
            }
        }
        let packed = seconds.packed.values().map(|packed| packed.response.len());
        assert!(packed.sum::<usize>() < 1_000_000);
    }
}
