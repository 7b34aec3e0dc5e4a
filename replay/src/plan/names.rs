//! Names by number, in order of appearance.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use super::window::index;

/// Names that were seen.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<Box<str>, u32, RandomState>,
}

impl Names {
    /// The number of a name, and whether it is new.
    fn number(&mut self, name: &str) -> (u32, bool) {
        if let Some(&number) = self.known.get(name) {
            return (number, false);
        }
        let number = index(self.known.len());
        self.known.insert(name.into(), number);
        (number, true)
    }

    /// The number of a name, which is added to `new` if it is new.
    pub(super) fn of_new(&mut self, name: &str, new: &mut Vec<String>) -> u32 {
        let (number, is_new) = self.number(name);
        if is_new {
            new.push(name.to_owned());
        }
        number
    }

    /// The number of a name.
    pub(super) fn of(&mut self, name: &str) -> u32 {
        self.number(name).0
    }
}
