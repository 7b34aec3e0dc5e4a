//! Detectors: what a value is, seen by its form, or by what stands next to it.
//!
//! A detector is only tried where its [`Traits`] say that it could find something: all values pass
//! here, and in most there is nothing.

mod context;
mod forms;
mod network;
mod traits;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use regex::Regex;

pub(super) use context::years;

use super::dates;
use super::policy::Kind;
use forms::{CARD, EMAIL, Found, JWT, MAC, PHONE_WHOLE, SSN_WHOLE, URL, UUID, luhn};
use traits::{AT, COLON, DASH, DOT, EQUALS, J, LETTER, OTHER, PLUS, SLASH, Traits};

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Account,
    Address,
    Age,
    Card,
    Date,
    Digits,
    Email,
    Jwt,
    Mac,
    Mrn,
    Name,
    Phone,
    Postcode,
    Ssn,
    Street,
    Url,
    Uuid,
}

/// Something to look for in text.
struct Detector {
    form: Form,
    name: &'static str,
    /// Whether it could find anything.
    may: fn(&Traits) -> bool,
    find: fn(&str, Found<'_>),
}

/// Something that a whole value may be.
struct Whole {
    form: Form,
    /// Whether it could be, by its bytes and the first of them.
    may: fn(&[u8], u8) -> bool,
    is: fn(&str) -> bool,
}

/// Those that are in use: all but what a policy switches off, and its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Detectors {
    /// A bit for each of [`DETECTORS`].
    off: u32,
    own: Arc<[Own]>,
}

/// A detector that a policy brings.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) name: String,
    pub(super) pattern: Regex,
    /// What it finds.
    pub(super) kind: Kind,
    /// What the footer calls that.
    pub(super) label: &'static str,
}

impl Detectors {
    /// All but those of these names; `Err` with a name that none has.
    pub(super) fn new<'n>(
        off: impl IntoIterator<Item = &'n str>,
        own: Vec<Own>,
    ) -> Result<Self, &'n str> {
        let mut bits = 0;
        for name in off {
            let place = DETECTORS.iter().position(|detector| detector.name == name);
            bits |= 1 << place.ok_or(name)?;
        }
        Ok(Self {
            off: bits,
            own: own.into(),
        })
    }

    /// What the whole of `value` looks like.
    pub(super) fn whole(&self, value: &str) -> Option<Form> {
        let form = whole(value)?;
        self.has(form).then_some(form)
    }

    /// Whether every date is one, whatever else it may be.
    pub(super) fn shifts_dates(&self) -> bool {
        self.own.is_empty() && self.has(Form::Date)
    }

    fn has(&self, form: Form) -> bool {
        let place = DETECTORS.iter().position(|detector| detector.form == form);
        place.is_none_or(|place| self.is_on(place))
    }

    /// What one of the policy's own detectors says the whole of `value` is.
    pub(super) fn own(&self, value: &str) -> Option<&Kind> {
        let is_all = |own: &&Own| {
            own.pattern
                .find(value)
                .is_some_and(|hit| hit.len() == value.len())
        };
        let own = self.own.iter().find(is_all);
        own.map(|own| &own.kind)
    }

    /// Kinds of personal-looking values anywhere in `text`, with the place of each.
    pub(super) fn within(&self, text: &str) -> Vec<(&'static str, Range<usize>)> {
        self.look(text, |_| true)
    }

    /// The same but for what may stand for another value: what was made up is among the dates and
    /// network addresses of a capture, and nowhere else.
    pub(super) fn leaks(&self, text: &str) -> Vec<(&'static str, Range<usize>)> {
        self.look(text, |form| !matches!(form, Form::Address | Form::Date))
    }

    fn look(&self, text: &str, wanted: fn(Form) -> bool) -> Vec<(&'static str, Range<usize>)> {
        let mut found = Vec::new();
        for own in self.own.iter() {
            let hits = own.pattern.find_iter(text).filter(|hit| !hit.is_empty());
            found.extend(hits.map(|hit| (own.label, hit.range())));
        }
        let traits = Traits::of(text);
        let signs = AT | COLON | DASH | EQUALS | J | OTHER;
        let nothing = traits.digits == 0 && !traits.capital && !traits.has(signs);
        if nothing || is_uuid(text) {
            return found;
        }
        let text = if traits.has(DASH) && text.len() >= UUID_LENGTH {
            without_uuids(text)
        } else {
            Cow::Borrowed(text)
        };
        for (place, detector) in DETECTORS.iter().enumerate() {
            if wanted(detector.form) && self.is_on(place) && (detector.may)(&traits) {
                (detector.find)(&text, &mut |place| found.push((detector.name, place)));
            }
        }
        found
    }

    const fn is_on(&self, place: usize) -> bool {
        self.off >> place & 1 == 0
    }
}

