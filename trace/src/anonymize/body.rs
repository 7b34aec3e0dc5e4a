//! Bodies: which format they are in, and what is kept of each. A request's is replayable, its
//! values replaced; an answer's is a shape.

use std::sync::Arc;

use super::content::Format;
use super::evidence::Gather;
use super::json::{Json, Tape, Value};
use super::memo::{Known, Memo, Part, Place};
use super::people::Evidence;
use super::policy::Kind;
use super::scrub::Scrub;
use super::{content, detect};
use crate::format::line;
use crate::links::Strength;
use crate::raw::RawExchange;

/// Where a body is taken apart. Bodies use it one after the other.
#[derive(Default)]
pub(super) struct Desk {
    /// The body as it was before it was compressed.
    decoded: Vec<u8>,
    tape: Tape,
}

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
    /// Cut, of an unknown type, or nothing that could be read.
    Opaque,
    /// Text of another kind, or what should have been JSON.
    Text(&'a str),
}

impl<'a> Body<'a> {
    /// Reads the body of the request.
    pub(super) fn of_request(desk: &'a mut Desk, raw: &'a RawExchange, memo: &Memo) -> Self {
        let (body, headers) = (&raw.request_body, &raw.request_headers);
        let typed = content::of(body, headers, &mut desk.decoded);
        let part = typed.map(|(format, text)| match format {
            Format::Form => Part::new(Place::RequestForm, text),
            Format::Json => Part::new(Place::RequestJson, text),
            Format::Text => Part::new(Place::RequestText, text),
        });
        Self::read(&mut desk.tape, body.total(), typed, part, memo)
    }

    /// Reads the body of the answer.
    pub(super) fn of_response(desk: &'a mut Desk, raw: &'a RawExchange, memo: &Memo) -> Self {
        let (body, headers) = (&raw.response_body, &raw.response_headers);
        let typed = content::of(body, headers, &mut desk.decoded);
        let part = match typed {
            Some((Format::Json, text)) => Some(Part::new(Place::ResponseJson, text)),
            _ => None,
        };
        Self::read(&mut desk.tape, body.total(), typed, part, memo)
    }

    fn read(
        tape: &'a mut Tape,
        bytes: u64,
        typed: Option<(Format, &'a str)>,
        part: Option<Part<'a>>,
        memo: &Memo,
    ) -> Self {
        let parsed = match (part.and_then(|part| memo.get(memo.key(part))), typed) {
            (Some(known), _) => Parsed::Known(Arc::clone(known)),
            (None, _) if bytes == 0 => Parsed::Absent,
            (None, None) => Parsed::Opaque,
            (None, Some((Format::Form, text))) => Parsed::Form(text),
            (None, Some((Format::Json, text))) => {
                tape.read(text).map_or(Parsed::Text(text), Parsed::Json)
            }
            (None, Some((Format::Text, text))) => Parsed::Text(text),
        };
        Self {
            parsed,
            part,
            bytes,
        }
    }
}

impl Scrub<'_> {
    /// The request's body, replayable where it could be understood.
    pub(super) fn request_body(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.body(body, out, Self::sent, |gather, evidence| {
            gather.body(body, evidence);
        });
    }

    /// The answer's body as a shape.
    pub(super) fn response_body(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.body(body, out, Self::answered, |gather, evidence| {
            gather.answer_body(body, evidence);
        });
    }

    fn body(
        &mut self,
        body: &Body<'_>,
        out: &mut Vec<u8>,
        write: fn(&mut Self, &Body<'_>, &mut Vec<u8>),
        say: impl FnOnce(Gather<'_>, &mut Evidence),
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
            Parsed::Form(form) => {
                self.here.start("body");
                self.pairs(form)
            }
            Parsed::Json(value) => {
                self.here.start("body#");
                let mut text = Vec::new();
                self.json(None, *value, &mut text);
                // Made of nothing but text.
                String::from_utf8(text).unwrap_or_default()
            }
            Parsed::Text(text) => {
                self.here.stop();
                self.value(Some(&Kind::Text), text)
            }
            Parsed::Known(_) | Parsed::Opaque => return opaque("binary", body.bytes, out),
        };
        line::text_body(out, body.bytes, &text);
    }

    fn answered(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        match &body.parsed {
            Parsed::Absent => line::no_body(out),
            Parsed::Form(_) | Parsed::Text(_) => opaque("text", body.bytes, out),
            Parsed::Json(value) => {
                self.here.start("body#");
                line::shape_body(out, body.bytes, |out| self.shape(None, *value, out));
            }
            Parsed::Known(_) | Parsed::Opaque => opaque("binary", body.bytes, out),
        }
    }

    /// A JSON value with its strings replaced. The elements of an array are of the field's kind.
    fn json(&mut self, kind: Option<&Kind>, value: Json<'_>, out: &mut Vec<u8>) {
        match value.value() {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(value) => line::json(out, &value),
            Value::Number(number) => self.number(kind, &number.into(), out),
            Value::String(text) => line::quoted(out, &self.value(kind, text)),
            Value::Array(array) => {
                out.push(b'[');
                for (place, item) in array.items().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    let mark = self.here.item(place);
                    self.json(kind, item, out);
                    self.here.leave(mark);
                }
                out.push(b']');
            }
            Value::Object(object) => {
                out.push(b'{');
                for (place, (name, value)) in object.fields().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.field_of(name, out, |scrub, kind, out| scrub.json(kind, value, out));
                }
                out.push(b'}');
            }
        }
    }

    /// Writes a field: its name, and what `write` makes of its value, which is of the given kind.
    pub(super) fn field_of<T>(
        &mut self,
        name: &str,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Self, Option<&Kind>, &mut Vec<u8>) -> T,
    ) -> T {
        let policy = self.policy;
        let said = policy.name(name);
        let mark = if said.schema {
            line::quoted(out, name);
            self.here.enter(name)
        } else {
            let safe = self.key(name);
            line::quoted(out, &safe);
            self.here.enter(&safe)
        };
        out.push(b':');
        let written = write(self, said.kind, out);
        self.here.leave(mark);
        written
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
        line::json(out, &self.replaced_number(kind, &text));
    }

    /// What stands for a number, in requests and answers alike.
    pub(super) fn replaced_number(
        &mut self,
        kind: Option<&Kind>,
        text: &str,
    ) -> Option<serde_json::Number> {
        if matches!(kind, Some(Kind::Id)) {
            self.note(Strength::Weak, text);
        }
        self.tokens.number(text).parse().ok()
    }
}

/// A body of which nothing but the length is kept.
pub(super) fn opaque(what: &str, bytes: u64, out: &mut Vec<u8>) {
    line::shape_body(out, bytes, |out| super::shape::length(what, bytes, out));
}
