//! What stands for what: the map from originals to their replacements, for one capture.
//!
//! It lives in memory, is bounded, and is overwritten when the capture is closed. The same
//! original has the same replacement everywhere; two originals never share one, but for words of a
//! choice and for values that are masked because there are too many.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::quality::RandomState;
use rand::RngExt as _;
#[cfg(test)]
use rand::rngs::StdRng;

use super::address;
use super::dates::{self, Dates};
use super::detect::{self, Detectors, Form};
use super::draw::{draw, is_number, label, longer};
use super::made_up;
use super::mode::Mode;
use super::original::Original;
use super::policy::{Kind, Quick};
use super::source::Source;
use super::tally::{Label, Tally};

/// Originals and what stands for them.
pub(super) struct Tokens {
    map: HashMap<Original, String, RandomState>,
    /// Numbers of the values that replay makes afresh.
    fresh: HashMap<Original, usize, RandomState>,
    /// Values for which a slot stands: the audit searches for them, nothing else is made of them.
    hidden: HashSet<Original, RandomState>,
    /// What stands for them. Nobody else can fill it: all of it is drawn.
    used: HashSet<String, Quick>,
    limit: usize,
    /// Bytes of originals so far.
    bytes: usize,
    source: Source,
    dates: Dates,
    detectors: Detectors,
    /// How many values were replaced.
    tally: Tally,
    /// Whether a value would have come out otherwise another time, or in another exchange.
    pub(super) varies: bool,
}

impl Tokens {
    /// No originals yet, and at most `limit` ever.
    pub(super) fn new(limit: usize, mode: &Mode, detectors: Detectors) -> Self {
        Self::with_source(limit, Source::new(mode), detectors)
    }

    /// As [`Tokens::new`], with what the given random source makes.
    #[cfg(test)]
    pub(super) fn with_rng(limit: usize, rng: StdRng) -> Self {
        Self::with_source(limit, Source::with_rng(rng), Detectors::default())
    }

    fn with_source(limit: usize, source: Source, detectors: Detectors) -> Self {
        Self {
            map: HashMap::default(),
            fresh: HashMap::default(),
            hidden: HashSet::default(),
            used: HashSet::default(),
            limit,
            bytes: 0,
            dates: Dates::new(&source),
            source,
            detectors,
            tally: Tally::default(),
            varies: false,
        }
    }

    /// What stands for `original`. Its form decides what that is, and where the form says nothing,
    /// the kind that a rule gave it.
    pub(super) fn replace(&mut self, original: &str, kind: Option<&Kind>) -> String {
        if !says_something(original) {
            return original.to_owned();
        }
        if let Some(known) = self.again(original, kind) {
            return known;
        }
        if self.detectors.shifts_dates() && dates::iso(original).is_some() {
            self.tally.count(Label::Date);
            return self.dates.shift(original);
        }
        let own = self.detectors.own(original).cloned();
        let (form, kind) = match &own {
            Some(own) => (None, Some(own)),
            None => (self.detectors.whole(original), kind),
        };
        let label = label(form, kind, original);
        self.tally.count(label);
        match (form, kind) {
            (Some(Form::Date), _) => return self.dates.shift(original),
            (Some(Form::Age), _) => return aged(original),
            (_, Some(Kind::Choice(of))) if of.iter().any(|choice| choice == original) => {
                return self.choose(original, of);
            }
            (_, Some(Kind::Age)) if is_number(original) => return aged(original),
            _ => {}
        }
        if let Some(replacement) = self.map.get(original) {
            return replacement.clone();
        }
        if !self.has_room(original) {
            return self.mask(original);
        }
        let replacement = match self.make(original, form, kind) {
            Some(replacement) => replacement,
            None => self.mask(original),
        };
        self.map
            .insert(Original::new(original, label), replacement.clone());
        replacement
    }

    /// What stands for `original`, if that was settled before and does not depend on more.
    pub(super) fn again(&mut self, original: &str, kind: Option<&Kind>) -> Option<String> {
        if matches!(kind, Some(Kind::Age | Kind::Choice(_))) {
            return None;
        }
        let (known, replacement) = self.map.get_key_value(original)?;
        self.tally.count(known.label());
        Some(replacement.clone())
    }

    /// Settles what stands for `original`, if there is room for it.
    pub(super) fn settle(&mut self, original: &str, replacement: &str) {
        self.tally.count(Label::Text);
        if self.has_room(original) {
            self.used.insert(replacement.to_owned());
            self.map
                .insert(Original::new(original, Label::Text), replacement.to_owned());
        }
    }

    /// The JSON number that stands for a number. It is what stands for the same text elsewhere.
    pub(super) fn number(&mut self, original: &str, kind: Option<&Kind>) -> String {
        let replacement = self.replace(original, kind);
        if is_number(&replacement) {
            replacement
        } else {
            "0".to_owned()
        }
    }

    /// The slot for a value that replay makes afresh in each run: equal where the originals are.
    pub(super) fn fresh(&mut self, original: &str) -> String {
        self.tally.count(Label::Key);
        let number = match self.fresh.get(original).copied() {
            Some(number) => number,
            None if !self.has_room(original) => 0,
            None => {
                let number = self.fresh.len() + 1;
                self.fresh
                    .insert(Original::new(original, Label::Key), number);
                number
            }
        };
        format!("{{{{fresh:k{number}}}}}")
    }

