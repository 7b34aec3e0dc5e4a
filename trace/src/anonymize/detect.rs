//! Detectors: what a value is, seen by its form alone.

use std::net::IpAddr;
use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

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
pub(super) fn whole(value: &str) -> Option<Form> {
    let is = |pattern: &Regex| {
        pattern
            .find(value)
            .is_some_and(|found| found.start() == 0 && found.end() == value.len())
    };
    if is(&UUID) {
        Some(Form::Uuid)
    } else if date_at_start(value).is_some() {
        Some(Form::Date)
    } else if is(&EMAIL) {
        Some(Form::Email)
    } else if is(&JWT) {
        Some(Form::Jwt)
    } else if is(&SSN) {
        Some(Form::Ssn)
    } else if value.parse::<IpAddr>().is_ok() {
        Some(Form::Address)
    } else if is(&PHONE) {
        Some(Form::Phone)
    } else if is(&CARD) && luhn(value) {
        Some(Form::Card)
    } else if URL.is_match(value) {
        Some(Form::Url)
    } else if value.len() >= LONG_DIGITS && value.bytes().all(|b| b.is_ascii_digit()) {
        Some(Form::Digits)
    } else {
        None
    }
}

/// Kinds of personal-looking values anywhere in `text`, with the place of each, for the audit and
/// for values that a rule would keep. What Rehearsal makes up itself is not among them.
pub(super) fn within(text: &str) -> Vec<(&'static str, std::ops::Range<usize>)> {
    if !text.bytes().any(|b| b.is_ascii_digit() || b == b'@') {
        return Vec::new();
    }
    // Random digits of a UUID would pass for card numbers.
    let text = UUID.replace_all(text, |found: &regex::Captures<'_>| {
        "u".repeat(found[0].len())
    });
    let mut found = Vec::new();
    let mut look = |kind, pattern: &Regex, personal: fn(&str) -> bool| {
        for place in pattern.find_iter(&text) {
            if personal(place.as_str()) {
                found.push((kind, place.range()));
            }
        }
    };
    look("email", &EMAIL, |hit| {
        !hit.to_ascii_lowercase().ends_with("@example.com")
    });
    look("jwt", &JWT, |_| true);
    look("ssn", &SSN, |hit| !hit.starts_with("000-"));
    look("phone", &PHONE, |hit| !is_fictional(hit));
    look("card", &CARD, luhn);
    found
}

/// The date that `value` begins with, if the rest is nothing or a time of day.
pub(super) fn date_at_start(value: &str) -> Option<Date> {
    let date = value.get(..10)?;
    let rest = value.as_bytes().get(10);
    if !matches!(rest, None | Some(b'T' | b' ')) {
        return None;
    }
    let bytes = date.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' || !bytes[0].is_ascii_digit() {
        return None;
    }
    if rest.is_some() && !TIME.is_match(&value[11..]) {
        return None;
    }
    date.parse().ok()
}

/// Whether `text` has a run of digits long enough to be an identifier.
pub(super) fn has_digit_run(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
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

/// Runs of digits from this length on count as identifiers.
pub(super) const LONG_DIGITS: usize = 7;

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
pattern!(
    TIME,
    r"^\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?$"
);

#[cfg(test)]
mod tests {
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

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&UUID, &EMAIL, &JWT, &SSN, &PHONE, &CARD, &URL, &TIME] {
            assert!(!pattern.as_str().is_empty());
        }
    }
}
