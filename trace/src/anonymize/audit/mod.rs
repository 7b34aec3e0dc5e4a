//! The audit: a search of what was written for every original that was replaced, in each of the
//! encodings it could have survived in, and for personal-looking values of any origin.
//!
//! It searches values: what the format and the policy themselves say is about nobody.

mod finding;
mod forms;
mod needles;
mod places;

use std::collections::{BTreeMap, HashSet};
use std::io::BufRead;
use std::ops::Range;
use std::path::Path;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

pub use finding::{Finding, Findings};

use super::detect::{self, Detectors};
use super::http;
use super::original::Original;
use super::policy::{Policy, Quick};
use super::tally::Label;
use crate::exchange::Exchange;
use crate::format::{Audit, ReadError, Reader};
use finding::mask;
use forms::each_form;
use needles::{LONG, Needle, Needles, SHORTEST};
use places::{Place, each_text};

/// What to search a capture for.
pub(crate) struct Search<'a> {
    public: Public<'a>,
    needles: Needles<'a>,
    detectors: Detectors,
    /// What stands for originals, where that is still known.
    made_up: Option<&'a HashSet<String, Quick>>,
}

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The originals that were searched for, by kind.
    pub searched: BTreeMap<&'static str, u64>,
    /// Exchanges that were looked through.
    pub exchanges: u64,
    /// Values in them.
    pub values: u64,
    /// What was found.
    pub findings: Findings,
}

/// Looks through the capture at `path` for personal-looking values: all that can be done once the
/// originals are gone. Words of the policy are about nobody, where there is one.
pub fn personal_looking(path: &Path, policy: Option<&Policy>) -> Result<Report, ReadError> {
    let vocabulary = policy.into_iter().flat_map(Policy::vocabulary);
    let detectors = policy.map(|policy| policy.detectors.clone());
    Search::new(
        std::iter::empty(),
        vocabulary,
        detectors.unwrap_or_default(),
    )
    .run(Reader::open(path)?)
}

/// The kinds of personal-looking values that every audit looks for, but for those that a policy
/// switches off. Dates and network addresses are not among them: what stands for others looks alike.
pub const DETECTED: [&str; 13] = [
    "account", "age", "card", "email", "jwt", "mac", "mrn", "name", "phone", "postcode", "ssn",
    "street", "url",
];

/// What the policy and HTTP say themselves, and so what is about nobody wherever it stands.
struct Public<'a> {
    words: HashSet<&'a str>,
    lower: HashSet<String>,
    text: String,
}

impl<'a> Public<'a> {
    fn new(vocabulary: impl Iterator<Item = &'a str>) -> Self {
        let phrases: Vec<&str> = vocabulary.chain(http::words()).collect();
        let words: HashSet<&str> = phrases
            .iter()
            .flat_map(|phrase| phrase.split(|c: char| !c.is_alphanumeric()))
            .chain(phrases.iter().copied())
            .collect();
        Self {
            lower: words.iter().map(|word| word.to_lowercase()).collect(),
            words,
            text: phrases.join("\n"),
        }
    }

    /// Whether the original is one of the words. A long one may be part of one: it is searched for
    /// inside other text too.
    fn has(&self, original: &str) -> bool {
        self.words.contains(original) || (original.len() >= LONG && self.text.contains(original))
    }

    /// Whether it is one of them in another letter case.
    fn has_in_any_case(&self, original: &str) -> bool {
        self.lower.contains(&original.to_lowercase())
    }
}

impl<'a> Search<'a> {
    /// Prepares the search for `originals`, but for those that are words of the `vocabulary`. Those
    /// of fewer than [`SHORTEST`] bytes are left out: they would be found in any text.
    pub(super) fn new(
        originals: impl Iterator<Item = &'a Original>,
        vocabulary: impl Iterator<Item = &'a str>,
        detectors: Detectors,
    ) -> Self {
        let public = Public::new(vocabulary);
        let needles = originals
            .map(|original| (original.as_str(), original.label()))
            .filter(|(text, _)| text.len() >= SHORTEST && !is_plain(text) && !public.has(text))
            .map(|(text, label)| Needle {
                kind: label.name(),
                text,
                any_case: names_somebody(label) && !public.has_in_any_case(text),
            })
            .collect();
        Self {
            needles: Needles::new(needles),
            public,
            detectors,
            made_up: None,
        }
    }

