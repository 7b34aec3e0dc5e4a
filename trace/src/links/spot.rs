//! Places of an exchange at which a value stands that may be part of a link.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::FixedState;
use foldhash::quality::RandomState;

use super::entity::Entity;

/// Collects places, part by part.
pub(crate) struct Spots {
    hasher: RandomState,
    spots: Vec<Spot>,
    texts: String,
    /// Values of the part, each with what it is about.
    seen: HashSet<(u64, Entity), FixedState>,
}

/// The places of one part of an exchange, by value.
pub(crate) struct Spotted {
    spots: Box<[Spot]>,
    texts: Box<str>,
}

/// A place at which a value stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The value's keyed hash.
    pub(super) value: u64,
    pub(super) entity: Entity,
    pub(super) strength: Strength,
    /// Such as `body#/items/3/id`.
    pub(super) text: &'a str,
}

/// What it says that two places hold the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    /// One is taken from the other: nobody guesses a UUID.
    Strong,
    /// It does so where both are identifiers of the same kind of thing.
    Weak,
}

#[derive(Clone, Copy)]
struct Spot {
    value: u64,
    entity: Entity,
    strength: Strength,
    start: u32,
    length: u32,
}

impl Spots {
    /// None yet, and a new key for hashes.
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            spots: Vec::new(),
            texts: String::new(),
            seen: HashSet::default(),
        }
    }

    /// Whether the part has had the value already, about the same thing.
    pub(crate) fn has(&self, value: &str, entity: Entity) -> bool {
        self.seen.contains(&(self.hasher.hash_one(value), entity))
    }

    /// Takes note of a value at a place, which `write` writes, unless the part has too many.
    pub(crate) fn push(
        &mut self,
        value: &str,
        entity: Entity,
        strength: Strength,
        write: impl FnOnce(&mut String),
    ) {
        if self.spots.len() >= MOST {
            return;
        }
        let start = self.texts.len();
        write(&mut self.texts);
        let hash = self.hasher.hash_one(value);
        self.seen.insert((hash, entity));
        self.spots.push(Spot {
            value: hash,
            entity,
            strength,
            start: int(start),
            length: int(self.texts.len() - start),
        });
    }

    /// Whether an answer's part has as many places as are listed of it.
    pub(crate) const fn are_many(&self) -> bool {
        self.spots.len() >= LISTED
    }

    /// What a request used, in order, since the last time.
    pub(crate) fn take_used(&mut self) -> Option<Arc<Spotted>> {
        if self.spots.is_empty() {
            return None;
        }
        let spotted = Spotted {
            spots: self.spots.as_slice().into(),
            texts: self.texts.as_str().into(),
        };
        self.spots.clear();
        self.texts.clear();
        self.seen.clear();
        Some(Arc::new(spotted))
    }

    /// What an answer gave since the last time: of several places of a value, for each kind of
    /// thing, the first one.
    pub(crate) fn take_given(&mut self) -> Option<Arc<Spotted>> {
        self.spots.sort_by_key(|spot| (spot.value, spot.entity));
        self.spots.dedup_by_key(|spot| (spot.value, spot.entity));
        self.take_used()
    }
}

impl Spotted {
    /// All places.
    pub(super) fn iter(&self) -> impl Iterator<Item = Place<'_>> {
        self.spots.iter().map(|spot| self.place(spot))
    }

    /// The places of a value in what an answer gave.
    pub(super) fn of(&self, value: u64) -> impl Iterator<Item = Place<'_>> {
        let first = self.spots.partition_point(|spot| spot.value < value);
        let rest = self.spots[first..].iter();
        let same = rest.take_while(move |spot| spot.value == value);
        same.map(|spot| self.place(spot))
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.spots) + self.texts.len()
    }

    fn place(&self, spot: &Spot) -> Place<'_> {
        let (start, length) = (index(spot.start), index(spot.length));
        Place {
            value: spot.value,
            entity: spot.entity,
            strength: spot.strength,
            text: self.texts.get(start..start + length).unwrap_or_default(),
        }
    }
}

/// It fits: a part has few places, and each is short.
fn int(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The most places that one part of an exchange has.
const MOST: usize = 1024;

/// From how many places on the items of a list are not looked into any more.
const LISTED: usize = 100;
