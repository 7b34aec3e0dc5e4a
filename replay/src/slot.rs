//! Slots: the holes that anonymization leaves for replay to fill, such as `{{auth:u2}}`.
//!
//! Finds them in text, and encodes a value for the place where it goes. Pure.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a slot stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The access token of a user.
    Auth,
    /// A value that is new in every run, and equal for equal names.
    Fresh,
    /// What an answer of this run gave: a link. Only in requests that are being compiled.
    Link,
    /// The same where JSON has a number: without quotes, unless the live value is none.
    Number,
    /// The password of a user.
    Password,
    /// The refresh token of a user.
    Refresh,
    /// Letters that are others for everybody who plays, in every run.
    Unique,
    /// The name that a user logs in with.
    Username,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Auth,
        Self::Fresh,
        Self::Link,
        Self::Number,
        Self::Password,
        Self::Refresh,
        Self::Unique,
        Self::Username,
    ];

    /// As captures write it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Fresh => "fresh",
            Self::Link => "link",
            Self::Number => "number",
            Self::Password => "password",
            Self::Refresh => "refresh",
            Self::Unique => "unique",
            Self::Username => "username",
        }
    }
}

/// A piece of text: as it stands, or a slot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text to send as it is.
    Literal(&'a str),
    /// A hole to fill.
    Slot {
        /// What it stands for.
        kind: Kind,
        /// Whose, or which: `u2`, `k7`.
        name: &'a str,
    },
}

/// Where a value goes, which decides how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A form field or a query parameter.
    Form,
    /// Inside a JSON string.
    Json,
    /// Where JSON has a number.
    Number,
    /// A header, or text of no known type: as it is.
    Plain,
}

/// Cuts text at its slots; anything in braces that is no slot stays text.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut searched) = (0, 0);
    while let Some(open) = text[searched..].find("{{").map(|at| at + searched) {
        let Some((kind, name, end)) = slot_at(text, open) else {
            searched = open + 1;
            continue;
        };
        if open > from {
            parts.push(Part::Literal(&text[from..open]));
        }
        parts.push(Part::Slot { kind, name });
        (from, searched) = (end, end);
    }
    if from < text.len() {
        parts.push(Part::Literal(&text[from..]));
    }
    parts
}

/// The text with `suffix` at the end of every slot's name; `None` when it has no slot.
pub(crate) fn renamed(text: &str, suffix: &str) -> Option<String> {
    let parts = parts(text);
    let is_slot = |part: &Part<'_>| matches!(part, Part::Slot { .. });
    parts.iter().any(is_slot).then(|| {
        let each = parts.iter().map(|part| match part {
            Part::Literal(text) => Cow::Borrowed(*text),
            Part::Slot { kind, name } => format!("{{{{{}:{name}{suffix}}}}}", kind.word()).into(),
        });
        each.collect()
    })
}

/// The value as it must be written at that place.
pub(crate) fn encode(value: &str, place: Place) -> Cow<'_, str> {
    match place {
        Place::Form => utf8_percent_encode(value, FORM).into(),
        Place::Json => json_text(value),
        Place::Number if is_bare(value) => value.into(),
        Place::Number => format!("\"{}\"", json_text(value)).into(),
        Place::Plain => value.into(),
    }
}

/// Which encoding a body of this content type needs.
pub(crate) fn place_in_body(content_type: &str) -> Place {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Place::Form
    } else if essence.ends_with("json") {
        Place::Json
    } else {
        Place::Plain
    }
}

fn slot_at(text: &str, open: usize) -> Option<(Kind, &str, usize)> {
    let inner = &text[open + 2..];
    let close = inner.find("}}")?;
    let (kind, name) = inner[..close].split_once(':')?;
    let kind = Kind::ALL.into_iter().find(|known| known.word() == kind)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!name.is_empty() && name.bytes().all(plain)).then_some((kind, name, open + 2 + close + 2))
}

/// Whether JSON writes it without quotes.
fn is_bare(value: &str) -> bool {
    matches!(value, "true" | "false" | "null") || value.parse::<serde_json::Number>().is_ok()
}

fn json_text(value: &str) -> Cow<'_, str> {
    match serde_json::to_string(value) {
        Ok(quoted) => quoted[1..quoted.len() - 1].to_owned().into(),
        // A string always serializes; were it not so, the plain value is the best there is.
        Err(_) => value.into(),
    }
}

const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_text_at_its_slots() {
        assert_eq!(
            parts("Bearer {{auth:u2}}; x"),
            [
                Part::Literal("Bearer "),
                Part::Slot {
                    kind: Kind::Auth,
                    name: "u2"
                },
                Part::Literal("; x"),
            ]
        );
    }

    #[test]
    fn leaves_other_braces_alone() {
        for text in [
            "{{name}}",
            "{{auth:}}",
            "{{auth:a b}}",
            "{{other:u1}}",
            "{{auth:u1",
            "{}",
        ] {
            assert_eq!(parts(text), [Part::Literal(text)]);
        }
        assert_eq!(
            parts("{{{auth:u1}}}"),
            [
                Part::Literal("{"),
                Part::Slot {
                    kind: Kind::Auth,
                    name: "u1"
                },
                Part::Literal("}"),
            ]
        );
    }

    #[test]
    fn encodes_for_the_place() {
        assert_eq!(encode("a\"b\\c\n", Place::Json), "a\\\"b\\\\c\\n");
        assert_eq!(encode("a b&c=d+ü", Place::Form), "a%20b%26c%3Dd%2B%C3%BC");
        assert_eq!(encode("a b", Place::Plain), "a b");
        assert_eq!(encode("-17", Place::Number), "-17");
        assert_eq!(encode("1\"7", Place::Number), "\"1\\\"7\"");
    }

    #[test]
    fn knows_the_place_by_content_type() {
        assert_eq!(
            place_in_body("application/json; charset=utf-8"),
            Place::Json
        );
        assert_eq!(place_in_body("application/problem+json"), Place::Json);
        assert_eq!(
            place_in_body("application/x-www-form-urlencoded"),
            Place::Form
        );
        assert_eq!(place_in_body("text/plain"), Place::Plain);
    }

    proptest! {
        #[test]
        fn a_filled_json_body_reads_back_the_value(value in any::<String>()) {
            let body = format!("{{\"password\":\"{}\"}}", encode(&value, Place::Json));
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(read["password"].as_str(), Some(value.as_str()));
        }

        #[test]
        fn a_filled_form_reads_back_the_value(value in any::<String>()) {
            let form = format!("username={}", encode(&value, Place::Form));
            let read: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            prop_assert_eq!(read, [("username".into(), value.into())]);
        }

        #[test]
        fn parts_lose_nothing(text in "[a-z{}:]{0,30}|([a-z]{0,3}\\{\\{auth:u[0-9]\\}\\}){0,4}") {
            let again: String = parts(&text).iter().map(|part| match part {
                Part::Literal(literal) => (*literal).to_owned(),
                Part::Slot { name, .. } => format!("{{{{auth:{name}}}}}"),
            }).collect();
            prop_assert_eq!(again, text);
        }
    }
}
