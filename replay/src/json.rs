//! Finds one value in JSON text by its pointer (RFC 6901), without reading the rest into memory.
//!
//! Pure.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize as _;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// The steps of a pointer, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer(Box<[Box<str>]>);

/// A value as it is written, and how it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Its text.
    pub(crate) text: &'a str,
    /// Whether a list had too few items for the pointer, so that another item was taken: the
    /// pointer's position modulo the list's length.
    pub(crate) wrapped: bool,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// A list on the way is empty.
    EmptyList,
    /// There is no such place.
    NoPlace,
}

impl Pointer {
    /// Reads a pointer; `None` where the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && !text.starts_with('/') {
            return None;
        }
        let steps = text.split('/').skip(1).map(|step| unescape(step).into());
        Some(Self(steps.collect()))
    }

    /// The value at this place of a text that is JSON, at least up to there.
    pub(crate) fn find<'a>(&self, text: &'a str) -> Result<Found<'a>, Nothing> {
        find(&self.0, text, false)
    }

    /// Where that is in the text, when it is exactly there.
    pub(crate) fn range(&self, text: &str) -> Option<Range<usize>> {
        let found = self.find(text).ok().filter(|found| !found.wrapped)?;
        let start = found.text.as_ptr() as usize - text.as_ptr() as usize;
        Some(start..start + found.text.len())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |step: &str| step.replace('~', "~0").replace('/', "~1");
        self.0
            .iter()
            .try_for_each(|step| write!(f, "/{}", escaped(step)))
    }
}

/// A step of a pointer, or another name that is written as one.
pub(crate) fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') {
        step.replace("~1", "/").replace("~0", "~").into()
    } else {
        step.into()
    }
}

/// What a text, number or truth value says; nothing else says anything.
pub(crate) fn scalar(value: &str) -> Option<Cow<'_, str>> {
    match value.as_bytes().first()? {
        b'"' => {
            let plain = &value[1..value.len() - 1];
            if plain.contains('\\') {
                serde_json::from_str(value).ok().map(Cow::Owned)
            } else {
                Some(plain.into())
            }
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(value.into()),
    }
}

fn find<'a>(steps: &[Box<str>], text: &'a str, wrapped: bool) -> Result<Found<'a>, Nothing> {
    let mut taken = Taken::Nowhere;
    let step = Step {
        name: steps.first().map(|step| &**step),
        taken: &mut taken,
    };
    // It ends with an error as soon as it has what it looks for.
    let _stopped = step.deserialize(&mut serde_json::Deserializer::from_str(text));
    match (taken, steps) {
        (Taken::Value(value), []) => Ok(Found {
            text: value.get(),
            wrapped,
        }),
        (Taken::Value(value), [_, rest @ ..]) => find(rest, value.get(), wrapped),
        (Taken::Wrapped(value), [_, rest @ ..]) => find(rest, value.get(), true),
        (Taken::EmptyList, _) => Err(Nothing::EmptyList),
        (Taken::Nowhere | Taken::Wrapped(_), _) => Err(Nothing::NoPlace),
    }
}

/// What one step leads to.
enum Taken<'a> {
    Nowhere,
    EmptyList,
    Value(&'a RawValue),
    Wrapped(&'a RawValue),
}

struct Step<'p, 't, 'a> {
    /// `None` for the value itself.
    name: Option<&'p str>,
    taken: &'t mut Taken<'a>,
}

impl<'a> DeserializeSeed<'a> for Step<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.name.is_some() {
            return deserializer.deserialize_any(self);
        }
        *self.taken = Taken::Value(<&RawValue>::deserialize(deserializer)?);
        Ok(())
    }
}

impl<'a> Visitor<'a> for Step<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name<'a>>()? {
            if Some(&*name.0) == self.name {
                *self.taken = Taken::Value(map.next_value()?);
                return Err(A::Error::custom("found"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let Some(position) = self.name.and_then(|name| name.parse::<usize>().ok()) else {
            return Err(A::Error::custom("no position"));
        };
        let mut items: Vec<&RawValue> = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == position {
                *self.taken = Taken::Value(item);
                return Err(A::Error::custom("found"));
            }
            items.push(item);
        }
        *self.taken = match items.len() {
            0 => Taken::EmptyList,
            length => Taken::Wrapped(items[position % length]),
        };
        Ok(())
    }
}

/// A name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn find(pointer: &str, text: &str) -> Result<(String, bool), Nothing> {
        let found = Pointer::parse(pointer).unwrap().find(text)?;
        Ok((found.text.to_owned(), found.wrapped))
    }

    #[test]
    fn a_list_that_is_too_short_wraps_around() {
        let text = r#"{"items":[{"id":"a"},{"id":"b"},{"id":"c"}],"none":[]}"#;
        let at = |pointer| find(pointer, text);
        assert_eq!(at("/items/1/id"), Ok(("\"b\"".to_owned(), false)));
        assert_eq!(at("/items/4/id"), Ok(("\"b\"".to_owned(), true)));
        assert_eq!(at("/none/0/id"), Err(Nothing::EmptyList));
        for nowhere in ["/items/x", "/items/0/no", "/items/0/id/0", "/no"] {
            assert_eq!(at(nowhere), Err(Nothing::NoPlace), "{nowhere}");
        }
        assert_eq!(at("").unwrap().0, text);
    }

    #[test]
    fn what_comes_after_the_value_need_not_be_there() {
        let cut = r#"{"a":{"b":17},"c":[1,2"#;
        assert_eq!(find("/a/b", cut), Ok(("17".to_owned(), false)));
        assert_eq!(find("/d", cut), Err(Nothing::NoPlace));
        assert_eq!(find("/a", "<html>"), Err(Nothing::NoPlace));
    }

    #[test]
    fn only_text_numbers_and_truth_say_something() {
        assert_eq!(scalar("\"a\\u0062\\n\"").as_deref(), Some("ab\n"));
        assert_eq!(scalar("\"plain\"").as_deref(), Some("plain"));
        assert_eq!(scalar("-1.5e3").as_deref(), Some("-1.5e3"));
        assert_eq!(scalar("true").as_deref(), Some("true"));
        for nothing in ["null", "{}", "[1]", ""] {
            assert_eq!(scalar(nothing), None);
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\/~ü\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~\"é]{0,2}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    /// All places of a value, as pointers.
    fn places(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    places(item, &format!("{at}/{index}"), all);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    places(field, &format!("{at}/{name}"), all);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_serde_json_finds(value in json()) {
            let text = value.to_string();
            let mut all = Vec::new();
            places(&value, "", &mut all);
            for place in all {
                let pointer = Pointer::parse(&place).unwrap();
                prop_assert_eq!(pointer.to_string(), place.as_str());
                let found = pointer.find(&text).unwrap();
                let read: Value = serde_json::from_str(found.text).unwrap();
                prop_assert_eq!(Some(&read), value.pointer(&place));
                prop_assert_eq!(&text[pointer.range(&text).unwrap()], found.text);
            }
        }
    }
}
