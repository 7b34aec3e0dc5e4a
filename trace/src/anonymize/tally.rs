//! How many values were replaced, by what the footer calls them.

use std::collections::BTreeMap;

/// What the footer calls a value that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Address,
    Age,
    Card,
    Choice,
    Date,
    Email,
    Id,
    Key,
    Masked,
    Name,
    Phone,
    Secret,
    Ssn,
    Text,
    Token,
    Url,
    Username,
}

impl Label {
    /// What the footer calls it.
    pub(super) const fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

/// A count for each label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally([u64; NAMES.len()]);

impl Tally {
    pub(super) const fn count(&mut self, label: Label) {
        self.add(label, 1);
    }

    pub(super) const fn add(&mut self, label: Label, times: u64) {
        self.0[label as usize] += times;
    }

    pub(super) fn add_all(&mut self, counts: &[(Label, u64)]) {
        for (label, times) in counts {
            self.add(*label, *times);
        }
    }

    /// What was counted since `before`.
    pub(super) fn since(&self, before: &Self) -> Vec<(Label, u64)> {
        NAMES
            .iter()
            .map(|(label, _)| (*label, self.of(*label) - before.of(*label)))
            .filter(|(_, times)| *times > 0)
            .collect()
    }

    /// The counts by name, but for those of zero.
    pub(super) fn named(&self) -> BTreeMap<&'static str, u64> {
        let counts = NAMES.iter().map(|(label, name)| (*name, self.of(*label)));
        counts.filter(|(_, times)| *times > 0).collect()
    }

    const fn of(&self, label: Label) -> u64 {
        self.0[label as usize]
    }
}

/// In the order of the labels.
const NAMES: [(Label, &str); 17] = [
    (Label::Address, "address"),
    (Label::Age, "age"),
    (Label::Card, "card"),
    (Label::Choice, "choice"),
    (Label::Date, "date"),
    (Label::Email, "email"),
    (Label::Id, "id"),
    (Label::Key, "key"),
    (Label::Masked, "masked"),
    (Label::Name, "name"),
    (Label::Phone, "phone"),
    (Label::Secret, "secret"),
    (Label::Ssn, "ssn"),
    (Label::Text, "text"),
    (Label::Token, "token"),
    (Label::Url, "url"),
    (Label::Username, "username"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_its_own_count() {
        let mut tally = Tally::default();
        for (place, (label, _)) in NAMES.iter().enumerate() {
            assert_eq!(*label as usize, place);
            tally.add(*label, place as u64);
        }
        let before = tally;
        tally.count(Label::Token);
        assert_eq!(tally.since(&before), [(Label::Token, 1)]);
        let named = tally.named();
        assert_eq!(named.len(), NAMES.len() - 1, "address was never counted");
        assert_eq!(
            (named["card"], named["token"], named["username"]),
            (2, 15, 16)
        );
    }
}
