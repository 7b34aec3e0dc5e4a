//! A personal value in memory: a map's key that is overwritten when it is dropped.

use std::borrow::Borrow;

use zeroize::Zeroize as _;

/// A value as it was before anonymization. It cannot be printed.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Original(String);

impl Original {
    /// Takes a copy of `value`.
    pub(super) fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The value.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Original {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
