//! A place in an answer, such as `body#/access_token`, `header/etag` or `cookie/session`.
//!
//! Pure. The places are those of a capture's links.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use trace::coding;

use crate::json::{Nothing, Pointer, scalar, unescape};

/// A place in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locator {
    /// In a JSON body: `body#/items/3/id`.
    Body(Pointer),
    /// A cookie that it sets: `cookie/session`.
    Cookie(Box<str>),
    /// A header, or a part of its value: `header/etag`, `header/location/path/3`.
    Header(Box<str>, Part),
}

/// What of a header's value is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// An item of the list that it is, from 0.
    Item(usize),
    /// A segment of the path of the URL that it is, from 0.
    Segment(usize),
    /// A parameter of that URL's query, and which one of that name, from 0.
    Parameter(Box<str>, usize),
}

/// An answer, as far as it is looked into.
pub(crate) struct Seen<'a> {
    /// Header lines.
    head: Cow<'a, str>,
    /// As it was before it was compressed; empty where that can't be known.
    body: Cow<'a, str>,
}

/// What stands at a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given<'a> {
    /// As text.
    pub(crate) text: Cow<'a, str>,
    /// Whether a list was too short, so that [another item](crate::json::Found::wrapped) was taken.
    pub(crate) wrapped: bool,
}

impl<'a> Seen<'a> {
    /// Of header lines (`name: value`), and of a body as it came.
    pub(crate) fn of(head: &'a [u8], body: &'a [u8]) -> Self {
        let mut seen = Self {
            head: String::from_utf8_lossy(head),
            body: "".into(),
        };
        let codings = seen
            .headers("content-encoding")
            .collect::<Vec<_>>()
            .join(",");
        seen.body = match coding::decode(&codings, body, MOST_DECODED) {
            Ok(Cow::Borrowed(body)) => String::from_utf8_lossy(body),
            Ok(Cow::Owned(body)) => match String::from_utf8(body) {
                Ok(body) => body.into(),
                Err(error) => String::from_utf8_lossy(error.as_bytes())
                    .into_owned()
                    .into(),
            },
            Err(_) => "".into(),
        };
        seen
    }

    /// The values of a header.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The body as text.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }
}

impl Locator {
    /// What stands at this place of a live answer.
    pub(crate) fn find<'a>(&self, answer: &'a Seen<'_>) -> Result<Given<'a>, Nothing> {
        let whole = |text: Option<Cow<'a, str>>| {
            let wrapped = false;
            text.map(|text| Given { text, wrapped })
                .ok_or(Nothing::NoPlace)
        };
        match self {
            Self::Body(pointer) => {
                let found = pointer.find(answer.body())?;
                let given = whole(scalar(found.text))?;
                Ok(Given {
                    wrapped: found.wrapped,
                    ..given
                })
            }
            Self::Cookie(name) => whole(cookie(answer, name)),
            Self::Header(name, part) => {
                whole(answer.headers(name).find_map(|value| part.of(value)))
            }
        }
    }

    /// The token at this place, without what usually stands around it in a cookie or a header.
    pub(crate) fn token<'a>(&self, answer: &'a Seen<'_>) -> Option<Cow<'a, str>> {
        let text = self.find(answer).ok()?.text;
        let bare = |text: &str| -> (usize, usize) {
            let trimmed = text.trim_matches('"');
            let token = trimmed.strip_prefix("Bearer ").unwrap_or(trimmed);
            let start = token.as_ptr() as usize - text.as_ptr() as usize;
            (start, start + token.len())
        };
        let (start, end) = bare(&text);
        if start == end {
            return None;
        }
        Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
            Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
        })
    }

    /// The value that the policy kept at this place of a recorded shape (`"keep:faculty"`).
    pub(crate) fn kept_in(&self, shape: &Value) -> Option<String> {
        let Self::Body(pointer) = self else {
            return None;
        };
        let kept = shape.pointer(&pointer.to_string())?.as_str()?;
        kept.strip_prefix("keep:").map(str::to_owned)
    }
}

