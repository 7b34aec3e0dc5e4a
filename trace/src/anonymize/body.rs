//! Bodies: a request's is replayable where it could be read, its values replaced; an answer's is a
//! shape.

use std::sync::Arc;

use super::content::{self, Typed};
use super::evidence::Gather;
use super::graphql::Document;
use super::json::{Json, Tape};
use super::markup::Markup;
use super::memo::{Key, Known, Memo, Part, Place};
use super::multipart::Multipart;
use super::people::Evidence;
use super::policy::{Kind, Policy};
use super::scrub::Scrub;
use super::walk::At;
use crate::format::line;
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
    /// What the body is known by, if it is worth remembering, and where it is.
    pub(super) part: Option<(Place, Key)>,
    /// Length of the original in bytes.
    bytes: u64,
}

/// What a body is.
pub(super) enum Parsed<'a> {
    /// There was none.
    Absent,
    /// `application/x-www-form-urlencoded`, still encoded.
    Form(&'a str),
    /// A GraphQL document.
    Graphql(Document<'a>),
    /// JSON.
    Json(Json<'a>),
    /// One that came before.
    Known(Arc<Known>),
    /// Several bodies in one.
    Multipart(Multipart<'a>),
    /// Cut, of an unknown type, or nothing that could be read.
    Opaque,
    /// Text of another kind, or what should have been something else.
    Text(&'a str),
    /// XML.
    Xml(Markup),
}

impl<'a> Body<'a> {
    /// Reads the body of the request.
    pub(super) fn of_request(
        desk: &'a mut Desk,
        policy: &Policy,
        raw: &'a RawExchange,
        memo: &mut Memo,
    ) -> Self {
        let (body, headers) = (&raw.request_body, &raw.request_headers);
        let typed = content::of(policy, body, headers, &mut desk.decoded);
        let part = typed.and_then(|typed| match typed {
            Typed::Form(text) => Some(Part::new(Place::RequestForm, text)),
            Typed::Json(text) => Some(Part::new(Place::RequestJson, text)),
            Typed::Text(text) => Some(Part::new(Place::RequestText, text)),
            Typed::Graphql(_) | Typed::Multipart(..) | Typed::Xml(_) => None,
        });
        Self::read(&mut desk.tape, policy, body.total(), typed, part, memo)
    }

    /// Reads the body of the answer.
    pub(super) fn of_response(
        desk: &'a mut Desk,
        policy: &Policy,
        raw: &'a RawExchange,
        memo: &mut Memo,
    ) -> Self {
        let (body, headers) = (&raw.response_body, &raw.response_headers);
        let typed = content::of(policy, body, headers, &mut desk.decoded);
        let part = match typed {
            Some(Typed::Json(text)) => Some(Part::new(Place::ResponseJson, text)),
            _ => None,
        };
        Self::read(&mut desk.tape, policy, body.total(), typed, part, memo)
    }

    fn read(
        tape: &'a mut Tape,
        policy: &Policy,
        bytes: u64,
        typed: Option<Typed<'a>>,
        part: Option<Part<'a>>,
        memo: &mut Memo,
    ) -> Self {
        let part = part.map(|part| (part.place, memo.key(part)));
        let known = part.and_then(|(_, key)| memo.get(key));
        let parsed = match (known, typed) {
            (Some(known), _) => Parsed::Known(Arc::clone(known)),
            (None, _) if bytes == 0 => Parsed::Absent,
            (None, None) => Parsed::Opaque,
            (None, Some(typed)) => Parsed::of(typed, tape, policy),
        };
        Self {
            parsed,
            part,
            bytes,
        }
    }
}

impl<'a> Parsed<'a> {
    fn of(typed: Typed<'a>, tape: &'a mut Tape, policy: &Policy) -> Self {
        match typed {
            Typed::Form(text) => Self::Form(text),
            Typed::Graphql(text) => Document::read(text).map_or(Self::Text(text), Self::Graphql),
            Typed::Json(text) => tape
                .read(text, |name| policy.rule(name))
                .map_or(Self::Text(text), Self::Json),
            Typed::Multipart(content_type, bytes) => {
                Multipart::read(content_type, bytes).map_or(Self::Opaque, Self::Multipart)
            }
            Typed::Text(text) => Self::Text(text),
            Typed::Xml(text) => Markup::read(text).map_or(Self::Text(text), Self::Xml),
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
            (_, Some((place, key))) => {
                self.new_part(place, key, out, |scrub, out| write(scrub, body, out), say);
            }
            (_, None) => write(self, body, out),
        }
    }

    fn sent(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.here.stop();
        let text = match &body.parsed {
            Parsed::Absent => return line::no_body(out),
            Parsed::Form(form) => {
                self.here.start("body");
                self.pairs(form)
            }
            Parsed::Graphql(document) => self.graphql(document),
            Parsed::Json(value) => {
                self.here.start("body#");
                self.json(At::top(self.policy), *value)
            }
            Parsed::Known(_) | Parsed::Opaque => return opaque("binary", body.bytes, out),
            Parsed::Multipart(parts) => {
                return line::shape_body(out, body.bytes, |out| self.multipart(parts, out));
            }
            Parsed::Text(text) => self.value(Some(&Kind::Text), text),
            Parsed::Xml(markup) => self.markup(markup),
        };
        line::text_body(out, body.bytes, &text);
    }

    fn answered(&mut self, body: &Body<'_>, out: &mut Vec<u8>) {
        self.here.stop();
        match &body.parsed {
            Parsed::Absent => line::no_body(out),
            Parsed::Form(_) | Parsed::Graphql(_) | Parsed::Text(_) | Parsed::Xml(_) => {
                opaque("text", body.bytes, out);
            }
            Parsed::Json(value) => {
                self.here.start("body#");
                line::shape_body(out, body.bytes, |out| {
                    self.shape(At::top(self.policy), *value, out);
                });
            }
            Parsed::Known(_) | Parsed::Opaque => opaque("binary", body.bytes, out),
            Parsed::Multipart(parts) => {
                line::shape_body(out, body.bytes, |out| self.multipart(parts, out));
            }
        }
    }
}

/// A body of which nothing but the length is kept.
fn opaque(what: &str, bytes: u64, out: &mut Vec<u8>) {
    line::shape_body(out, bytes, |out| super::shape::length(what, bytes, out));
}
