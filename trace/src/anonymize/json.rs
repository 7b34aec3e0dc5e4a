//! JSON as it came: strings without escapes are slices of the body.
//!
//! Reads what [`serde_json::Value`] reads, and means the same by it, without copying every string.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value.
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    /// In order, every name once.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
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
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json<'de>, A::Error> {
        let mut object = Vec::new();
        while let Some((Name(name), value)) = fields.next_entry()? {
            object.push((name, value));
        }
        Ok(Json::Object(if has_repeats(&object) {
            without_repeats(object)
        } else {
            object
        }))
    }
}

/// A field's name: a slice of the body where it can be one.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AnyName)
    }
}

struct AnyName;

impl<'de> Visitor<'de> for AnyName {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

type Fields<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

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

/// Names that are compared each with each.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use serde_json::Value;

    use super::*;

    fn as_value(json: Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => value.into(),
            Json::Number(number) => number.into(),
            Json::String(text) => text.into(),
            Json::Array(items) => items.into_iter().map(as_value).collect(),
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
        let ours = serde_json::from_str::<Json<'_>>(text).map(as_value);
        let theirs = serde_json::from_str::<Value>(text);
        // As text, so that the order of fields counts too.
        let shown =
            |value: Result<Value, serde_json::Error>| value.map_or(None, |v| Some(v.to_string()));
        assert_eq!(shown(ours), shown(theirs), "{text}");
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
            prop_assert_eq!(0, 0);
        }
    }
}
