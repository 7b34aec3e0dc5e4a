//! What an audit found: where, and what kind of value, but never the value.

use std::collections::BTreeMap;
use std::fmt;

/// A value that should not be in the capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Number of its exchange.
    pub seq: u64,
    /// Where in the exchange, such as `request body#/notes`.
    pub place: String,
    /// What it is, such as `email`.
    pub kind: &'static str,
    /// Enough of it to know it again, and not to learn it.
    pub masked: String,
}

/// The first findings, and the counts of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first, in the order of the file.
    pub first: Vec<Finding>,
    /// How many there are, by kind.
    pub kinds: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// How many there are.
    pub fn total(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Takes note of one; it is only made when it is kept.
    pub(super) fn add(&mut self, kind: &'static str, finding: impl FnOnce() -> Finding) {
        *self.kinds.entry(kind).or_default() += 1;
        if self.first.len() < KEPT {
            self.first.push(finding());
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seq,
            place,
            kind,
            masked,
        } = self;
        write!(f, "exchange {seq}, {place}: {kind} {masked}")
    }
}

/// The first letter of a name, and nothing of what opens a door or counts somebody.
pub(super) fn mask(kind: &str, value: &str) -> String {
    let length = value.chars().count();
    let first = value.chars().next().filter(|c| c.is_alphabetic());
    match (kind, first) {
        ("email", Some(first)) => format!("{first}…@… ({length} characters)"),
        ("name" | "text" | "username", Some(first)) => format!("{first}… ({length} characters)"),
        _ => format!("… ({length} characters)"),
    }
}

/// Findings that are kept; the others are counted.
const KEPT: usize = 20;