/// The names of the detectors that a policy can switch off.
pub(super) struct Names;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = DETECTORS.each_ref().map(|detector| detector.name);
        let [most @ .., last] = &names;
        write!(f, "{} and {last}", most.join(", "))
    }
}

/// What the whole of `value` looks like to a detector.
pub(super) fn whole(value: &str) -> Option<Form> {
    let first = *value.as_bytes().first()?;
    let by_form = WHOLE
        .iter()
        .find(|it| (it.may)(value.as_bytes(), first) && (it.is)(value));
    match by_form {
        Some(whole) => Some(whole.form),
        None => by_context(value, first),
    }
}

/// What the whole of `value` is by what stands next to something in it.
fn by_context(value: &str, first: u8) -> Option<Form> {
    let traits = Traits::of(value);
    let is_all = |detector: &&Detector| {
        let mut all = false;
        if begins(detector.form, first) && (detector.may)(&traits) {
            (detector.find)(value, &mut |place| all |= place == (0..value.len()));
        }
        all
    };
    let found = DETECTORS.iter().find(is_all);
    found.map(|detector| detector.form)
}

/// Whether a whole value of this form may begin with this byte. None that is known by its form
/// alone is meant.
const fn begins(form: Form, first: u8) -> bool {
    match form {
        Form::Account => {
            matches!(first.to_ascii_lowercase(), b'a'..=b'e' | b'i' | b'l'..=b'n' | b'p' | b's' | b'v')
        }
        Form::Age => matches!(first, b'1' | b'9' | b'A' | b'a'),
        Form::Mrn => matches!(first.to_ascii_lowercase(), b'c' | b'm' | b'p'),
        Form::Name => matches!(
            first,
            b'1' | b'2' | b'C' | b'D' | b'L' | b'M' | b'N' | b'P' | b'S'
        ),
        Form::Postcode => {
            first.is_ascii_uppercase()
                || first.is_ascii_digit()
                || matches!(first, b'c' | b'p' | b'z')
        }
        Form::Street => first.is_ascii_digit(),
        _ => false,
    }
}

#[cfg(test)]
const fn is_contextual(form: Form) -> bool {
    matches!(
        form,
        Form::Account | Form::Age | Form::Mrn | Form::Name | Form::Postcode | Form::Street
    )
}

/// What nothing that was made up looks like: with every detector there is.
pub(super) fn within(text: &str) -> Vec<(&'static str, Range<usize>)> {
    ALL.leaks(text)
}

static ALL: LazyLock<Detectors> = LazyLock::new(Detectors::default);

/// Whether `value` is a UUID in the form of RFC 9562.
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == UUID_LENGTH
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The same, or without its dashes, in braces, or as a URN.
fn is_any_uuid(value: &str) -> bool {
    let inner = value.strip_prefix("urn:uuid:").unwrap_or(value);
    let braced = inner
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let is_bare = |text: &str| {
        text.len() == UUID_LENGTH - 4
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    is_uuid(braced.unwrap_or(inner)) || is_bare(value)
}

/// The same with letters for UUIDs, of which random digits would pass for card numbers.
fn without_uuids(text: &str) -> Cow<'_, str> {
    UUID.replace_all(text, |found: &regex::Captures<'_>| {
        "u".repeat(found[0].len())
    })
}

/// The date that `value` is, with or without a time of day.
pub(super) fn date_at_start(value: &str) -> Option<Date> {
    dates::iso(value).or_else(|| dates::whole(value).map(|found| found.date))
}

/// Whether `text` has a run of digits long enough to be an identifier.
pub(super) fn has_digit_run(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| !byte.is_ascii_digit())
        .any(|run| run.len() >= LONG_DIGITS)
}

fn is(pattern: &Regex, value: &str) -> bool {
    let found = pattern.find(value);
    found.is_some_and(|found| found.start() == 0 && found.end() == value.len())
}

/// In any script: patterns take its digits for digits.
const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || !byte.is_ascii()
}

