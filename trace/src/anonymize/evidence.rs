//! What an exchange says about who is behind it: credentials, session cookies, user name, password.

use super::body::{Body, Parsed};
use super::json::{Json, Value};
use super::memo::{Known, Memo, Part, Place};
use super::people::{Evidence, Fingerprint, People, Presented};
use super::policy::{Kind, Policy};
use super::scrub::bare_credential;
use super::url::decode_form;
use super::walk::At;
use crate::raw::RawExchange;

/// What there is to gather evidence with.
#[derive(Clone, Copy)]
pub(super) struct Gather<'a> {
    pub(super) policy: &'a Policy,
    pub(super) people: &'a People,
}

impl Gather<'_> {
    /// Collects the evidence in headers, cookies, query and bodies. Of a part that is known, what
    /// it says is known too.
    pub(super) fn all(
        self,
        memo: &mut Memo,
        raw: &RawExchange,
        request: &Body<'_>,
        response: &Body<'_>,
    ) -> Evidence {
        let mut evidence = Evidence::default();
        for (name, text) in raw.request_headers.iter() {
            if matches!(name, "authorization" | "cookie") {
                let place = Place::RequestHeader;
                let key = memo.key(Part { place, name, text });
                match memo.get(key) {
                    Some(known) => evidence.again(known),
                    None => self.header(name, text, &mut evidence),
                }
            }
        }
        if !raw.query.is_empty() {
            let key = memo.key(Part::new(Place::Query, &raw.query));
            match memo.get(key) {
                Some(known) => evidence.again(known),
                None => self.pairs(&raw.query, &mut evidence),
            }
        }
        self.body(request, &mut evidence);
        if (200..400).contains(&raw.status) {
            self.answer_body(response, &mut evidence);
            for (name, value) in raw.response_headers.iter() {
                self.answer_header(name, value, &mut evidence);
            }
        }
        evidence.refused = raw.status == 401;
        evidence.unanswered = raw.status == 0;
        evidence
    }

    /// What a header of a request says.
    pub(super) fn header(self, name: &str, value: &str, evidence: &mut Evidence) {
        match name {
            "authorization" => self.present(value, evidence),
            "cookie" => {
                for cookie in value.split(';') {
                    if let Some((name, value)) = cookie.trim().split_once('=') {
                        let kind = self.policy.field(name);
                        if kind == Some(&Kind::Session) {
                            evidence.cookies.push(self.people.fingerprint(value));
                        }
                        self.requested(kind, value, evidence);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a query or form says.
    pub(super) fn pairs(self, form: &str, evidence: &mut Evidence) {
        for (name, value) in form.split('&').filter_map(|pair| pair.split_once('=')) {
            let kind = self.policy.field(&decode_form(name));
            self.requested(kind, &decode_form(value), evidence);
        }
    }

    /// What a request's body says.
    pub(super) fn body(self, body: &Body<'_>, evidence: &mut Evidence) {
        match &body.parsed {
            Parsed::Form(form) => self.pairs(form, evidence),
            Parsed::Json(json) if self.may_have(*json, is_evidence) => {
                self.walk(At::top(self.policy), *json, &mut |kind, value| {
                    self.requested(kind, value, evidence);
                });
            }
            Parsed::Known(known) => evidence.again(known),
            Parsed::Xml(markup) => markup.values().for_each(|(name, value)| {
                self.requested(self.policy.field(name), value, evidence);
            }),
            Parsed::Absent
            | Parsed::Graphql(_)
            | Parsed::Json(_)
            | Parsed::Multipart(_)
            | Parsed::Opaque
            | Parsed::Text(_) => {}
        }
    }

    /// What the body of an answer says. Of a known one there is nothing to say.
    pub(super) fn answer_body(self, body: &Body<'_>, evidence: &mut Evidence) {
        match &body.parsed {
            Parsed::Json(json) if self.may_have(*json, Kind::is_bearer) => {
                self.walk(At::top(self.policy), *json, &mut |kind, value| {
                    if kind.is_some_and(Kind::is_bearer) {
                        evidence.issued.extend(self.issued(value));
                    }
                });
            }
            _ => {}
        }
    }

    /// Whether a value in the document may be of this sort, by its name or its place. Most have
    /// none, and that is soon said.
    fn may_have(self, json: Json<'_>, sort: fn(&Kind) -> bool) -> bool {
        let mut kinds = json.rules().map(|rule| self.policy.said(rule).kind);
        kinds.any(|kind| kind.is_some_and(sort)) || self.policy.pointers.have(sort)
    }

    /// What a header of an answer says.
    pub(super) fn answer_header(self, name: &str, value: &str, evidence: &mut Evidence) {
        if name == "set-cookie" {
            let cookie = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = cookie.split_once('=') {
                match self.policy.field(name.trim()) {
                    Some(Kind::Credential | Kind::Refresh) => {
                        evidence.issued.extend(self.issued(value));
                    }
                    Some(Kind::Session) => {
                        evidence.given_cookies.push(self.people.fingerprint(value));
                    }
                    _ => {}
                }
            }
        }
    }

    fn requested(self, kind: Option<&Kind>, value: &str, evidence: &mut Evidence) {
        match kind {
            Some(Kind::Credential | Kind::Refresh) => self.present(value, evidence),
            Some(Kind::Username) => evidence.username = Some(self.people.fingerprint(value)),
            Some(Kind::Password) => evidence.password = true,
            _ => {}
        }
    }

    fn present(self, value: &str, evidence: &mut Evidence) {
        evidence
            .presented
            .extend(bare_credential(value).map(|token| Presented {
                token: self.people.fingerprint(token),
                owner: None,
            }));
    }

    fn issued(self, value: &str) -> Option<Fingerprint> {
        bare_credential(value).map(|token| self.people.fingerprint(token))
    }

    /// Calls `found` with every text, and what a rule says of it.
    fn walk(self, at: At<'_>, json: Json<'_>, found: &mut dyn FnMut(Option<&Kind>, &str)) {
        match json.value() {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => found(at.kind, text),
            Value::Array(array) => {
                let items = array.items().enumerate();
                items.for_each(|(place, item)| self.walk(at.item(place), item, found));
            }
            Value::Object(object) => object.fields().for_each(|(field, value)| {
                self.walk(at.field(self.policy, field), value, found);
            }),
        }
    }
}

/// Whether a value of this kind in a request says who sends it.
const fn is_evidence(kind: &Kind) -> bool {
    kind.is_bearer() || matches!(kind, Kind::Username | Kind::Password)
}

impl Evidence {
    fn again(&mut self, known: &Known) {
        let presented = known.presented.iter();
        self.presented
            .extend(presented.map(|(token, owner)| Presented {
                token: *token,
                owner: Some(*owner),
            }));
    }
}
