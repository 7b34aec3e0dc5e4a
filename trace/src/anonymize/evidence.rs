//! What an exchange says about who is behind it: credentials, user name, password.

use serde_json::Value;

use super::body::Parsed;
use super::people::Evidence;
use super::policy::{Kind, Policy};
use super::scrub::bare_credential;
use super::url::decode_form;
use crate::raw::RawExchange;

/// Collects the evidence in headers, cookies, query and bodies.
pub(super) fn gather(
    policy: &Policy,
    raw: &RawExchange,
    request: &Parsed,
    response: &Parsed,
) -> Evidence {
    let mut evidence = Evidence::default();
    for (name, value) in &raw.request_headers {
        let value = String::from_utf8_lossy(value);
        match name.as_str() {
            "authorization" => evidence.present(&value),
            "cookie" => {
                for (name, value) in value
                    .split(';')
                    .filter_map(|cookie| cookie.trim().split_once('='))
                {
                    evidence.requested(policy.field(name), value);
                }
            }
            _ => {}
        }
    }
    for (name, value) in form_pairs(&raw.query) {
        evidence.requested(policy.field(&name), &value);
    }
    match request {
        Parsed::Form(form) => {
            for (name, value) in form_pairs(form) {
                evidence.requested(policy.field(&name), &value);
            }
        }
        Parsed::Json(json) => {
            each_string(json, &mut |name, value| {
                evidence.requested(policy.field(name), value);
            });
        }
        _ => {}
    }
    if (200..300).contains(&raw.status) {
        evidence.answered(policy, raw, response);
    }
    evidence.refused = raw.status == 401;
    evidence
}

impl Evidence {
    fn present(&mut self, value: &str) {
        self.presented
            .extend(bare_credential(value).map(str::to_owned));
    }

    fn requested(&mut self, kind: Option<&Kind>, value: &str) {
        match kind {
            Some(Kind::Credential | Kind::Refresh) => self.present(value),
            Some(Kind::Username) => self.username = Some(value.to_owned()),
            Some(Kind::Password) => self.password = true,
            _ => {}
        }
    }

    fn answered(&mut self, policy: &Policy, raw: &RawExchange, response: &Parsed) {
        let mut issue = |name: &str, value: &str| {
            if matches!(policy.field(name), Some(Kind::Credential | Kind::Refresh)) {
                self.issued
                    .extend(bare_credential(value).map(str::to_owned));
            }
        };
        if let Parsed::Json(json) = response {
            each_string(json, &mut issue);
        }
        for (name, value) in &raw.response_headers {
            let value = String::from_utf8_lossy(value);
            let cookie = value
                .split(';')
                .next()
                .and_then(|cookie| cookie.split_once('='));
            if let (true, Some((name, value))) = (name == "set-cookie", cookie) {
                issue(name.trim(), value);
            }
        }
    }
}

fn form_pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode_form(name), decode_form(value)))
}

/// Calls `found` with the name and value of every string field.
fn each_string(value: &Value, found: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_string(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) => found(name, text),
                    nested => each_string(nested, found),
                }
            }
        }
        _ => {}
    }
}
