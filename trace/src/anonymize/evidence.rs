//! What an exchange says about who is behind it: credentials, user name, password.

use std::sync::Arc;

use super::body::{Body, Parsed};
use super::json::Json;
use super::memo::{Known, Memo, Part, Place};
use super::original::Original;
use super::people::{Evidence, Presented};
use super::policy::{Kind, Policy};
use super::scrub::bare_credential;
use super::url::decode_form;
use crate::raw::RawExchange;

/// Collects the evidence in headers, cookies, query and bodies. Of a part that is known, what it
/// says is known too.
pub(super) fn gather(
    policy: &Policy,
    memo: &Memo,
    raw: &RawExchange,
    request: &Body<'_>,
    response: &Body<'_>,
) -> Evidence {
    let mut evidence = Evidence::default();
    for (name, text) in raw.request_headers.iter() {
        if matches!(name, "authorization" | "cookie") {
            let place = Place::RequestHeader;
            match memo.get(memo.key(Part { place, name, text })) {
                Some(known) => evidence.again(known),
                None => evidence.header(policy, name, text),
            }
        }
    }
    if !raw.query.is_empty() {
        match memo.get(memo.key(Part::new(Place::Query, &raw.query))) {
            Some(known) => evidence.again(known),
            None => evidence.pairs(policy, &raw.query),
        }
    }
    evidence.body(policy, request);
    if (200..300).contains(&raw.status) {
        evidence.answer_body(policy, response);
        for (name, value) in raw.response_headers.iter() {
            evidence.answer_header(policy, name, value);
        }
    }
    evidence.refused = raw.status == 401;
    evidence.unanswered = raw.status == 0;
    evidence
}

impl Evidence {
    /// What a header of a request says.
    pub(super) fn header(&mut self, policy: &Policy, name: &str, value: &str) {
        match name {
            "authorization" => self.present(value),
            "cookie" => {
                for cookie in value.split(';') {
                    if let Some((name, value)) = cookie.trim().split_once('=') {
                        self.requested(policy.field(name), value);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a query or form says.
    pub(super) fn pairs(&mut self, policy: &Policy, form: &str) {
        for (name, value) in form.split('&').filter_map(|pair| pair.split_once('=')) {
            self.requested(policy.field(&decode_form(name)), &decode_form(value));
        }
    }

    /// What a request's body says.
    pub(super) fn body(&mut self, policy: &Policy, body: &Body<'_>) {
        match &body.parsed {
            Parsed::Form(form) => self.pairs(policy, form),
            Parsed::Json(json) => each_string(json, &mut |name, value| {
                self.requested(policy.field(name), value);
            }),
            Parsed::Known(known) => self.again(known),
            Parsed::Absent | Parsed::Opaque | Parsed::Text(_) => {}
        }
    }

    /// What the body of an answer says. Of a known one there is nothing to say.
    pub(super) fn answer_body(&mut self, policy: &Policy, body: &Body<'_>) {
        if let Parsed::Json(json) = &body.parsed {
            each_string(json, &mut |name, value| self.issue(policy, name, value));
            each_rest(json, &mut |value| {
                self.issued
                    .extend(bare_credential(value).map(str::to_owned));
            });
        }
    }

    /// What a header of an answer says.
    pub(super) fn answer_header(&mut self, policy: &Policy, name: &str, value: &str) {
        if name == "set-cookie" {
            let cookie = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = cookie.split_once('=') {
                self.issue(policy, name.trim(), value);
            }
        }
    }

    fn again(&mut self, known: &Known) {
        let presented = known.presented.iter();
        self.presented
            .extend(presented.map(|(token, owner)| Presented {
                token: Arc::clone(token),
                owner: Some(*owner),
            }));
    }

    fn present(&mut self, value: &str) {
        self.presented
            .extend(bare_credential(value).map(|token| Presented {
                token: Arc::new(Original::new(token)),
                owner: None,
            }));
    }

    fn requested(&mut self, kind: Option<&Kind>, value: &str) {
        match kind {
            Some(Kind::Credential | Kind::Refresh) => self.present(value),
            Some(Kind::Username) => self.username = Some(value.to_owned()),
            Some(Kind::Password) => self.password = true,
            _ => {}
        }
    }

    fn issue(&mut self, policy: &Policy, name: &str, value: &str) {
        if policy.is_bearer(name) {
            self.issued
                .extend(bare_credential(value).map(str::to_owned));
        }
    }
}

/// Calls `found` with the name and value of every string field.
fn each_string(value: &Json<'_>, found: &mut dyn FnMut(&str, &str)) {
    match value {
        Json::Array(array) => array.items.iter().for_each(|item| each_string(item, found)),
        Json::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Json::String(text) => found(name, text),
                    nested => each_string(nested, found),
                }
            }
        }
        _ => {}
    }
}

/// Calls `found` with what was taken from the rest of arrays.
fn each_rest(value: &Json<'_>, found: &mut dyn FnMut(&str)) {
    match value {
        Json::Array(array) => {
            array.items.iter().for_each(|item| each_rest(item, found));
            array.rest.iter().for_each(|text| found(text));
        }
        Json::Object(fields) => fields.iter().for_each(|(_, value)| each_rest(value, found)),
        _ => {}
    }
}