    /// Takes note of a value for which a slot stands, so that the audit searches for it too.
    pub(super) fn hide(&mut self, original: &str, label: Label) {
        self.tally.count(label);
        if !self.hidden.contains(original) && self.has_room(original) {
            self.hidden.insert(Original::new(original, label));
        }
    }

    /// Every original that may not occur in the capture: not those that stand for another one now.
    pub(super) fn private_originals(&self) -> impl Iterator<Item = &Original> {
        let all = self.map.keys().chain(self.fresh.keys()).chain(&self.hidden);
        all.filter(|original| !self.used.contains(original.as_str()))
    }

    /// What stands for originals.
    pub(super) const fn made_up(&self) -> &HashSet<String, Quick> {
        &self.used
    }

    /// How many values were replaced.
    pub(super) const fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// How many values were replaced, by kind.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.tally.named()
    }

    /// Whether another original may be remembered; if so, it will be.
    fn has_room(&mut self, original: &str) -> bool {
        let known = self.map.len() + self.fresh.len() + self.hidden.len();
        let bytes = self.bytes + original.len();
        let room = known < self.limit && bytes <= MAX_BYTES;
        if room {
            self.bytes = bytes;
        }
        room
    }

    /// A replacement that stands for nothing else.
    fn make(&mut self, original: &str, form: Option<Form>, kind: Option<&Kind>) -> Option<String> {
        let derived = match (form, kind) {
            (Some(Form::Address), _) => address::replace(original, &self.source),
            (_, Some(Kind::Date)) => self.dates.shift_number(original),
            _ => None,
        };
        match derived {
            Some(derived) if self.used.insert(derived.clone()) => Some(derived),
            _ if detect::is_uuid(original) => self.draw_uuid(original),
            _ => self.draw_free(original, form, kind),
        }
    }

    /// A free UUID. Detectors know one when they see it, and it is no slot.
    fn draw_uuid(&mut self, original: &str) -> Option<String> {
        let mut own = self.source.is_keyed().then(|| self.source.of(original));
        for _ in 0..MAX_DRAWS {
            let rng = own.as_mut().unwrap_or_else(|| self.source.rng());
            let candidate = made_up::uuid(original, rng);
            if !self.map.contains_key(candidate.as_str()) && self.used.insert(candidate.clone()) {
                return Some(candidate);
            }
        }
        None
    }

    /// One to which no detector objects, if there is one.
    fn draw_free(
        &mut self,
        original: &str,
        form: Option<Form>,
        kind: Option<&Kind>,
    ) -> Option<String> {
        let mut rng = self.source.of(original);
        let mut like = original.to_owned();
        for tries in 1..=MAX_DRAWS {
            // What a client typed must not come out as a slot, which replay would fill.
            let mut candidate = draw(&like, form, kind, tries, &mut rng);
            if candidate.contains('{') {
                candidate = candidate.replace("{{", "{(");
            }
            let mut personal = self.is_personal(&candidate);
            if personal && tries > 1 && !is_number(&candidate) {
                candidate = made_up::plain_letters(&candidate);
                personal = self.is_personal(&candidate);
            }
            let taken = candidate == original
                || (is_number(original) && !is_number(&candidate) && form.is_none())
                || self.used.contains(&candidate)
                || self.map.contains_key(candidate.as_str());
            if !personal && !taken {
                self.used.insert(candidate.clone());
                return Some(candidate);
            }
            // Short values run out of replacements: then theirs get longer.
            if tries % 8 == 0 {
                like = longer(&like);
            }
        }
        None
    }

    /// Whether a replacement would look like somebody's, or like a date that was shifted.
    fn is_personal(&self, candidate: &str) -> bool {
        !self.detectors.leaks(candidate).is_empty() || detect::whole(candidate) == Some(Form::Date)
    }

    fn choose(&mut self, original: &str, of: &[String]) -> String {
        self.varies = true;
        let others: Vec<_> = of.iter().filter(|choice| *choice != original).collect();
        match others.len() {
            0 => original.to_owned(),
            count => others[self.source.rng().random_range(0..count)].clone(),
        }
    }

    /// What stands for a value for which there is no replacement of its own.
    fn mask(&mut self, original: &str) -> String {
        self.tally.count(Label::Masked);
        self.varies = true;
        "x".repeat(original.chars().count())
    }
}

/// The same age, but that nobody is older than 89.
fn aged(age: &str) -> String {
    let years = detect::years(age);
    let is_old = age[years.clone()]
        .parse()
        .is_ok_and(|years: u64| years > OLDEST);
    if is_old {
        format!("{}{OLDEST}{}", &age[..years.start], &age[years.end..])
    } else {
        age.to_owned()
    }
}

/// Ages from 90 on are not told apart from this one (45 CFR 164.514(b)(2)(i)(C)).
const OLDEST: u64 = 89;

/// Whether a value could say anything about anybody.
fn says_something(value: &str) -> bool {
    !value.is_ascii() || value.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// How often a replacement is drawn before the value is masked: no value may stop the recorder.
const MAX_DRAWS: u32 = 64;

/// How many originals a capture may have before values are masked instead.
pub(super) const MAX_ORIGINALS: usize = 1_000_000;

/// How many bytes of them.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
