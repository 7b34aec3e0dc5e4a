//! The JSON of a request with its values replaced: it means as much to the application as before.

use super::graphql::Document;
use super::json::{Json, Tape, Value};
use super::policy::Kind;
use super::scrub::Scrub;
use super::walk::At;
use crate::format::line;

impl<'p> Scrub<'p> {
    /// The JSON with its values replaced. The items of an array are of the field's kind.
    pub(super) fn json(&mut self, at: At<'p>, value: Json<'_>) -> String {
        let mut text = Vec::new();
        self.put_json(at, value, &mut text);
        // Made of nothing but text.
        String::from_utf8(text).unwrap_or_default()
    }

    /// The same of JSON that is inside another value.
    pub(super) fn json_text(&mut self, text: &str) -> Option<String> {
        let mut tape = Tape::default();
        let json = tape.read(text, |name| self.policy.rule(name))?;
        Some(self.json(At::top(self.policy), json))
    }

    fn put_json(&mut self, at: At<'p>, value: Json<'_>, out: &mut Vec<u8>) {
        match value.value() {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(value) => line::json(out, &value),
            Value::Number(number) => {
                let number = number.into();
                let other = self.other_number(at.kind, &number);
                self.identifier |= other.is_some() && matches!(at.kind, Some(Kind::Id));
                match other {
                    Some(other) => out.extend_from_slice(other.as_bytes()),
                    None => line::json(out, &number),
                }
            }
            Value::String(text) => line::quoted(out, &self.value(at.kind, text)),
            Value::Array(array) => {
                out.push(b'[');
                for (place, item) in array.items().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    let mark = self.here.item(place);
                    self.put_json(at.item(place), item, out);
                    self.here.leave(mark);
                }
                out.push(b']');
            }
            Value::Object(object) => {
                out.push(b'{');
                for (place, (field, value)) in object.fields().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.json_field(at, field, out, |scrub, at, out| {
                        scrub.put_field(at, field.name, value, out);
                    });
                }
                out.push(b'}');
            }
        }
    }

    /// Of GraphQL over HTTP the document is in a field of this name.
    fn put_field(&mut self, at: At<'p>, name: &str, value: Json<'_>, out: &mut Vec<u8>) {
        let document = match value.value() {
            Value::String(text) if name == "query" => Document::evident(text),
            _ => None,
        };
        match document {
            Some(document) => line::quoted(out, &self.graphql(&document)),
            None => self.put_json(at, value, out),
        }
    }
}
