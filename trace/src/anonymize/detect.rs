//! Detectors: what a value is, seen by its form alone.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use super::dates;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Address,
    Card,
    Date,
    Digits,
    Email,
    Jwt,
    Phone,
    Ssn,
    Url,
    Uuid,
}

/// What the whole of `value` looks like.
///
/// A pattern is only tried where the value has what every match of it has: most values have not,
/// and this is asked of all of them.
pub(super) fn whole(value: &str) -> Option<Form> {
    let bytes = value.as_bytes();
    let first = *bytes.first()?;
    let is = |pattern: &Regex| {
        pattern
            .find(value)
            .is_some_and(|found| found.start() == 0 && found.end() == value.len())
    };
    // In any script: patterns take its digits for digits.
    let digit = first.is_ascii_digit() || !first.is_ascii();
    if is_uuid(value) {
        Some(Form::Uuid)
    } else if date_at_start(value).is_some() {
        Some(Form::Date)
    } else if bytes.contains(&b'@') && is(&EMAIL) {
        Some(Form::Email)
    } else if value.starts_with("eyJ") && is(&JWT) {
        Some(Form::Jwt)
    } else if digit && is(&SSN) {
        Some(Form::Ssn)
    } else if (first == b':' || first.is_ascii_hexdigit()) && value.parse::<IpAddr>().is_ok() {
        Some(Form::Address)
    } else if (digit || matches!(first, b'+' | b'(')) && is(&PHONE) {
        Some(Form::Phone)
    } else if digit && is(&CARD) && luhn(value) {
        Some(Form::Card)
    } else if bytes.contains(&b':') && URL.is_match(value) {
        Some(Form::Url)
    } else if bytes.len() >= LONG_DIGITS && bytes.iter().all(u8::is_ascii_digit) {
        Some(Form::Digits)
    } else {
        None
    }
}

/// Kinds of personal-looking values anywhere in `text`, with the place of each, for the audit and
/// for values that a rule would keep. What Rehearsal makes up itself is not among them.
///
/// As in [`whole`], a pattern is only tried where it could match.
pub(super) fn within(text: &str) -> Vec<(&'static str, Range<usize>)> {
    let bytes = text.as_bytes();
    let has = |wanted| bytes.contains(&wanted);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if (digits == 0 && !has(b'@')) || is_uuid(text) {
        return Vec::new();
    }
    let any_script = !text.is_ascii();
    let lettered = if digits > 0 && has(b'-') && bytes.len() >= UUID_LENGTH {
        without_uuids(text)
    } else {
        Cow::Borrowed(text)
    };
    let mut found = Vec::new();
    let mut look = |kind, pattern: &Regex, personal: fn(&str) -> bool| {
        for place in pattern.find_iter(&lettered) {
            if personal(place.as_str()) {
                found.push((kind, place.range()));
            }
        }
    };
    if has(b'@') {
        look("email", &EMAIL, |hit| {
            !hit.to_ascii_lowercase().ends_with("@example.com")
        });
    }
    if has(b'J') {
        look("jwt", &JWT, |_| true);
    }
    if any_script || (digits >= 9 && has(b'-')) {
        look("ssn", &SSN, |hit| !hit.starts_with("000-"));
    }
    if any_script || digits >= 10 || has(b'+') {
        look("phone", &PHONE, |hit| !is_fictional(hit));
    }
    if any_script || digits >= 13 {
        look("card", &CARD, luhn);
    }
    found
}

/// Whether `value` is a UUID in the form of RFC 9562.
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == UUID_LENGTH
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The same with letters for UUIDs, of which random digits would pass for card numbers.
fn without_uuids(text: &str) -> Cow<'_, str> {
    UUID.replace_all(text, |found: &regex::Captures<'_>| {
        "u".repeat(found[0].len())
    })
}

/// The date that `value` is, with or without a time of day.
pub(super) fn date_at_start(value: &str) -> Option<Date> {
    dates::whole(value).map(|found| found.date)
}

/// Whether `text` has a run of digits long enough to be an identifier.
pub(super) fn has_digit_run(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| !byte.is_ascii_digit())
        .any(|run| run.len() >= LONG_DIGITS)
}

/// Whether the digits end in 555-01xx, the block for fiction.
fn is_fictional(phone: &str) -> bool {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits
        .len()
        .checked_sub(7)
        .is_some_and(|at| digits[at..].starts_with("55501"))
}

/// The check digit of card numbers (ISO/IEC 7812-1, annex B).
fn luhn(number: &str) -> bool {
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    digits.len() >= 13 && sum.is_multiple_of(10)
}

/// Characters of a UUID.
const UUID_LENGTH: usize = 36;

/// Runs of digits from this length on count as identifiers.
pub(super) const LONG_DIGITS: usize = 7;

/// The smallest number of as many digits.
pub(super) const LONG_NUMBER: u64 = 1_000_000;

macro_rules! pattern {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($source).expect("valid pattern"));
    };
}