/// What whole values look like.
static WHOLE: [Whole; 11] = [
    Whole {
        form: Form::Uuid,
        may: |bytes, _| matches!(bytes.len(), 32 | 36 | 38 | 45 | 47),
        is: is_any_uuid,
    },
    Whole {
        form: Form::Date,
        may: |bytes, first| {
            bytes.len() >= 6 && (first.is_ascii_digit() || b"ADFJMNOSTWadfjmnostw".contains(&first))
        },
        is: |value| dates::whole(value).is_some(),
    },
    Whole {
        form: Form::Email,
        may: |bytes, _| bytes.contains(&b'@'),
        is: |value| is(&EMAIL, value),
    },
    Whole {
        form: Form::Jwt,
        may: |bytes, _| bytes.starts_with(b"eyJ"),
        is: |value| is(&JWT, value),
    },
    Whole {
        form: Form::Ssn,
        may: |_, first| is_digit(first),
        is: |value| is(&SSN_WHOLE, value),
    },
    Whole {
        form: Form::Mac,
        may: |bytes, _| bytes.len() == 17 && matches!(bytes[2], b':' | b'-'),
        is: |value| is(&MAC, value) && value.parse::<IpAddr>().is_err(),
    },
    Whole {
        form: Form::Address,
        may: |_, first| first == b':' || first.is_ascii_hexdigit(),
        is: |value| value.parse::<IpAddr>().is_ok(),
    },
    Whole {
        form: Form::Phone,
        may: |_, first| is_digit(first) || matches!(first, b'+' | b'('),
        is: |value| PHONE_WHOLE.is_match(value),
    },
    Whole {
        form: Form::Card,
        may: |_, first| is_digit(first),
        is: |value| is(&CARD, value) && luhn(value),
    },
    Whole {
        form: Form::Url,
        may: |bytes, _| bytes.contains(&b':'),
        is: |value| URL.is_match(value),
    },
    Whole {
        form: Form::Digits,
        may: |bytes, _| bytes.len() >= LONG_DIGITS,
        is: |value| value.len() >= LONG_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit()),
    },
];

/// What is looked for in text.
static DETECTORS: [Detector; 15] = [
    Detector {
        form: Form::Account,
        name: "account",
        may: |it| it.digits >= 3 && it.has(LETTER | OTHER),
        find: context::accounts,
    },
    Detector {
        form: Form::Address,
        name: "address",
        may: |it| (it.digits >= 4 && it.has(DOT)) || (it.digits >= 1 && it.has(COLON)),
        find: network::addresses,
    },
    Detector {
        form: Form::Age,
        name: "age",
        may: |it| it.digits >= 2 && it.has(LETTER | OTHER),
        find: context::ages,
    },
    Detector {
        form: Form::Card,
        name: "card",
        may: |it| it.digits >= 13 || it.has(OTHER),
        find: forms::cards,
    },
    Detector {
        form: Form::Date,
        name: "date",
        may: |it| it.digits >= 4 && it.has(DASH | DOT | LETTER | SLASH),
        find: |text, found| dates::all(text).iter().for_each(|date| found(date.range())),
    },
    Detector {
        form: Form::Email,
        name: "email",
        may: |it| it.has(AT),
        find: forms::emails,
    },
    Detector {
        form: Form::Jwt,
        name: "jwt",
        may: |it| it.has(J),
        find: forms::jwts,
    },
    Detector {
        form: Form::Mac,
        name: "mac",
        may: |it| it.length >= 17 && it.has(COLON | DASH),
        find: forms::macs,
    },
    Detector {
        form: Form::Mrn,
        name: "mrn",
        may: |it| it.digits >= 3 && it.has(LETTER | OTHER),
        find: context::mrns,
    },
    Detector {
        form: Form::Name,
        name: "name",
        may: |it| it.capital,
        find: context::names,
    },
    Detector {
        form: Form::Phone,
        name: "phone",
        may: |it| it.digits >= 10 || it.has(OTHER | PLUS),
        find: forms::phones,
    },
    Detector {
        form: Form::Postcode,
        name: "postcode",
        may: |it| it.digits >= 2 && it.has(DASH | LETTER | OTHER),
        find: context::postcodes,
    },
    Detector {
        form: Form::Ssn,
        name: "ssn",
        may: |it| it.digits >= 9 || it.has(OTHER),
        find: forms::ssns,
    },
    Detector {
        form: Form::Street,
        name: "street",
        may: |it| it.digits >= 1 && it.capital,
        find: context::streets,
    },
    Detector {
        form: Form::Url,
        name: "url",
        may: |it| it.has(COLON) && it.has(AT | EQUALS | OTHER),
        find: forms::urls,
    },
];

/// Characters of a UUID.
const UUID_LENGTH: usize = 36;

/// Runs of digits from this length on count as identifiers.
pub(super) const LONG_DIGITS: usize = 7;

/// The smallest number of as many digits.
pub(super) const LONG_NUMBER: u64 = 1_000_000;

#[cfg(test)]
mod tests;
