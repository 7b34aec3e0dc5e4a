//! Files of one recording, one after the other: their times are on one clock.

use super::random_name;
use crate::anonymize::Mode;

/// The clock that captures of one recording share. Its zero says nothing about the time of day.
#[derive(Debug, Clone)]
pub struct Series {
    /// A random name: captures of the same name can be put in order.
    pub(super) clock: String,
}

impl Series {
    /// Begins one.
    pub fn new(_mode: &Mode) -> Self {
        Self {
            clock: random_name(),
        }
    }
}
