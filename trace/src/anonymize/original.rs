//! A personal value in memory: a map's key that is overwritten when it is dropped.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use zeroize::Zeroize as _;

use super::tally::Label;

/// A value as it was before anonymization, and what the footer calls it. It cannot be printed.
pub(super) struct Original {
    text: String,
    label: Label,
}

impl Original {
    /// Takes a copy of `value`.
    pub(super) fn new(value: &str, label: Label) -> Self {
        Self {
            text: value.to_owned(),
            label,
        }
    }

    /// The value.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// What the footer calls it.
    pub(super) const fn label(&self) -> Label {
        self.label
    }
}

impl PartialEq for Original {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Original {}

impl Hash for Original {
    /// As the text does, by which it is looked up.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Borrow<str> for Original {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}
