//! Bodies: JSON, forms and text are replaced value by value; of everything else only the shape
//! stays.

use std::borrow::Cow;
use std::sync::Arc;

use super::detect;
use super::json::Json;
use super::memo::{Known, Memo, Part, Place};
use super::people::Evidence;
use super::policy::{Kind, Policy};
use super::scrub::{Scrub, stays};
use crate::format::line;
use crate::raw::{RawBody, RawHeaders};

/// A body as it came, as far as it could be understood.
pub(super) struct Body<'a> {
    pub(super) parsed: Parsed<'a>,
    /// The body as a part of the exchange, if it is worth remembering.
    pub(super) part: Option<Part<'a>>,
    /// Length of the original in bytes.
    bytes: u64,
}

/// What a body is.
pub(super) enum Parsed<'a> {
    /// There was none.
    Absent,
    /// `application/x-www-form-urlencoded`, still encoded.
    Form(&'a str),
    /// JSON.
    Json(Json<'a>),
    /// One that came before.
    Known(Arc<Known>),
    /// Compressed, cut, multipart, or of an unknown type.
    Opaque,
    /// Text of another kind, or what should have been JSON.
    Text(&'a str),
}

/// What a body's headers say that it is.
#[derive(Clone, Copy)]
enum Type {
    Form,
    Json,
    Text,
}

impl<'a> Body<'a> {
    /// Reads the body of a request by its headers.
    pub(super) fn of_request(body: &'a RawBody, headers: &RawHeaders, memo: &Memo) -> Self {
        let typed = type_of(body, headers);
        let part = typed.map(|(of, text)| match of {
            Type::Form => Part::new(Place::RequestForm, text),
            Type::Json => Part::new(Place::RequestJson, text),
            Type::Text => Part::new(Place::RequestText, text),
        });
        Self::read(body.total(), typed, part, memo, Json::read)
    }

    /// Reads the body of an answer by its headers.
    pub(super) fn of_response(
        policy: &Policy,
        body: &'a RawBody,
        headers: &RawHeaders,
        memo: &Memo,
    ) -> Self {
        let typed = type_of(body, headers);
        let part = match typed {
            Some((Type::Json, text)) => Some(Part::new(Place::ResponseJson, text)),
            _ => None,
        };
        Self::read(body.total(), typed, part, memo, |text| {
            Json::outline(text, SHAPE_ITEMS, &|name| policy.is_bearer(name))
        })
    }

    fn read(
        bytes: u64,
        typed: Option<(Type, &'a str)>,
        part: Option<Part<'a>>,
        memo: &Memo,
        json: impl FnOnce(&'a str) -> Option<Json<'a>>,
    ) -> Self {
        let parsed = match (part.and_then(|part| memo.get(memo.key(part))), typed) {
            (Some(known), _) => Parsed::Known(Arc::clone(known)),
            (None, _) if bytes == 0 => Parsed::Absent,
            (None, None) => Parsed::Opaque,
            (None, Some((Type::Form, text))) => Parsed::Form(text),
            (None, Some((Type::Json, text))) => json(text).map_or(Parsed::Text(text), Parsed::Json),
            (None, Some((Type::Text, text))) => Parsed::Text(text),
        };
        Self {
            parsed,
            part,
            bytes,
        }
    }
}

/// The type of a body, if it is text and all of it was kept.
fn type_of<'a>(body: &'a RawBody, headers: &RawHeaders) -> Option<(Type, &'a str)> {
    if body.total() == 0 || body.truncated() {
        return None;
    }
    let value_of = |wanted| headers.iter().find(|(name, _)| *name == wanted);
    let encoding = value_of("content-encoding");
    if encoding.is_some_and(|(_, encoding)| !encoding.eq_ignore_ascii_case("identity")) {
        return None;
    }
    let text = std::str::from_utf8(body.kept()).ok()?;
    let content_type = value_of("content-type").map_or("", |(_, value)| value);
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let starts = |with: &str| {
        essence
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let ends = |with: &str| {
        let at = essence.len().checked_sub(with.len());
        at.and_then(|at| essence.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(with))
    };
    let looks_json = essence.is_empty() && text.trim_start().starts_with(['{', '[']);
    if essence.eq_ignore_ascii_case("application/json") || ends("+json") || looks_json {
        Some((Type::Json, text))
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some((Type::Form, text))
    } else {
        starts("text/").then_some((Type::Text, text))
    }
}

impl Scrub<'_> {
    /// The request's body, replayable where it could be understood.
    pub(super) fn request_body(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.body(body, out, Self::sent, |policy, evidence| {
            evidence.body(policy, body);
        });
    }

    /// The answer's body as a shape.
    pub(super) fn response_body(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.body(body, out, Self::answered, |policy, evidence| {
            evidence.answer_body(policy, body);
        });
    }

    fn body(
        &mut self,
        body: &Body<'_>,
        out: &mut Vec<u8>,
        write: fn(&mut Self, &Body<'_>, &mut Vec<u8>),
        say: impl FnOnce(&Policy, &mut Evidence),
    ) {
        match (&body.parsed, body.part) {
            (Parsed::Known(known), _) => self.again(known, out),
            (_, Some(part)) => self.part(part, out, |scrub, out| write(scrub, body, out), say),
            (_, None) => write(self, body, out),
        }
    }

    fn sent(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        let text = match &body.parsed {
            Parsed::Absent => return line::no_body(out),
            Parsed::Form(form) => self.pairs(form),
            Parsed::Json(value) => {
                let mut text = Vec::new();
                self.json(None, value, &mut text);
                // Made of nothing but text.
                String::from_utf8(text).unwrap_or_default()
            }
            Parsed::Text(text) => self.value(Some(&Kind::Text), text),
            Parsed::Known(_) | Parsed::Opaque => return opaque("binary", body.bytes, out),
        };
        line::text_body(out, body.bytes, &text);
    }

    fn answered(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        match &body.parsed {
            Parsed::Absent => line::no_body(out),
            Parsed::Form(_) | Parsed::Text(_) => opaque("text", body.bytes, out),
            Parsed::Json(value) => {
                line::shape_body(out, body.bytes, |out| self.shape(None, value, out));
            }
            Parsed::Known(_) | Parsed::Opaque => opaque("binary", body.bytes, out),
        }
    }

    /// A JSON value with its strings replaced. The elements of an array are of the field's kind.
    fn json(&mut self, kind: Option<&Kind>, value: &Json<'_>, out: &mut Vec<u8>) {
        match value {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(value) => line::json(out, value),
            Json::Number(number) => self.number(kind, number, out),
            Json::String(text) => line::quoted(out, &self.value(kind, text)),
            Json::Array(array) => {
                out.push(b'[');
                for (place, item) in array.items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.json(kind, item, out);
                }
                out.push(b']');
            }
            Json::Object(fields) => self.object(fields, out, Self::json),
        }
    }

    fn object(
        &mut self,
        fields: &[(Cow<'_, str>, Json<'_>)],
        out: &mut Vec<u8>,
        each: fn(&mut Self, Option<&Kind>, &Json<'_>, &mut Vec<u8>),
    ) {
        let policy = self.policy;
        out.push(b'{');
        for (place, (name, value)) in fields.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let said = policy.name(name);
            if said.schema {
                line::quoted(out, name);
            } else {
                line::quoted(out, &self.value(None, name));
            }
            out.push(b':');
            each(self, said.kind, value, out);
        }
        out.push(b'}');
    }

    /// Numbers stay, unless a rule says what they are or they are long enough to identify.
    fn number(&mut self, kind: Option<&Kind>, number: &serde_json::Number, out: &mut Vec<u8>) {
        let stays = matches!(kind, None | Some(Kind::Keep(_)));
        if stays
            && number
                .as_u64()
                .is_some_and(|number| number < detect::LONG_NUMBER)
        {
            return line::json(out, number);
        }
        let text = number.to_string();
        let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
        if stays && !detect::has_digit_run(whole) {
            return line::json(out, number);
        }
        self.identifier |= matches!(kind, Some(Kind::Id));
        let replaced = self.tokens.number(&text, kind);
        out.extend_from_slice(replaced.as_bytes());
    }

    /// The structure of a JSON value: types, lengths, kept words, and identifiers as their tokens.
    fn shape(&mut self, kind: Option<&Kind>, value: &Json<'_>, out: &mut Vec<u8>) {
        match value {
            Json::Null => out.extend_from_slice(b"\"null\""),
            Json::Bool(_) => out.extend_from_slice(b"\"boolean\""),
            Json::Number(_) => out.extend_from_slice(b"\"number\""),
            Json::String(text) => self.string_shape(kind, text, out),
            Json::Array(array) => {
                out.push(b'[');
                length_shape("array", array.length, out);
                for item in array.items.iter().take(SHAPE_ITEMS) {
                    out.push(b',');
                    self.shape(kind, item, out);
                }
                out.push(b']');
            }
            Json::Object(fields) => self.object(fields, out, Self::shape),
        }
    }

    fn string_shape(&mut self, kind: Option<&Kind>, text: &str, out: &mut Vec<u8>) {
        match kind {
            Some(Kind::Credential | Kind::Refresh) => out.extend_from_slice(b"\"credential\""),
            _ if detect::is_uuid(text) => self.id_shape(text, out),
            _ if detect::date_at_start(text).is_some() => out.extend_from_slice(b"\"date\""),
            Some(Kind::Id) if !text.is_empty() && detect::whole(text).is_none() => {
                self.id_shape(text, out);
            }
            Some(Kind::Keep(words)) if stays(words, text) && detect::whole(text).is_none() => {
                line::quoted(out, &format!("keep:{text}"));
            }
            _ => length_shape("string", text.chars().count() as u64, out),
        }
    }

    fn id_shape(&mut self, text: &str, out: &mut Vec<u8>) {
        let token = self.tokens.replace(text, Some(&Kind::Id));
        line::quoted(out, &format!("id:{token}"));
    }
}

/// A body of which nothing but the length is kept.
fn opaque(what: &str, bytes: u64, out: &mut Vec<u8>) {
    line::shape_body(out, bytes, |out| length_shape(what, bytes, out));
}

/// `"WHAT(LENGTH)"`.
fn length_shape(what: &str, length: u64, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(what.as_bytes());
    out.push(b'(');
    line::number(out, length);
    out.extend_from_slice(b")\"");
}

/// How many elements of an array its shape shows.
const SHAPE_ITEMS: usize = 2;
