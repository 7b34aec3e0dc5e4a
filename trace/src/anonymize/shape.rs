//! The shape of an answer's JSON: types, lengths, words that a rule keeps, and identifiers as their
//! tokens. An array shows its first item; of the others what identifies is told beside the shape:
//! links lead there.

use super::detect;
use super::json::{Array, Field, Json, Value};
use super::policy::{Kind, Policy};
use super::scrub::{self, Scrub};
use super::walk::At;
use crate::format::line;
use crate::links::{Entity, Strength};

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
            Value::Array(array) => self.array_shape(at, array, out),
            Value::Object(object) => {
                out.push(b'{');
                for (place, (field, value)) in object.fields().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.json_field(at, field, out, |scrub, at, out| scrub.shape(at, value, out));
                }
                out.push(b'}');
            }
        }
    }

    /// An array's length and its first item; of the others what identifies is told.
    fn array_shape(&mut self, at: At<'p>, array: Array<'_>, out: &mut Vec<u8>) {
        out.push(b'[');
        length("array", array.length.into(), out);
        let mut items = array.items();
        if let Some(first) = items.next() {
            out.push(b',');
            let mark = self.here.item(0);
            self.shape(at.item(0), first, out);
            self.here.leave(mark);
        }
        out.push(b']');
        self.tell_items(at, items.enumerate().map(|(place, item)| (place + 1, item)));
    }

    fn tell_items<'j>(&mut self, at: At<'p>, items: impl Iterator<Item = (usize, Json<'j>)>) {
        for (place, item) in items {
            if self.spots.are_many() {
                break;
            }
            let mark = self.here.item(place);
            self.tell_all(at.item(place), item);
            self.here.leave(mark);
        }
    }

    /// Tells of a value what identifies and was not yet in this answer.
    fn tell_all(&mut self, at: At<'p>, value: Json<'_>) {
        match value.value() {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if let Some(kind @ Kind::Id) = at.kind {
                    let text = serde_json::Number::from(number).to_string();
                    if self.is_news(&text) {
                        let token = self.tokens.number(&text, Some(kind));
                        self.tell(Strength::Weak, &text, &token);
                    }
                }
            }
            Value::String(text) => {
                let strength = scrub::strength(at.kind, self.here.name(), text);
                if let Some(strength) = strength
                    && self.is_news(text)
                {
                    let token = self.token(at.kind, text);
                    self.tell(strength, text, &token);
                }
            }
            Value::Array(array) => self.tell_items(at, array.items().enumerate()),
            Value::Object(object) => {
                for (field, value) in object.fields() {
                    if !self.is_idle(at, field, value) {
                        let (at, mark) = self.enter(at, field, None);
                        self.tell_all(at, value);
                        self.here.leave(mark);
                    }
                }
            }
        }
    }

    /// Whether it is soon said that a field's value does not identify, or did so before in this
    /// answer.
    fn is_idle(&self, at: At<'p>, field: Field<'_>, value: Json<'_>) -> bool {
        let kind = || at.field(self.policy, field).kind;
        match value.value() {
            Value::Null | Value::Bool(_) => true,
            Value::Number(_) => !matches!(kind(), Some(Kind::Id)),
            Value::String(text) => {
                scrub::strength(kind(), field.name, text).is_none()
                    || self.spots.has(text, Entity::of_field(field.name))
            }
            Value::Array(_) | Value::Object(_) => false,
        }
    }

    fn is_news(&self, value: &str) -> bool {
        !self.here.is_nowhere() && !self.spots.has(value, self.here.entity())
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
