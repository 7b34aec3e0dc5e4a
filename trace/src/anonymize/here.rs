//! Where in an exchange a value stands, such as `body#/items/3/id`: for links.

use crate::links::Entity;

/// A place, or none: where links are not looked for.
#[derive(Default)]
pub(super) struct Here {
    text: String,
    /// What the place is about where its own name does not say.
    about: Option<Entity>,
}

/// How long a place was before something was added to it.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl Here {
    /// Moves to a part of the exchange: `path`, `query`, `body#`, or a header.
    pub(super) fn start(&mut self, part: &str) {
        self.text.clear();
        self.text.push_str(part);
        self.about = None;
    }

    /// Moves to where links are not looked for.
    pub(super) fn stop(&mut self) {
        self.start("");
    }

    /// Adds the name of a field, header, cookie or query key.
    pub(super) fn enter(&mut self, name: &str) -> Mark {
        let mark = Mark(self.text.len());
        if !self.is_nowhere() {
            self.text.push('/');
            if !name.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
                self.text.push_str(name);
                return mark;
            }
            // As in a JSON pointer (RFC 6901, §3).
            for piece in name.split_inclusive(['~', '/']) {
                let plain = piece.trim_end_matches(['~', '/']);
                self.text.push_str(plain);
                match piece.as_bytes().last() {
                    Some(b'~') => self.text.push_str("~0"),
                    Some(b'/') => self.text.push_str("~1"),
                    _ => {}
                }
            }
        }
        mark
    }

    /// Adds a number.
    pub(super) fn item(&mut self, number: usize) -> Mark {
        let mark = Mark(self.text.len());
        if !self.is_nowhere() {
            self.text.push('/');
            self.text.push_str(itoa::Buffer::new().format(number));
        }
        mark
    }

    /// Takes back what was added since `mark`.
    pub(super) fn leave(&mut self, mark: Mark) {
        self.text.truncate(mark.0);
    }

    /// What values here are about, from now on until the next part.
    pub(super) const fn about(&mut self, entity: Option<Entity>) {
        self.about = entity;
    }

    /// Whether links are not looked for here.
    pub(super) const fn is_nowhere(&self) -> bool {
        self.text.is_empty()
    }

    /// The place.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What a value here is about.
    pub(super) fn entity(&self) -> Entity {
        self.about.unwrap_or_else(|| Entity::of_field(self.name()))
    }

    /// The last name on the way here.
    pub(super) fn name(&self) -> &str {
        let is_name = |piece: &&str| !piece.bytes().all(|byte| byte.is_ascii_digit());
        let mut pieces = self.text.rsplit('/');
        pieces.find(is_name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_pointer() {
        let mut here = Here::default();
        here.enter("name");
        assert!(here.is_nowhere());
        here.start("body#");
        here.enter("items");
        let mark = here.item(3);
        here.enter("a/b~c~");
        assert_eq!(here.text(), "body#/items/3/a~1b~0c~0");
        here.leave(mark);
        here.enter("person_id");
        assert_eq!(here.entity(), Entity::of_field("personId"));
        here.item(7);
        assert_eq!(here.entity(), Entity::of_field("personId"));
    }
}
