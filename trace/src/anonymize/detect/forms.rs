//! Values that their form alone gives away.

use std::ops::Range;

use regex::Regex;

/// Calls `found` with each place.
pub(super) type Found<'f> = &'f mut dyn FnMut(Range<usize>);

macro_rules! pattern {
    ($name:ident, $source:expr) => {
        pub(super) static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($source).expect("valid pattern"));
    };
}
pub(super) use pattern;

pub(super) fn emails(text: &str, found: Found<'_>) {
    each(&EMAIL, text, found, |hit| {
        !hit.to_ascii_lowercase().ends_with("@example.com")
    });
}

pub(super) fn jwts(text: &str, found: Found<'_>) {
    each(&JWT, text, found, |_| true);
}

pub(super) fn ssns(text: &str, found: Found<'_>) {
    each(&SSN, text, found, |hit| !hit.starts_with("000"));
    // By their name also without dashes.
    for hit in SSN_NAMED.captures_iter(text) {
        if let Some(number) = hit.get(1)
            && !number.as_str().starts_with("000")
            && !SSN.is_match(number.as_str())
        {
            found(number.range());
        }
    }
}

pub(super) fn phones(text: &str, found: Found<'_>) {
    each(&PHONE, text, found, |hit| {
        let abroad = hit.starts_with("00");
        !is_fictional(hit) && (!abroad || hit.bytes().filter(u8::is_ascii_digit).count() >= 10)
    });
}

pub(super) fn cards(text: &str, found: Found<'_>) {
    each(&CARD, text, found, luhn);
}

pub(super) fn macs(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    each_range(&MAC, text, &mut |place| {
        // Six groups, not six of many.
        let before = place.start.checked_sub(1).map(|at| bytes[at]);
        let is_joint = |byte: Option<u8>| matches!(byte, Some(b':' | b'-'));
        let separator = bytes[place.start + 2];
        let even = (2..17)
            .step_by(3)
            .all(|at| bytes[place.start + at] == separator);
        let hit = &text[place.clone()];
        if even && !is_joint(before) && !is_joint(bytes.get(place.end).copied()) && !is_nobodys(hit)
        {
            found(place);
        }
    });
}

/// Links that have a password or a signature in them.
pub(super) fn urls(text: &str, found: Found<'_>) {
    each_range(&URL_PASSWORD, text, found);
    each_range(&URL_TOKEN, text, found);
}

pub(super) fn each(pattern: &Regex, text: &str, found: Found<'_>, personal: fn(&str) -> bool) {
    for hit in pattern.find_iter(text) {
        if personal(hit.as_str()) {
            found(hit.range());
        }
    }
}

pub(super) fn each_range(pattern: &Regex, text: &str, found: Found<'_>) {
    pattern.find_iter(text).for_each(|hit| found(hit.range()));
}

/// Whether the digits end in 555-01xx, the block for fiction.
pub(super) fn is_fictional(phone: &str) -> bool {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits
        .len()
        .checked_sub(7)
        .is_some_and(|at| digits[at..].starts_with("55501"))
}

/// Whether a device's address begins as those do that stand for others.
fn is_nobodys(mac: &str) -> bool {
    mac.bytes()
        .filter(u8::is_ascii_hexdigit)
        .take(6)
        .eq(*b"020000")
}

/// The check digit of card numbers (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(number: &str) -> bool {
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
pattern!(SSN_WHOLE, r"^\d{3}[ -]\d{2}[ -]\d{4}$");
pattern!(
    SSN_NAMED,
    r"(?i)\b(?:SSN|social security)(?: (?:number|no\.?|nr\.?|num))?[ :#=.]{0,3}([0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4})\b"
);
pattern!(
    PHONE,
    r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|\+\d[\d ()/.-]{7,17}\d\b|\b00[1-9]\d{0,2}[ ./-]\d[\d ()/.-]{5,14}\d\b"
);
pattern!(
    PHONE_WHOLE,
    r"(?i)^(?:(?:\+?\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|\+\d[\d ()/.-]{7,17}\d|00[1-9]\d{0,2}[ ./-]\d[\d ()/.-]{5,14}\d)(?: ?(?:x|ext\.?|extension|#) ?\d{1,6})?$"
);
pattern!(CARD, r"\b\d(?:[ -]?\d){12,18}\b");
pattern!(MAC, r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b");
pattern!(URL, r"(?i)^[a-z][a-z0-9+.-]*://[^\s]+$");
pattern!(
    URL_PASSWORD,
    r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/@:?#]*:[^\s/@?#]+@[^\s]*"
);
pattern!(
    URL_TOKEN,
    r#"(?ix) \b[a-z][a-z0-9+.-]*://[^\s"'<>?@]*\?(?:[^\s"'<>]*[&;])?
    (?:access_?token|token|sig|signature|x-amz-(?:signature|credential|security-token)
    |x-goog-(?:signature|credential)|awsaccesskeyid|api_?key|key|code|password|pwd|secret|auth
    |session(?:_?id)?)=[^\s&"'<>{]{4,}"#
);
