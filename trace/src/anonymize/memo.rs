//! What parts of earlier exchanges became. Most come again and again, and need not be worked out
//! anew: headers above all, and the answers to polling.
//!
//! Parts are known by keyed hashes of them, so that no text stays. Bounded by forgetting: a part is
//! put in when it is met for the second time, and goes when it was not met for long. A client that
//! seeks to fill it gains nothing but the work itself.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::{fast, quality};

use super::people::{Fingerprint, Member};
use super::tally::Label;
use super::tokens::Tokens;
use crate::links::Spotted;
use crate::recent::Recent;

/// A part of an exchange: all that decides what it becomes.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) place: Place,
    /// A header's name; empty for everything else.
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Part<'a> {
    /// A part that has no name.
    pub(super) const fn new(place: Place, text: &'a str) -> Self {
        Self {
            place,
            name: "",
            text,
        }
    }
}

/// Where a part stands, and how it is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Path,
    Query,
    RequestForm,
    RequestHeader,
    RequestJson,
    RequestText,
    ResponseHeader,
    ResponseJson,
}

impl Place {
    /// Whether it is of the answer.
    pub(super) const fn is_answered(self) -> bool {
        matches!(self, Self::ResponseHeader | Self::ResponseJson)
    }
}

/// What a part became, and what goes with it.
pub(super) struct Known {
    /// Its JSON in the capture.
    pub(super) json: Box<[u8]>,
    /// A path's template; empty for everything else.
    pub(super) template: Box<str>,
    /// How many values were replaced in it.
    pub(super) tally: Box<[(Label, u64)]>,
    /// Whether it has an identifier that the application made.
    pub(super) identifier: bool,
    /// The credentials in it, and whose they are.
    pub(super) presented: Box<[Owned]>,
    /// The values in it that may be part of a link.
    pub(super) spotted: Option<Arc<Spotted>>,
}

impl Known {
    /// Bytes that it takes.
    fn weight(&self) -> usize {
        let spotted = self.spotted.as_ref().map_or(0, |spotted| spotted.weight());
        let texts = self.json.len() + self.template.len() + spotted;
        let lists = size_of_val(&*self.tally) + size_of_val(&*self.presented);
        texts + lists + size_of::<Self>() + 2 * size_of::<Key>()
    }

    /// Counts once more what was replaced and spotted in the part.
    pub(super) fn repeat(
        &self,
        tokens: &mut Tokens,
        identifier: &mut bool,
        spotted: &mut Vec<Arc<Spotted>>,
    ) {
        tokens.tally().add_all(&self.tally);
        *identifier |= self.identifier;
        spotted.extend(self.spotted.clone());
    }
}

/// A credential, and whose it is.
pub(super) type Owned = (Fingerprint, Member);

/// The parts that were met twice of late.
pub(super) struct Memo {
    hashers: [quality::RandomState; 2],
    known: Recent<Key, Arc<Known>, fast::RandomState>,
    /// Of parts that were met of late without being known a part of the key, by another one.
    met: Box<[u64]>,
}

/// What a part is known by: no two parts have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u64; 2]);

impl Memo {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            hashers: Default::default(),
            known: Recent::new(MOST_WEIGHT, |known| known.weight()),
            met: vec![0; MET].into(),
        }
    }

    /// What the part is known by. Hashes all of it: ask once.
    pub(super) fn key(&self, Part { place, name, text }: Part<'_>) -> Key {
        let hashers = self.hashers.each_ref();
        Key(hashers.map(|hasher| hasher.hash_one((place, name, text))))
    }

    /// What is known of the part.
    pub(super) fn get(&mut self, key: Key) -> Option<&Arc<Known>> {
        self.known.get(&key)
    }

    /// Whether the part, of which nothing is known, should be put in: it was met before.
    pub(super) fn wants(&mut self, Key([place, rest]): Key) -> bool {
        // No more than there are, so it fits.
        let place = usize::try_from(place % MET as u64).unwrap_or_default();
        std::mem::replace(&mut self.met[place], rest) == rest
    }

    /// Takes note of what a part became.
    pub(super) fn put(&mut self, key: Key, known: Arc<Known>) {
        self.known.put(key, known);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}

/// Bytes that all that is known may take.
const MOST_WEIGHT: usize = 32 * 1024 * 1024;

/// Parts that were met once of late.
const MET: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn known(length: usize) -> Arc<Known> {
        Arc::new(Known {
            json: vec![b'7'; length].into(),
            template: Box::default(),
            tally: Box::default(),
            identifier: false,
            presented: Box::default(),
            spotted: None,
        })
    }

    #[test]
    fn a_part_is_wanted_when_it_comes_for_the_second_time() {
        let mut memo = Memo::new();
        let key = memo.key(Part::new(Place::Query, "page=1"));
        assert!(!memo.wants(key));
        assert!(memo.wants(key));
        memo.put(key, known(7));
        assert!(memo.get(key).is_some());
        for other in [
            Part::new(Place::Query, "page=2"),
            Part::new(Place::RequestForm, "page=1"),
            Part {
                place: Place::Query,
                name: "x",
                text: "page=1",
            },
        ] {
            let key = memo.key(other);
            assert!(memo.get(key).is_none());
        }
        memo.clear();
        assert!(memo.get(key).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memo = Memo::new();
        let keys: Vec<_> = (0..4000)
            .map(|number: u32| memo.key(Part::new(Place::Query, &number.to_string())))
            .collect();
        for key in &keys {
            memo.put(*key, known(64 * 1024));
        }
        let kept = keys.iter().filter(|key| memo.known.peek(key).is_some());
        let kept = kept.count();
        let most = MOST_WEIGHT / (64 * 1024);
        assert!((most / 2 - 1..=most).contains(&kept), "{kept} of {most}");
    }
}