    /// The same, where it is known what stands for the originals.
    pub(super) const fn among(mut self, made_up: &'a HashSet<String, Quick>) -> Self {
        self.made_up = Some(made_up);
        self
    }

    /// Searches the exchanges of a capture.
    pub(crate) fn run<R: BufRead>(&self, reader: Reader<R>) -> Result<Report, ReadError> {
        let mut report = Report::default();
        for needle in self.needles.iter() {
            *report.searched.entry(needle.kind).or_default() += 1;
        }
        for exchange in reader {
            let exchange = exchange?;
            report.exchanges += 1;
            each_text(&exchange, &mut |place, text| {
                report.values += 1;
                self.look(&exchange, place, text, &mut report.findings);
            });
        }
        Ok(report)
    }

    fn look(&self, exchange: &Exchange, place: &Place<'_>, text: &str, findings: &mut Findings) {
        for (kind, value) in self.hits(text) {
            findings.add(kind, || Finding {
                seq: exchange.seq,
                place: place.describe(&|name| self.hits(name).is_empty()),
                kind,
                masked: mask(kind, &value),
            });
        }
    }

    /// What should not be in the text, each value once, however often and in whatever form.
    fn hits(&self, text: &str) -> Vec<(&'static str, Zeroizing<String>)> {
        let mut hits = Vec::new();
        let plain = percent_decode_str(text).decode_utf8_lossy();
        if self.is_made_up(text) || self.is_made_up(&plain) {
            return hits;
        }
        let mut add = |kind, value: &str| {
            let hit = (kind, Zeroizing::new(value.to_owned()));
            if !hits.contains(&hit) {
                hits.push(hit);
            }
        };
        each_form(text, &mut |form, is_last| {
            // What is left of an escape would run together with what comes next. It is decoded too.
            let leaks = if !is_last && forms::has_escape(form) {
                Vec::new()
            } else {
                self.detectors.leaks(form)
            };
            for (kind, place) in leaks {
                let value = &form[place.clone()];
                if !self.public.words.contains(value) && !self.is_in_made_up(form, &place) {
                    add(kind, value);
                }
            }
            self.needles.search(form, &mut |needle, start| {
                let needle = self.needles.get(needle);
                // Short ones come in longer values by chance, unless they are names.
                let means_it = needle.any_case || needle.text.len() >= LONG || needle.text == form;
                if means_it && !self.is_in_made_up(form, &(start..start)) {
                    add(needle.kind, needle.text);
                }
            });
        });
        hits
    }
}

impl Search<'_> {
    /// Whether the whole of a value stands for another one: what is in it is there by chance.
    fn is_made_up(&self, value: &str) -> bool {
        self.made_up.is_some_and(|made_up| made_up.contains(value))
            || detect::date_at_start(value).is_some()
    }

    /// The same for what a value is part of: a word of the text, or what stands in quotes there.
    fn is_in_made_up(&self, text: &str, place: &Range<usize>) -> bool {
        let around = |ends: fn(char) -> bool| {
            let start = text[..place.start].rfind(ends).map_or(0, |at| at + 1);
            let end = text[place.end..].find(ends);
            &text[start..end.map_or(text.len(), |end| place.end + end)]
        };
        let word =
            around(|c| c.is_ascii_whitespace() || c.is_ascii_punctuation() && !"-_.@".contains(c));
        let quoted = around(|c| matches!(c, '"' | '\''));
        self.is_made_up(&text[place.clone()]) || self.is_made_up(word) || self.is_made_up(quoted)
    }
}

impl Report {
    /// What the footer says of it.
    pub(crate) fn totals(&self) -> Audit {
        let kinds = self.searched.iter();
        Audit {
            searched: self.searched.values().sum(),
            found: self.findings.total(),
            kinds: kinds
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
        }
    }
}

/// Whether it is a number that would stay elsewhere: it comes again by chance.
fn is_plain(original: &str) -> bool {
    original.len() < detect::LONG_DIGITS && original.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether people write it in whatever letter case they like.
const fn names_somebody(label: Label) -> bool {
    matches!(label, Label::Email | Label::Name | Label::Username)
}

#[cfg(test)]
mod tests;
