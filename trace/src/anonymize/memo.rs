//! What parts of earlier exchanges became. Most come again and again, and need not be worked out
//! anew: headers above all, and the answers to polling.
//!
//! Bounded, and overwritten when forgotten: a part takes the place of another one when it is met
//! for the second time. A client that seeks to fill it gains nothing but the work itself.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use zeroize::Zeroizing;

use super::people::{Fingerprint, Member};
use super::tally::Label;
use super::tokens::Tokens;
use crate::links::Spotted;

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
    hasher: RandomState,
    short: Table,
    long: Table,
}

/// A part, and where it would be.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    part: Part<'a>,
    hash: u64,
}

/// Pairs of slots: a part is in one of the two that its hash names.
struct Table {
    pairs: Vec<[Option<Slot>; 2]>,
    /// For each pair the hash of the part that was met last without being known.
    met: Vec<u64>,
}

struct Slot {
    hash: u64,
    place: Place,
    name: Box<str>,
    text: Zeroizing<String>,
    known: Arc<Known>,
}

impl Memo {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            short: Table::new(SHORT_PAIRS),
            long: Table::new(LONG_PAIRS),
        }
    }

    /// Where the part would be. Hashes all of it: ask once.
    pub(super) fn key<'a>(&self, part: Part<'a>) -> Key<'a> {
        let hash = self.hasher.hash_one((part.place, part.name, part.text));
        Key { part, hash }
    }

    /// What is known of the part.
    pub(super) fn get(&self, key: Key<'_>) -> Option<&Arc<Known>> {
        let table = if key.part.text.len() <= SHORT {
            &self.short
        } else {
            &self.long
        };
        let pair = &table.pairs[table.place(key.hash)];
        let slot = pair.iter().flatten().find(|slot| slot.is(key))?;
        Some(&slot.known)
    }

    /// Whether the part, of which nothing is known, should be put in: it was met before.
    pub(super) fn wants(&mut self, key: Key<'_>) -> bool {
        if key.part.text.len() > LONG {
            return false;
        }
        let table = self.table(key);
        let place = table.place(key.hash);
        std::mem::replace(&mut table.met[place], key.hash) == key.hash
    }

    /// Takes note of what a part became, in place of the older one of its pair.
    pub(super) fn put(&mut self, key: Key<'_>, known: Arc<Known>) {
        let table = self.table(key);
        let place = table.place(key.hash);
        let [newer, older] = &mut table.pairs[place];
        *older = newer.take();
        *newer = Some(Slot {
            hash: key.hash,
            place: key.part.place,
            name: key.part.name.into(),
            text: Zeroizing::new(key.part.text.to_owned()),
            known,
        });
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.short = Table::new(SHORT_PAIRS);
        self.long = Table::new(LONG_PAIRS);
    }

    const fn table(&mut self, key: Key<'_>) -> &mut Table {
        if key.part.text.len() <= SHORT {
            &mut self.short
        } else {
            &mut self.long
        }
    }
}

impl Table {
    /// An empty table of `pairs`, a power of two.
    fn new(pairs: usize) -> Self {
        Self {
            pairs: std::iter::repeat_with(|| [None, None])
                .take(pairs)
                .collect(),
            met: vec![0; pairs],
        }
    }

    fn place(&self, hash: u64) -> usize {
        // No more than the pairs, so it fits.
        usize::try_from(hash & (self.pairs.len() as u64 - 1)).unwrap_or_default()
    }
}

impl Slot {
    fn is(&self, Key { part, hash }: Key<'_>) -> bool {
        self.hash == hash
            && self.place == part.place
            && *self.name == *part.name
            && *self.text == part.text
    }
}

/// The longest text of a short part, in bytes, and of any part that is remembered.
const SHORT: usize = 1024;
const LONG: usize = 64 * 1024;

/// How many pairs of each there are. Bounds the memory: 2 MiB of short texts, 8 MiB of long ones, and as
/// much of what they became.
const SHORT_PAIRS: usize = 1024;
const LONG_PAIRS: usize = 64;

#[cfg(test)]
impl Memo {
    fn slots(&self) -> impl Iterator<Item = &Slot> {
        let tables = [&self.short, &self.long].into_iter();
        tables.flat_map(|table| table.pairs.iter().flatten().flatten())
    }

    /// How many parts are known.
    pub(super) fn len(&self) -> usize {
        self.slots().count()
    }

    /// The texts of all that is known.
    pub(super) fn texts(&self) -> String {
        self.slots().map(|slot| slot.text.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Arc<Known> {
        Arc::new(Known {
            json: Box::default(),
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
        memo.put(key, known());
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
            assert!(memo.get(memo.key(other)).is_none());
        }
        memo.clear();
        assert!(memo.get(key).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memo = Memo::new();
        let fill = |memo: &mut Memo, count: usize, length: usize| {
            for number in 0..count {
                let text = format!("{number:06}").repeat(length / 6 + 1);
                let text = &text[..length];
                let key = memo.key(Part::new(Place::ResponseJson, text));
                if memo.wants(key) || memo.wants(key) {
                    memo.put(key, known());
                }
            }
        };
        fill(&mut memo, 8 * SHORT_PAIRS, SHORT);
        let short = memo.len();
        assert!((SHORT_PAIRS..=2 * SHORT_PAIRS).contains(&short), "{short}");
        fill(&mut memo, 8 * LONG_PAIRS, LONG);
        let long = memo.len() - short;
        assert!((LONG_PAIRS..=2 * LONG_PAIRS).contains(&long), "{long}");
        memo.clear();
        fill(&mut memo, 10, LONG + 1);
        assert_eq!(memo.len(), 0);
    }
}
