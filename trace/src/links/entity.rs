//! What a value is an identifier of, as far as names tell: `person_id`, and `people` before an
//! identifier in a path.

use std::hash::{BuildHasher as _, Hasher};
use std::num::NonZeroU32;

use foldhash::fast::FixedState;

/// What a value is about: a hash of a name, or whatever the path of the request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Entity(Option<NonZeroU32>);

/// What a path is about: its last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(NonZeroU32);

impl Entity {
    /// By the name of a field, such as `person_id`, `personIds` or, which says nothing, `id`.
    pub(crate) fn of_field(name: &str) -> Self {
        let mut letters = Letters::of(name);
        letters.singular();
        letters.drop_end(b"id");
        letters.singular();
        Self((letters.length > 0).then(|| letters.hash()))
    }

    /// By the word before an identifier in a path.
    pub(crate) fn of_word(word: &str) -> Self {
        Self(Some(Owner::of_word(word).0))
    }

    /// Itself, or else by what holds the field at this place: of `body#/items/3/id` an item.
    pub(super) fn or_holder(self, place: &str) -> Self {
        let is_name = |step: &&str| !step.bytes().all(|byte| byte.is_ascii_digit());
        let mut names = place.rsplit('/').filter(is_name);
        match self.0 {
            Some(_) => self,
            None => names.nth(1).map_or(self, Self::of_field),
        }
    }

    /// Itself, or else the owner.
    pub(super) fn or(self, owner: Owner) -> u32 {
        self.0.unwrap_or(owner.0).get()
    }
}

impl Owner {
    /// By the last word of a path's template.
    pub(crate) fn of_template(template: &str) -> Self {
        let mut words = template.rsplit('/');
        let last = words.find(|word| !word.starts_with('{'));
        Self::of_word(last.unwrap_or_default())
    }

    fn of_word(word: &str) -> Self {
        let mut letters = Letters::of(word);
        letters.singular();
        Self(letters.hash())
    }
}

/// A name without what only parts its words, in small letters; of a long one the beginning.
struct Letters {
    bytes: [u8; 48],
    length: usize,
}

impl Letters {
    fn of(name: &str) -> Self {
        let mut letters = Self {
            bytes: [0; 48],
            length: 0,
        };
        let bytes = name.bytes().filter(|b| !matches!(b, b'_' | b'-' | b'.'));
        for (place, byte) in letters.bytes.iter_mut().zip(bytes) {
            *place = byte.to_ascii_lowercase();
            letters.length += 1;
        }
        letters
    }

    /// Undoes the usual English plurals, and the one irregular one that APIs are full of.
    fn singular(&mut self) {
        match self.all() {
            b"people" => *self = Self::of("person"),
            all if all.ends_with(b"ss") => {}
            all if all.ends_with(b"ies") => {
                self.length -= 2;
                self.bytes[self.length - 1] = b'y';
            }
            _ => self.drop_end(b"s"),
        }
    }

    fn drop_end(&mut self, end: &[u8]) {
        if self.all().ends_with(end) {
            self.length -= end.len();
        }
    }

    fn all(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Names are the application's: nobody gains by making them collide.
    fn hash(&self) -> NonZeroU32 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(self.all());
        let hash = u32::try_from(hasher.finish() >> 32);
        hash.ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_thing_are_the_same() {
        for field in ["person_id", "personId", "person_ids", "PERSON-ID", "person"] {
            assert_eq!(
                Entity::of_field(field),
                Entity::of_word("people"),
                "{field}"
            );
        }
        assert_eq!(Entity::of_field("swap_id"), Entity::of_word("swaps"));
        assert_eq!(
            Entity::of_field("facilityId"),
            Entity::of_word("facilities")
        );
        assert_ne!(Entity::of_field("run_id"), Entity::of_word("swaps"));
    }

    #[test]
    fn an_id_is_one_of_what_holds_it() {
        let held = |place| Entity::of_field("id").or_holder(place);
        for place in ["body#/swaps/3/id", "body#/0/swap/id"] {
            assert_eq!(held(place), Entity::of_word("swaps"), "{place}");
        }
        let person = Entity::of_field("person_id");
        assert_eq!(person.or_holder("body#/swaps/3/person_id"), person);
    }

    #[test]
    fn an_id_is_one_of_what_the_path_is_about() {
        let owner = Owner::of_template("/api/blocks/{id}");
        for name in ["id", "ID", "ids", "_id"] {
            let own = Entity::of_field(name).or(owner);
            assert_eq!(own, Entity::of_field("block_id").or(owner), "{name}");
        }
    }
}
