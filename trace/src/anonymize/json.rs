//! JSON as it came: strings without escapes are slices of the body.
//!
//! Reads what [`serde_json::Value`] reads, and means the same by it, without copying every string.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use zeroize::Zeroizing;

/// A JSON value.
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Array<'a>),
    /// In order, every name once.
    Object(Fields<'a>),
}

/// A JSON array, or of a long one its beginning.
pub(super) struct Array<'a> {
    pub(super) items: Vec<Json<'a>>,
    /// How many items it has.
    pub(super) length: u64,
    /// The strings of the fields in the rest of it that were asked for.
    pub(super) rest: Vec<Zeroizing<String>>,
}

pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl<'a> Json<'a> {
    /// Reads the whole of `text`.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        read(text, Any(None))
    }

    /// Reads `text` but for what comes after the first `items` of an array. Of that it takes the
    /// strings of fields for whose name `wanted` holds.
    pub(super) fn outline(
        text: &'a str,
        items: usize,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Option<Self> {
        read(text, Any(Some(Outline { items, wanted })))
    }
}

fn read<'a>(text: &'a str, any: Any<'_>) -> Option<Json<'a>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let json = any.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(json)
}

/// Reads any value.
#[derive(Clone, Copy)]
struct Any<'w>(Option<Outline<'w>>);

/// What of an array is read.
#[derive(Clone, Copy)]
struct Outline<'w> {
    items: usize,
    wanted: &'w dyn Fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut array = Array {
            items: Vec::new(),
            length: 0,
            rest: Vec::new(),
        };
        loop {
            let more = match self.0 {
                Some(outline) if array.items.len() >= outline.items => {
                    let rest = Rest {
                        wanted: outline.wanted,
                        take: false,
                        taken: &mut array.rest,
                    };
                    items.next_element_seed(rest)?.is_some()
                }
                _ => match items.next_element_seed(self)? {
                    Some(item) => {
                        array.items.push(item);
                        true
                    }
                    None => false,
                },
            };
            if !more {
                return Ok(Json::Array(array));
            }
            array.length += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json<'de>, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = fields.next_key_seed(AnyName)? {
            if object.is_empty() {
                object.reserve(USUAL_FIELDS);
            }
            object.push((name, fields.next_value_seed(self)?));
        }
        Ok(Json::Object(if has_repeats(&object) {
            without_repeats(object)
        } else {
            object
        }))
    }
}

/// Takes nothing but the strings of wanted fields.
struct Rest<'r> {
    wanted: &'r dyn Fn(&str) -> bool,
    /// Whether this value is one.
    take: bool,
    taken: &'r mut Vec<Zeroizing<String>>,
}

impl<'de> DeserializeSeed<'de> for Rest<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rest<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.take {
            self.taken.push(Zeroizing::new(text.to_owned()));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Rest { wanted, taken, .. } = self;
        let take = false;
        while items
            .next_element_seed(Rest {
                wanted,
                take,
                taken,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key_seed(AnyName)? {
            fields.next_value_seed(Rest {
                wanted: self.wanted,
                take: (self.wanted)(&name),
                taken: self.taken,
            })?;
        }
        Ok(())
    }
}

/// Reads a field's name: a slice of the text where it can be one.
struct AnyName;

impl<'de> DeserializeSeed<'de> for AnyName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for AnyName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Whether a name comes twice. Compares each with each only where that is soon done.
fn has_repeats(fields: &Fields<'_>) -> bool {
    if fields.len() > FEW {
        let mut names = HashSet::with_capacity(fields.len());
        return !fields.iter().all(|(name, _)| names.insert(name));
    }
    let mut before = fields.iter();
    while let Some((name, _)) = before.next_back() {
        if before.clone().any(|(other, _)| other == name) {
            return true;
        }
    }
    false
}

/// The last value of each name, where the first one was.
fn without_repeats<'a>(fields: Fields<'a>) -> Fields<'a> {
    let mut places = HashMap::new();
    let mut once: Fields<'a> = Vec::new();
    for (name, value) in fields {
        match places.get(&name) {
            Some(place) => once[*place] = (name, value),
            None => {
                places.insert(name.clone(), once.len());
                once.push((name, value));
            }
        }
    }
    once
}

/// Fields for which there is room from the first one on.
const USUAL_FIELDS: usize = 8;

/// Names that are compared each with each.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};
    use serde_json::Value;

    use super::*;

    fn as_value(json: Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => value.into(),
            Json::Number(number) => number.into(),
            Json::String(text) => text.into(),
            Json::Array(array) => array.items.into_iter().map(as_value).collect(),
            Json::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name.into(), as_value(value)))
                    .collect(),
            ),
        }
    }

    #[track_caller]
    fn check(text: &str) {
        // As text, so that the order of fields counts too.
        let meant = serde_json::from_str(text)
            .ok()
            .map(|value: Value| value.to_string());
        let read = Json::read(text).map(|json| as_value(json).to_string());
        assert_eq!(read, meant, "{text}");
        let outline = Json::outline(text, 1, &|_| true);
        assert_eq!(outline.is_some(), meant.is_some(), "{text}");
    }

    #[test]
    fn it_means_what_a_value_means() {
        let deep = "[".repeat(200);
        let many: String = (0..40).map(|n| format!(r#""k{}":{n},"#, n % 37)).collect();
        for text in [
            r#"{"a":1,"b":2,"a":{"c":null}}"#,
            r#"{"\u0061":1,"a":"\n\u00e9","":[]}"#,
            "[1e400]",
            "[0.1,-0,1e2,18446744073709551616,-9223372036854775808]",
            "\"half \\ud800\"",
            "{}x",
            " {\"a\" : [ true , false ] } ",
            "",
            &deep,
            &format!("{{{many}\"last\":0}}"),
        ] {
            check(text);
        }
    }

    #[test]
    fn an_outline_has_the_beginning_of_arrays_and_what_was_asked_for() {
        let text = r#"{"a":[1,[2,3,4],{"key":"no"}, {"key":"yes","x":[{"key":"too"},"key"]}, {"key":7}],"key":"out"}"#;
        let outline = Json::outline(text, 2, &|name| name == "key").unwrap();
        let Json::Object(fields) = &outline else {
            panic!("an object is an object");
        };
        let Json::Array(array) = &fields[0].1 else {
            panic!("an array is an array");
        };
        assert_eq!(array.length, 5);
        let rest: Vec<&str> = array.rest.iter().map(|text| text.as_str()).collect();
        assert_eq!(rest, ["no", "yes", "too"]);
        assert_eq!(
            as_value(outline).to_string(),
            r#"{"a":[1,[2,3]],"key":"out"}"#
        );
    }

    fn any_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "null|true|false|\"[a-c\\\\\\\\\"]{0,3}\"|-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            any::<f64>().prop_map(|number| number.to_string()),
            "\\PC{0,5}".prop_map(|text| Value::from(text).to_string()),
        ];
        leaf.prop_recursive(4, 64, 20, |inner| {
            let fields = collection::vec(("[a-f]{0,1}", inner.clone()), 0..20);
            prop_oneof![
                collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                fields.prop_map(|fields| {
                    let fields = fields
                        .iter()
                        .map(|(name, value)| format!("\"{name}\":{value}"));
                    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_text_means_what_it_means_as_a_value(text in any_json()) {
            check(&text);
        }
    }
}