pattern!(
    UUID,
    r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
);
pattern!(
    EMAIL,
    r"(?i)[a-z0-9._%+'-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
);
pattern!(
    JWT,
    r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"
);
pattern!(SSN, r"\b\d{3}-\d{2}-\d{4}\b");
pattern!(
    PHONE,
    r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|\+\d[\d ()/.-]{7,17}\d\b"
);
pattern!(CARD, r"\b\d(?:[ -]?\d){12,18}\b");
pattern!(URL, r"(?i)^[a-z][a-z0-9+.-]*://[^\s]+$");

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    #[test]
    fn a_whole_value_has_one_form() {
        let table = [
            ("123e4567-e89b-12d3-a456-426614174000", Some(Form::Uuid)),
            ("2026-02-28", Some(Form::Date)),
            ("2026-02-28T08:30:00.125Z", Some(Form::Date)),
            ("2026-02-28 is late", None),
            ("2026-02-31", None),
            ("maria.gonzalez@hospital.org", Some(Form::Email)),
            ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", Some(Form::Jwt)),
            ("123-45-1203", Some(Form::Ssn)),
            ("203.0.113.9", Some(Form::Address)),
            ("2001:db8::1", Some(Form::Address)),
            ("(808) 201-3388", Some(Form::Phone)),
            ("+49 30 1234567", Some(Form::Phone)),
            ("4111 1111 1111 1111", Some(Form::Card)),
            ("https://ana:pw@hospital.org/x", Some(Form::Url)),
            ("1234567890", Some(Form::Digits)),
            ("123456", None),
            ("cp_sat", None),
            ("", None),
        ];
        for (value, form) in table {
            assert_eq!(whole(value), form, "{value}");
        }
    }

    #[test]
    fn personal_values_are_found_inside_text() {
        let kinds = |text| {
            within(text)
                .into_iter()
                .map(|(kind, _)| kind)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            kinds("write to ana@clinic.org or call 808-201-3388"),
            ["email", "phone"]
        );
        assert_eq!(
            kinds("SSN 123-45-6789, card 4111111111111111"),
            ["ssn", "card"]
        );
        assert_eq!(
            kinds("tavo@example.com, (212) 555-0142, 000-12-3456"),
            [""; 0]
        );
        assert_eq!(kinds("id 41111111-1111-1111-8111-111111111111"), [""; 0]);
        assert_eq!(kinds("page 2 of 14"), [""; 0]);
    }

    /// [`whole`] with every pattern tried on every value.
    fn whole_by_patterns(value: &str) -> Option<Form> {
        let is = |pattern: &Regex| {
            pattern
                .find(value)
                .is_some_and(|found| found.start() == 0 && found.end() == value.len())
        };
        let all_digits = value.len() >= LONG_DIGITS && value.bytes().all(|b| b.is_ascii_digit());
        let forms = [
            (is(&UUID), Form::Uuid),
            (date_at_start(value).is_some(), Form::Date),
            (is(&EMAIL), Form::Email),
            (is(&JWT), Form::Jwt),
            (is(&SSN), Form::Ssn),
            (value.parse::<IpAddr>().is_ok(), Form::Address),
            (is(&PHONE), Form::Phone),
            (is(&CARD) && luhn(value), Form::Card),
            (URL.is_match(value), Form::Url),
            (all_digits, Form::Digits),
        ];
        let first = forms.into_iter().find(|(fits, _)| *fits);
        first.map(|(_, form)| form)
    }

    /// [`within`] with every pattern tried on every text.
    fn within_by_patterns(text: &str) -> Vec<(&'static str, Range<usize>)> {
        if !text.bytes().any(|b| b.is_ascii_digit() || b == b'@') {
            return Vec::new();
        }
        let text = without_uuids(text);
        let mut found = Vec::new();
        let mut look = |kind, pattern: &Regex, personal: &dyn Fn(&str) -> bool| {
            let hits = pattern.find_iter(&text);
            let personal = hits.filter(|hit| personal(hit.as_str()));
            found.extend(personal.map(|hit| (kind, hit.range())));
        };
        look("email", &EMAIL, &|hit| {
            !hit.to_ascii_lowercase().ends_with("@example.com")
        });
        look("jwt", &JWT, &|_| true);
        look("ssn", &SSN, &|hit| !hit.starts_with("000-"));
        look("phone", &PHONE, &|hit| !is_fictional(hit));
        look("card", &CARD, &luhn);
        found
    }

    /// Text in which patterns match, nearly match, and stand next to each other.
    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[0-9]{1,7}",
            "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9A-F]{4}-[0-9a-f]{12}",
            "[a-zA-Z.+']{1,5}@[a-z-]{1,4}\\.[a-zA-Z]{1,3}",
            "eyJ[a-z0-9]{4,6}\\.[A-Za-z0-9_-]{4,6}\\.",
            "[0-9]{3}-[0-9]{2}-[0-9]{4}",
            "[+(]?[0-9]{3}[) .-]{1,2}[0-9]{3}[ .-][0-9]{4}",
            "\\+[0-9][0-9 ()/.-]{6,9}[0-9]",
            "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}",
            "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ]?",
            "[0-2][0-9]:[0-5][0-9](:[0-5][0-9]Z)?",
            "[a-zA-Z]{1,3}:[/]{1,2}[a-z.]{1,5}",
            "[0-9a-f]{0,4}::?[0-9a-f]{0,4}",
            "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
            "[٠-٩०-९]{2,5}",
            "[\u{17f}\u{212a}é]{1,2}",
            "[ ,;:@/.+()-]{1,2}",
            "\\PC{0,3}",
        ];
        collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_pattern_that_is_not_tried_would_not_match(text in any_text()) {
            prop_assert_eq!(whole(&text), whole_by_patterns(&text));
            prop_assert_eq!(within(&text), within_by_patterns(&text));
        }
    }

    #[test]
    fn a_long_number_has_as_many_digits_as_a_long_run() {
        assert!(has_digit_run(&LONG_NUMBER.to_string()));
        assert!(!has_digit_run(&(LONG_NUMBER - 1).to_string()));
    }

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&UUID, &EMAIL, &JWT, &SSN, &PHONE, &CARD, &URL] {
            assert!(!pattern.as_str().is_empty());
        }
    }
}
