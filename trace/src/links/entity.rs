//! What a value is an identifier of, as far as names tell: `person_id`, and `people` before an
//! identifier in a path.

use std::hash::{BuildHasher as _, Hasher};

use foldhash::fast::FixedState;

/// What a value is about: a hash of a name, or whatever the path of the request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entity(Option<u64>);

/// What a path is about: its last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u64);

impl Entity {
    /// By the name of a field, such as `person_id`, `personIds` or, which says nothing, `id`.
    pub(crate) fn of_field(name: &str) -> Self {
        let name = singular(&fold(name));
        let stem = name.strip_suffix("id").unwrap_or(&name);
        Self((!stem.is_empty()).then(|| hash(&singular(stem))))
    }

    /// By the word before an identifier in a path.
    pub(crate) fn of_word(word: &str) -> Self {
        Self(Some(hash(&singular(&fold(word)))))
    }

    /// Itself, or else the owner.
    pub(super) fn or(self, owner: Owner) -> u64 {
        self.0.unwrap_or(owner.0)
    }
}

impl Owner {
    /// By the last word of a path's template.
    pub(crate) fn of_template(template: &str) -> Self {
        let mut words = template.rsplit('/');
        let last = words.find(|word| !word.starts_with('{'));
        Self(hash(&singular(&fold(last.unwrap_or_default()))))
    }
}

fn fold(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The usual English plurals, and the one irregular one that APIs are full of.
fn singular(name: &str) -> String {
    match name {
        "people" => return "person".to_owned(),
        name if name.ends_with("ss") => return name.to_owned(),
        _ => {}
    }
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

/// Names are the application's: nobody gains by making them collide.
fn hash(name: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish()
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
    fn an_id_is_one_of_what_the_path_is_about() {
        let owner = Owner::of_template("/api/blocks/{id}");
        for name in ["id", "ID", "ids", "_id"] {
            let own = Entity::of_field(name).or(owner);
            assert_eq!(own, Entity::of_field("block_id").or(owner), "{name}");
        }
    }
}
