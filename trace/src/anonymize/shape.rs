//! The shape of an answer's JSON: types, lengths, words that a rule keeps, and identifiers as their
//! tokens. An array shows its first items as they are, and of the others what identifies: links
//! lead there.

use super::detect;
use super::json::{Array, Json, Value};
use super::policy::{Kind, Policy};
use super::scrub::{self, Scrub};
use super::walk::At;
use crate::format::line;
use crate::links::Entity;

impl<'p> Scrub<'p> {
    /// Writes the shape of a value. The items of an array are of its field's kind.
    pub(super) fn shape(&mut self, at: At<'p>, value: Json<'_>, out: &mut Vec<u8>) {
        match value.value() {
            Value::Null => out.extend_from_slice(b"\"null\""),
            Value::Bool(_) => out.extend_from_slice(b"\"boolean\""),
            Value::Number(number) => {
                if !self.identifying_number(at.kind, &number.into(), out) {
                    out.extend_from_slice(b"\"number\"");
                }
            }
            Value::String(text) => {
                if !self.identifying_string(at.kind, text, out) {
                    string_shape(self.policy, at.kind, text, out);
                }
            }
            Value::Array(array) => self.array_shape(at, array, SHOWN, out),
            Value::Object(object) => {
                out.push(b'{');
                for (place, (name, value)) in object.fields().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.json_field(at, name, out, |scrub, at, out| scrub.shape(at, value, out));
                }
                out.push(b'}');
            }
        }
    }

    /// Writes of a value what identifies, with what is around it; whether there is anything.
    fn identifying(&mut self, at: At<'p>, value: Json<'_>, out: &mut Vec<u8>) -> bool {
        match value.value() {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.identifying_number(at.kind, &number.into(), out),
            Value::String(text) => self.identifying_string(at.kind, text, out),
            Value::Array(array) => {
                let before = out.len();
                self.array_shape(at, array, 0, out);
                let found = out[before..].contains(&b',');
                if !found {
                    out.truncate(before);
                }
                found
            }
            Value::Object(object) => {
                let before = out.len();
                out.push(b'{');
                let mut found = false;
                for (name, value) in object.fields() {
                    if self.is_idle(at, name, value) {
                        continue;
                    }
                    let end = out.len();
                    if found {
                        out.push(b',');
                    }
                    let identifies = self.json_field(at, name, out, |scrub, at, out| {
                        scrub.identifying(at, value, out)
                    });
                    found |= identifies;
                    if !identifies {
                        out.truncate(end);
                    }
                }
                out.push(b'}');
                if !found {
                    out.truncate(before);
                }
                found
            }
        }
    }

    /// Whether it is soon said that a field's value does not identify, or did so before in this
    /// answer.
    fn is_idle(&self, at: At<'p>, name: &str, value: Json<'_>) -> bool {
        let kind = || at.field(name, self.policy.field(name)).kind;
        match value.value() {
            Value::Null | Value::Bool(_) => true,
            Value::Number(_) => !matches!(kind(), Some(Kind::Id)),
            Value::String(text) => {
                scrub::strength(kind(), name, text).is_none()
                    || self.spots.has(text, Entity::of_field(name))
            }
            Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// An array's length and items: the first ones as they are, of the others what identifies, and
    /// `null` where nothing does.
    fn array_shape(&mut self, at: At<'p>, array: Array<'_>, shown: usize, out: &mut Vec<u8>) {
        out.push(b'[');
        length("array", array.length.into(), out);
        let mut end = out.len();
        for (place, item) in array.items().enumerate() {
            if place >= shown && self.spots.are_many() {
                break;
            }
            out.push(b',');
            let mark = self.here.item(place);
            if place < shown {
                self.shape(at.item(place), item, out);
                end = out.len();
            } else if self.identifying(at.item(place), item, out) {
                end = out.len();
            } else {
                out.extend_from_slice(b"null");
            }
            self.here.leave(mark);
        }
        out.truncate(end);
        out.push(b']');
    }

    fn identifying_number(
        &mut self,
        kind: Option<&Kind>,
        number: &serde_json::Number,
        out: &mut Vec<u8>,
    ) -> bool {
        let token = match kind {
            Some(Kind::Id) => self.other_number(kind, number),
            _ => None,
        };
        if let Some(token) = &token {
            line::quoted(out, &format!("id:{token}"));
        }
        token.is_some()
    }

    fn identifying_string(&mut self, kind: Option<&Kind>, text: &str, out: &mut Vec<u8>) -> bool {
        let Some(strength) = scrub::strength(kind, self.here.name(), text) else {
            return false;
        };
        self.note(strength, text);
        let token = self.token(kind, text);
        out.extend_from_slice(if scrub::is_moment(text) {
            b"\"date:"
        } else {
            b"\"id:"
        });
        line::inside(out, &token);
        out.push(b'"');
        true
    }
}

fn string_shape(policy: &Policy, kind: Option<&Kind>, text: &str, out: &mut Vec<u8>) {
    let detectors = &policy.detectors;
    match kind {
        Some(kind) if kind.is_bearer() => out.extend_from_slice(b"\"credential\""),
        Some(Kind::Keep(words))
            if scrub::stays(detectors, words, text) && detectors.whole(text).is_none() =>
        {
            line::quoted(out, &format!("keep:{text}"));
        }
        _ if detect::date_at_start(text).is_some() => out.extend_from_slice(b"\"date\""),
        _ => length("string", text.chars().count() as u64, out),
    }
}

/// `"WHAT(LENGTH)"`.
pub(super) fn length(what: &str, length: u64, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(what.as_bytes());
    out.push(b'(');
    line::number(out, length);
    out.extend_from_slice(b")\"");
}

/// How many items of an array its shape shows.
const SHOWN: usize = 2;