impl Part {
    fn of<'a>(&self, value: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Whole => Some(value.into()),
            Self::Item(item) => value.split(',').nth(*item).map(|item| item.trim().into()),
            Self::Segment(segment) => {
                let path = path_of(value).split('?').next()?;
                let segment = path.split('/').nth(segment + 1)?;
                decoded(segment)
            }
            Self::Parameter(name, nth) => {
                let query = path_of(value).split_once('?')?.1;
                let query = query.split('#').next()?;
                let pairs = query
                    .split('&')
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
                let mut named = pairs.filter(|(key, _)| decoded(key).as_deref() == Some(name));
                decoded(named.nth(*nth)?.1)
            }
        }
    }
}

/// The path and query of a URL, which may be nothing but these.
fn path_of(url: &str) -> &str {
    match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    }
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// The value of a cookie that the answer sets.
fn cookie<'a>(answer: &'a Seen<'_>, name: &str) -> Option<Cow<'a, str>> {
    let pairs = answer.headers("set-cookie").filter_map(|line| {
        let (name, value) = line.split(';').next()?.split_once('=')?;
        Some((name.trim(), value.trim()))
    });
    // The last one is the one that a browser keeps.
    let value = pairs.filter(|(known, _)| *known == name).last()?.1;
    Some(value.into())
}

impl FromStr for Locator {
    type Err = InvalidLocator;

    fn from_str(text: &str) -> Result<Self, InvalidLocator> {
        let invalid = || InvalidLocator(text.to_owned());
        if let Some(pointer) = text.strip_prefix("body#") {
            return Pointer::parse(pointer).map(Self::Body).ok_or_else(invalid);
        }
        let steps: Vec<_> = text.split('/').map(unescape).collect();
        let number = |step: &str| step.parse().map_err(|_number| invalid());
        match &steps[..] {
            [_, name, ..] if name.is_empty() => Err(invalid()),
            [kind, name] if kind == "cookie" => Ok(Self::Cookie((&**name).into())),
            [kind, name, rest @ ..] if kind == "header" => {
                let part = match rest {
                    [] => Part::Whole,
                    [item] => Part::Item(number(item)?),
                    [part, segment] if part == "path" => Part::Segment(number(segment)?),
                    [part, key] if part == "query" => Part::Parameter((&**key).into(), 0),
                    [part, key, nth] if part == "query" => {
                        Part::Parameter((&**key).into(), number(nth)?)
                    }
                    _ => return Err(invalid()),
                };
                Ok(Self::Header((&**name).into(), part))
            }
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(pointer) => write!(f, "body#{pointer}"),
            Self::Cookie(name) => write!(f, "cookie/{name}"),
            Self::Header(name, part) => {
                write!(f, "header/{name}")?;
                match part {
                    Part::Whole => Ok(()),
                    Part::Item(item) => write!(f, "/{item}"),
                    Part::Segment(segment) => write!(f, "/path/{segment}"),
                    Part::Parameter(key, 0) => write!(f, "/query/{key}"),
                    Part::Parameter(key, nth) => write!(f, "/query/{key}/{nth}"),
                }
            }
        }
    }
}

/// The text names no place in an answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, \
     or `header/` or `cookie/` and a name"
)]
pub(crate) struct InvalidLocator(String);

