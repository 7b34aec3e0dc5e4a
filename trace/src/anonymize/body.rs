//! Bodies: JSON, forms and text are replaced value by value; of everything else only the shape
//! stays.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::detect;
use super::policy::Kind;
use super::scrub::{Scrub, stays};
use crate::exchange::{Body, Content};
use crate::raw::RawBody;

/// A body, as far as it could be understood.
pub(super) enum Parsed {
    /// There was none.
    Absent,
    /// `application/x-www-form-urlencoded`, still encoded.
    Form(String),
    /// JSON.
    Json(Value),
    /// Compressed, cut, multipart, or of an unknown type.
    Opaque,
    /// Text of another kind, or what should have been JSON.
    Text(String),
}

/// Reads a body by its headers.
pub(super) fn parse(body: &RawBody, headers: &[(String, Bytes)]) -> Parsed {
    if body.total() == 0 {
        return Parsed::Absent;
    }
    let value_of = |wanted| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase())
    };
    let encoded = value_of("content-encoding").is_some_and(|encoding| encoding != "identity");
    if body.truncated() || encoded {
        return Parsed::Opaque;
    }
    let Ok(text) = String::from_utf8(body.joined().to_vec()) else {
        return Parsed::Opaque;
    };
    let content_type = value_of("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let looks_json = essence.is_empty() && text.trim_start().starts_with(['{', '[']);
    if essence == "application/json" || essence.ends_with("+json") || looks_json {
        serde_json::from_str(&text).map_or(Parsed::Text(text), Parsed::Json)
    } else if essence == "application/x-www-form-urlencoded" {
        Parsed::Form(text)
    } else if essence.starts_with("text/") {
        Parsed::Text(text)
    } else {
        Parsed::Opaque
    }
}

impl Scrub<'_> {
    /// The request's body, replayable where it could be understood.
    pub(super) fn request_body(&mut self, parsed: &Parsed, bytes: u64) -> Body {
        let content = match parsed {
            Parsed::Absent => Content::None,
            Parsed::Form(form) => Content::Utf8(self.query(form)),
            Parsed::Json(value) => Content::Utf8(self.json(None, value).to_string()),
            Parsed::Opaque => Content::Shape(format!("binary({bytes})").into()),
            Parsed::Text(text) => Content::Utf8(self.value(Some(&Kind::Text), text)),
        };
        Body { bytes, content }
    }

    /// The answer's body as a shape.
    pub(super) fn response_body(&mut self, parsed: &Parsed, bytes: u64) -> Body {
        let content = match parsed {
            Parsed::Absent => Content::None,
            Parsed::Json(value) => Content::Shape(self.shape(None, value)),
            Parsed::Opaque => Content::Shape(format!("binary({bytes})").into()),
            Parsed::Form(_) | Parsed::Text(_) => Content::Shape(format!("text({bytes})").into()),
        };
        Body { bytes, content }
    }

    /// A JSON value with its strings replaced. The elements of an array are of the field's kind.
    fn json(&mut self, kind: Option<&Kind>, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(kind, number),
            Value::String(text) => Value::String(self.value(kind, text)),
            Value::Array(items) => items.iter().map(|item| self.json(kind, item)).collect(),
            Value::Object(fields) => Value::Object(self.object(fields, Self::json)),
        }
    }

    fn object(
        &mut self,
        fields: &Map<String, Value>,
        each: fn(&mut Self, Option<&Kind>, &Value) -> Value,
    ) -> Map<String, Value> {
        let policy = self.policy;
        fields
            .iter()
            .map(|(name, value)| {
                let key = self.key(name);
                (key, each(self, policy.field(name), value))
            })
            .collect()
    }

    /// Numbers stay, unless a rule says what they are or they are long enough to identify.
    fn number(&mut self, kind: Option<&Kind>, number: &serde_json::Number) -> Value {
        let text = number.to_string();
        let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
        if matches!(kind, None | Some(Kind::Keep(_))) && !detect::has_digit_run(whole) {
            return Value::Number(number.clone());
        }
        self.identifier |= matches!(kind, Some(Kind::Id));
        let replaced = self.tokens.number(&text);
        replaced.parse().map_or(Value::Null, Value::Number)
    }

    /// The structure of a JSON value: types, lengths, kept words, and identifiers as their tokens.
    fn shape(&mut self, kind: Option<&Kind>, value: &Value) -> Value {
        match value {
            Value::Null => "null".into(),
            Value::Bool(_) => "boolean".into(),
            Value::Number(_) => "number".into(),
            Value::String(text) => self.string_shape(kind, text).into(),
            Value::Array(items) => {
                let length = Value::String(format!("array({})", items.len()));
                let first = items.iter().take(SHAPE_ITEMS);
                let shapes: Vec<Value> = first.map(|item| self.shape(kind, item)).collect();
                std::iter::once(length).chain(shapes).collect()
            }
            Value::Object(fields) => Value::Object(self.object(fields, Self::shape)),
        }
    }

    fn string_shape(&mut self, kind: Option<&Kind>, text: &str) -> String {
        let form = detect::whole(text);
        match (form, kind) {
            (_, Some(Kind::Credential | Kind::Refresh)) => "credential".to_owned(),
            (Some(detect::Form::Date), _) => "date".to_owned(),
            (Some(detect::Form::Uuid), _) | (None, Some(Kind::Id)) if !text.is_empty() => {
                format!("id:{}", self.tokens.replace(text, Some(&Kind::Id)))
            }
            (None, Some(Kind::Keep(words))) if stays(words, text) => format!("keep:{text}"),
            _ => format!("string({})", text.chars().count()),
        }
    }
}

/// How many elements of an array its shape shows.
const SHAPE_ITEMS: usize = 2;
