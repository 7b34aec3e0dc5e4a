//! What stands for what: the map from originals to their replacements, for one capture.
//!
//! It lives in memory, is bounded, and is overwritten when the capture is closed. The same
//! original has the same replacement everywhere; two originals never share one, but for words of a
//! choice and for values that are masked because there are too many.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use jiff::ToSpan as _;
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::address::Addresses;
use super::detect::{self, Form};
use super::draw::{draw, label};
use super::made_up;
use super::mode::Mode;
use super::original::Original;
use super::policy::{Kind, Quick};
use super::tally::{Label, Tally};

/// Originals and what stands for them.
pub(super) struct Tokens {
    map: HashMap<Original, String>,
    /// Numbers stand for numbers, so that JSON stays valid.
    numbers: HashMap<Original, String>,
    /// Numbers of the values that replay makes afresh.
    fresh: HashMap<Original, usize>,
    /// Values for which a slot stands: the audit searches for them, nothing else is made of them.
    hidden: HashSet<Original>,
    /// What stands for them. Nobody else can fill it: all of it is drawn.
    used: HashSet<String, Quick>,
    limit: usize,
    /// Bytes of originals so far.
    bytes: usize,
    rng: StdRng,
    addresses: Addresses,
    /// Days by which every date of the capture is shifted: whole weeks, so that weekdays stay.
    shift_days: i32,
    /// How many values were replaced.
    tally: Tally,
    /// Whether a value would have come out otherwise another time, or in another exchange.
    pub(super) varies: bool,
}

impl Tokens {
    /// No originals yet, and at most `limit` ever.
    pub(super) fn new(limit: usize, _mode: &Mode) -> Self {
        Self::with_rng(limit, rand::make_rng())
    }

    /// As [`Tokens::new`], with the given random source.
    pub(super) fn with_rng(limit: usize, mut rng: StdRng) -> Self {
        let weeks = rng.random_range(5..=52);
        let sign = if rng.random_bool(0.5) { 7 } else { -7 };
        Self {
            map: HashMap::new(),
            numbers: HashMap::new(),
            fresh: HashMap::new(),
            hidden: HashSet::new(),
            used: HashSet::default(),
            limit,
            bytes: 0,
            rng,
            addresses: Addresses::default(),
            shift_days: weeks * sign,
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
        let form = detect::whole(original);
        let label = label(form, kind, original);
        self.tally.count(label);
        match (form, kind) {
            (Some(Form::Date), _) => return self.shift(original),
            (None, Some(Kind::Choice(of))) if of.iter().any(|choice| choice == original) => {
                return self.choose(original, of);
            }
            _ => {}
        }
        if let Some(replacement) = self.map.get(original) {
            return replacement.clone();
        }
        if !self.has_room(original) {
            return self.mask(original);
        }
        let replacement = match original.parse::<IpAddr>() {
            Ok(address) => self.addresses.replace(address, &mut self.rng).to_string(),
            Err(_) => match self.draw_free(original, |text, rng| draw(text, form, kind, rng)) {
                Some(replacement) => replacement,
                None => self.mask(original),
            },
        };
        self.map
            .insert(Original::labelled(original, label), replacement.clone());
        replacement
    }

    /// The number that stands for a number.
    pub(super) fn number(&mut self, original: &str) -> String {
        self.tally.count(Label::Id);
        let known = self
            .numbers
            .get(original)
            .or_else(|| self.map.get(original));
        let is_number = |text: &String| text.parse::<serde_json::Number>().is_ok();
        if let Some(known) = known.filter(|known| is_number(known)) {
            return known.clone();
        }
        if !self.has_room(original) {
            return "0".to_owned();
        }
        let drawn = self.draw_free(original, made_up::number);
        let replacement = drawn.filter(is_number).unwrap_or_else(|| "0".to_owned());
        self.numbers
            .insert(Original::labelled(original, Label::Id), replacement.clone());
        replacement
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
                    .insert(Original::labelled(original, Label::Key), number);
                number
            }
        };
        format!("{{{{fresh:k{number}}}}}")
    }

    /// Takes note of a value for which a slot stands, so that the audit searches for it too.
    pub(super) fn hide(&mut self, original: &str, label: Label) {
        self.tally.count(label);
        if !self.hidden.contains(original) && self.has_room(original) {
            self.hidden.insert(Original::labelled(original, label));
        }
    }

    /// Every original that may not occur in the capture: not those that stand for another one now.
    pub(super) fn private_originals(&self) -> impl Iterator<Item = &Original> {
        let mapped = self.map.keys().chain(self.numbers.keys());
        let all = mapped.chain(self.fresh.keys()).chain(&self.hidden);
        all.filter(|original| !self.used.contains(original.as_str()))
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
        let known = self.map.len() + self.numbers.len() + self.fresh.len() + self.hidden.len();
        let bytes = self.bytes + original.len();
        let room = known < self.limit && bytes <= MAX_BYTES;
        if room {
            self.bytes = bytes;
        }
        room
    }

    /// A replacement that stands for nothing else and to which no detector objects.
    fn draw_free(
        &mut self,
        original: &str,
        draw: impl Fn(&str, &mut StdRng) -> String,
    ) -> Option<String> {
        let mut longer = original.to_owned();
        for attempt in 1..=MAX_DRAWS {
            // What a client typed must not come out as a slot, which replay would fill.
            let mut candidate = draw(&longer, &mut self.rng);
            if candidate.contains('{') {
                candidate = candidate.replace("{{", "{(");
            }
            let mut personal = !detect::within(&candidate).is_empty();
            if personal && attempt > 1 {
                candidate = made_up::plain_letters(&candidate);
                personal = !detect::within(&candidate).is_empty();
            }
            let taken = candidate == original
                || self.used.contains(&candidate)
                || self.map.contains_key(candidate.as_str());
            if !personal && !taken {
                self.used.insert(candidate.clone());
                return Some(candidate);
            }
            // Short values run out of replacements: then theirs get longer.
            if attempt % 8 == 0 {
                let digits = longer.bytes().all(|b| b.is_ascii_digit());
                longer.push(if digits { '1' } else { 'a' });
            }
        }
        None
    }

    fn shift(&self, original: &str) -> String {
        let date = detect::date_at_start(original);
        // The first and last years of a calendar mean "always" and "never".
        let shifted = date
            .filter(|date| (1000..9000).contains(&date.year()))
            .and_then(|date| date.checked_add(self.shift_days.days()).ok());
        match shifted {
            Some(date) => format!("{date}{}", &original[10..]),
            None => original.to_owned(),
        }
    }

    fn choose(&mut self, original: &str, of: &[String]) -> String {
        self.varies = true;
        let others: Vec<_> = of.iter().filter(|choice| *choice != original).collect();
        match others.len() {
            0 => original.to_owned(),
            count => others[self.rng.random_range(0..count)].clone(),
        }
    }

    /// What stands for a value for which there is no replacement of its own.
    fn mask(&mut self, original: &str) -> String {
        self.tally.count(Label::Masked);
        self.varies = true;
        "x".repeat(original.chars().count())
    }
}

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
mod tests {
    use proptest::prelude::{prop_assert_eq, prop_assert_ne, proptest};
    use rand::SeedableRng as _;