/// Bytes of a body once it is decoded, at most.
const MOST_DECODED: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] = b"Content-Type: application/json\r\n\
        ETag: \"v1\"\r\n\
        Location: https://h.example/api/v1/leave/17?page=2&page=a%20b#x\r\n\
        Vary: a, b\r\n\
        Set-Cookie: sid=first; Path=/\r\n\
        set-cookie: sid=\"Bearer abc\"; HttpOnly\r\n";

    fn given(place: &str, body: &[u8]) -> Option<String> {
        let locator: Locator = place.parse().unwrap();
        assert_eq!(locator.to_string(), place);
        let seen = Seen::of(HEAD, body);
        locator
            .find(&seen)
            .ok()
            .map(|given| given.text.into_owned())
    }

    #[test]
    fn finds_text_in_bodies_headers_and_cookies() {
        let body = br#"{"tokens":[{"value":"abc"}],"n":7,"o":{}}"#;
        let at = |place| given(place, body);
        assert_eq!(at("body#/tokens/0/value").as_deref(), Some("abc"));
        assert_eq!(at("body#/n").as_deref(), Some("7"));
        assert_eq!(at("body#/o"), None);
        assert_eq!(at("header/etag").as_deref(), Some("\"v1\""));
        assert_eq!(at("header/vary/1").as_deref(), Some("b"));
        assert_eq!(at("header/location/path/3").as_deref(), Some("17"));
        assert_eq!(at("header/location/path/4"), None);
        assert_eq!(at("header/location/query/page/1").as_deref(), Some("a b"));
        assert_eq!(at("cookie/sid").as_deref(), Some("\"Bearer abc\""));
        assert_eq!(at("cookie/other"), None);
        assert_eq!(given("body#/n", b"<html>"), None);
    }

    #[test]
    fn a_token_comes_without_its_surroundings() {
        let seen = Seen::of(HEAD, br#"{"token":"abc","none":""}"#);
        let token = |place: &str| {
            let locator: Locator = place.parse().unwrap();
            locator.token(&seen).map(Cow::into_owned)
        };
        assert_eq!(token("body#/token").as_deref(), Some("abc"));
        assert_eq!(token("cookie/sid").as_deref(), Some("abc"));
        assert_eq!(token("body#/none"), None);
    }

    #[test]
    fn what_was_compressed_is_read() {
        // gzip of `{"n":7}`.
        let packed = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 83, 178, 50, 175, 5, 0, 248, 156, 17,
            130, 7, 0, 0, 0,
        ];
        let seen = Seen::of(b"content-encoding: gzip\r\n", &packed);
        assert_eq!(seen.body(), "{\"n\":7}");
        let unknown = Seen::of(b"content-encoding: zip\r\n", b"{}");
        assert_eq!(unknown.body(), "");
    }

    #[test]
    fn finds_what_the_policy_kept() {
        let locator: Locator = "body#/role".parse().unwrap();
        let shape = serde_json::json!({"role": "keep:faculty", "name": "string(11)"});
        assert_eq!(locator.kept_in(&shape).as_deref(), Some("faculty"));
        let other: Locator = "body#/name".parse().unwrap();
        assert_eq!(other.kept_in(&shape), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_looked_into_without_harm(
            head in prop::collection::vec(any::<u8>(), 0..60),
            url in "[a-z:/?&=%#0-9]{0,30}",
            body in "[{}\\[\\]\",:a0 \\\\u]{0,40}",
        ) {
            let head = [b"location: ", url.as_bytes(), b"\r\nset-cookie: ", &head, b"\r\n"].concat();
            for coding in ["", "content-encoding: gzip\r\n"] {
                let head = [coding.as_bytes(), &head].concat();
                let seen = Seen::of(&head, body.as_bytes());
                for place in ["body#/a/0", "body#", "header/location/path/1", "header/location/query/a/1", "cookie/a"] {
                    let locator: Locator = place.parse().unwrap();
                    drop(locator.find(&seen));
                    locator.token(&seen);
                }
            }
        }
    }

    #[test]
    fn refuses_other_places() {
        for text in [
            "header",
            "header/",
            "cookie/",
            "body",
            "body#role",
            "",
            "header/a/b",
        ] {
            assert_eq!(
                text.parse::<Locator>(),
                Err(InvalidLocator(text.to_owned()))
            );
        }
    }
}
