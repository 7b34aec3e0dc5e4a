//! Places of an exchange at which a value stands that may be part of a link.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::ops::Deref;
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
    /// The value's token where the shape of the answer does not show it; empty elsewhere.
    pub(super) token: &'a str,
    /// Whether it is in an item of a list.
    pub(super) in_list: bool,
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
    in_list: bool,
    /// Where its text is, and how long that is; the token comes after it.
    start: u32,
    length: u16,
    token: u16,
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

    /// Takes note of a value at a place, unless that is very long or the part has too many. `token` is what stands for
    /// the value, if that has to be said apart from the part.
    pub(crate) fn push(
        &mut self,
        value: &str,
        entity: Entity,
        strength: Strength,
        place: &str,
        token: &str,
    ) {
        let (Ok(length), Ok(told)) = (place.len().try_into(), token.len().try_into()) else {
            return;
        };
        if self.spots.len() >= MOST {
            return;
        }
        let start = self.texts.len();
        self.texts.push_str(place);
        self.texts.push_str(token);
        let hash = self.hasher.hash_one(value);
        self.seen.insert((hash, entity));
        self.spots.push(Spot {
            value: hash,
            entity,
            strength,
            in_list: is_in_list(place),
            start: int(start),
            length,
            token: told,
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
    /// thing, the first one, and rather one outside of lists.
    pub(crate) fn take_given(&mut self) -> Option<Arc<Spotted>> {
        let place = |spot: &Spot| (spot.value, spot.entity, spot.in_list);
        self.spots.sort_by_key(place);
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

    /// Itself without those places of told tokens that are old.
    pub(super) fn without(self: &Arc<Self>, is_old: impl Fn(&Place<'_>) -> bool) -> Arc<Self> {
        let stays = |spot: &&Spot| spot.token == 0 || !is_old(&self.place(spot));
        let mut spots = Vec::with_capacity(self.spots.len());
        spots.extend(self.spots.iter().filter(stays).copied());
        if spots.len() == self.spots.len() {
            return Arc::clone(self);
        }
        let length = |spot: &Spot| usize::from(spot.length) + usize::from(spot.token);
        let mut texts = String::with_capacity(spots.iter().map(length).sum());
        for spot in in_order(spots.iter_mut()) {
            let place = self.place(spot);
            spot.start = int(texts.len());
            texts.push_str(place.text);
            texts.push_str(place.token);
        }
        Arc::new(Self {
            spots: spots.into(),
            texts: texts.into(),
        })
    }

    /// The places of which a token is told, and those, as they stand in the answer.
    pub(crate) fn told(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = self.spots.iter().filter(|spot| spot.token > 0);
        let told = in_order(told).into_iter();
        told.map(|spot| self.place(spot))
            .map(|place| (place.text, place.token))
    }

    /// Bytes that it takes, and that it takes to know its values by themselves.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>()
            + self.spots.len() * (size_of::<Spot>() + 2 * size_of::<u64>())
            + self.texts.len()
    }

    fn place(&self, spot: &Spot) -> Place<'_> {
        let start = index(spot.start);
        let middle = start + usize::from(spot.length);
        let end = middle + usize::from(spot.token);
        Place {
            value: spot.value,
            entity: spot.entity,
            strength: spot.strength,
            in_list: spot.in_list,
            text: self.texts.get(start..middle).unwrap_or_default(),
            token: self.texts.get(middle..end).unwrap_or_default(),
        }
    }
}

fn is_in_list(place: &str) -> bool {
    let is_position = |step: &str| !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    place.starts_with("body#") && place.split('/').any(is_position)
}

/// Places as they stand in the exchange.
fn in_order<S: Deref<Target = Spot>>(spots: impl Iterator<Item = S>) -> Vec<S> {
    let mut spots: Vec<_> = spots.collect();
    spots.sort_unstable_by_key(|spot| spot.start);
    spots
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
const LISTED: usize = 256;