    use super::*;

    fn seeded(seed: u64) -> Tokens {
        Tokens::with_rng(10_000, StdRng::seed_from_u64(seed))
    }

    #[test]
    fn one_original_has_one_replacement_and_no_two_share_it() {
        let mut tokens = seeded(1);
        let mut seen = HashSet::new();
        for id in 0..500 {
            let original = id.to_string();
            let replacement = tokens.replace(&original, Some(&Kind::Id));
            assert!(replacement.parse::<u64>().is_ok(), "{replacement}");
            assert_eq!(tokens.replace(&original, Some(&Kind::Text)), replacement);
            assert!(seen.insert(replacement));
        }
    }

    #[test]
    fn values_beyond_the_limit_are_masked_and_counted() {
        let mut tokens = Tokens::with_rng(1, StdRng::seed_from_u64(1));
        tokens.replace("first", None);
        assert_eq!(tokens.replace("second", None), "xxxxxx");
        assert_eq!(tokens.counts().get("masked"), Some(&1));
    }

    #[test]
    fn a_value_of_any_form_has_a_replacement_that_no_detector_objects_to() {
        let mut tokens = seeded(1);
        for original in [
            "123e4567-e89b-12d3-a456-426614174000",
            "2026-02-28T08:30:00Z",
            "ana@hospital.org",
            "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
            "123-45-1203",
            "2001:db8::1",
            "(808) 201-3388",
            "+49 30 1234567",
            "4111 1111 1111 1111",
            "https://ana:pw@hospital.org/x",
            "1234567890",
            "call 808-201-3388 or 123-45-6789",
            "write to maria@hospital.org before friday",
            "\u{1f930}\u{1f930}",
        ] {
            let replacement = tokens.replace(original, None);
            assert_ne!(replacement, original);
            assert_eq!(
                detect::within(&replacement),
                [],
                "{original} became {replacement}"
            );
        }
        assert_eq!(tokens.counts().get("masked"), None);
    }

    proptest! {
        #[test]
        fn dates_keep_order_gaps_and_weekdays(a in 0_i32..4000, b in 0_i32..4000, seed: u64) {
            let mut tokens = seeded(seed);
            let day = |n: i32| jiff::civil::date(2020, 1, 1) + n.days();
            let mut shift = |n: i32| tokens.replace(&day(n).to_string(), None)
                .parse::<jiff::civil::Date>().unwrap();
            let (new_a, new_b) = (shift(a), shift(b));
            prop_assert_eq!(new_a.weekday(), day(a).weekday());
            prop_assert_eq!((new_b - new_a).get_days(), b - a);
            prop_assert_ne!(new_a, day(a));
        }

        #[test]
        fn any_value_is_replaced_by_another(original in "\\PC{1,40}", seed: u64) {
            let mut tokens = seeded(seed);
            let replacement = tokens.replace(&original, None);
            if original.chars().any(char::is_alphanumeric) {
                prop_assert_ne!(&replacement, &original);
            }
            prop_assert_eq!(tokens.replace(&original, None), replacement);
        }
    }
}
