//! Headers and cookies.

use super::memo::{Part, Place};
use super::policy::HeaderRule;
use super::scrub::{Scrub, keepable};
use crate::format::line;
use crate::raw::RawHeaders;

impl Scrub<'_> {
    /// Replaces or leaves out the values of a request's headers.
    pub(super) fn request_headers(&mut self, headers: &RawHeaders, out: &mut Vec<u8>) {
        self.headers(Place::RequestHeader, headers, out);
    }

    /// Replaces or leaves out the values of an answer's headers.
    pub(super) fn response_headers(&mut self, headers: &RawHeaders, out: &mut Vec<u8>) {
        self.headers(Place::ResponseHeader, headers, out);
    }

    fn headers(&mut self, place: Place, headers: &RawHeaders, out: &mut Vec<u8>) {
        for (name, text) in headers.iter() {
            let policy = self.policy;
            let rule = policy.header(name);
            if rule != Some(&HeaderRule::Drop) {
                self.part(
                    Part { place, name, text },
                    out,
                    |scrub, out| line::header(out, name, &scrub.header(rule, name, text)),
                    |policy, evidence| match place {
                        Place::RequestHeader => evidence.header(policy, name, text),
                        _ => evidence.answer_header(policy, name, text),
                    },
                );
            }
        }
    }

    fn header(&mut self, rule: Option<&HeaderRule>, name: &str, value: &str) -> String {
        match (name, rule) {
            ("authorization" | "proxy-authorization", _) => self.credential(value, "auth"),
            ("cookie", _) => self.cookies(value),
            ("set-cookie", _) => self.set_cookie(value),
            ("location" | "content-location", _) => self.link(value),
            (_, Some(HeaderRule::Fresh)) => self.tokens.fresh(value),
            (_, Some(HeaderRule::Keep)) if keepable(value) => value.to_owned(),
            (_, Some(HeaderRule::Kind(kind))) => self.value(Some(kind), value),
            _ => self.value(None, value),
        }
    }

    fn cookies(&mut self, header: &str) -> String {
        let cookies: Vec<String> = header
            .split(';')
            .map(|cookie| self.cookie(cookie))
            .collect();
        cookies.join("; ")
    }

    fn cookie(&mut self, cookie: &str) -> String {
        match cookie.trim().split_once('=') {
            Some((name, value)) => format!("{}={}", self.key(name), self.field(name, value)),
            None => self.value(None, cookie.trim()),
        }
    }

    /// The cookie's value is replaced; of its attributes those stay that say nothing of a person.
    fn set_cookie(&mut self, header: &str) -> String {
        let mut parts = header.split(';');
        let mut safe = self.cookie(parts.next().unwrap_or_default());
        for attribute in parts.map(str::trim) {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let kept = match name.to_ascii_lowercase().as_str() {
                "path" => format!("{name}={}", self.path(value).path),
                "max-age" if value.bytes().all(|b| b.is_ascii_digit()) => attribute.to_owned(),
                "samesite" if value.bytes().all(|b| b.is_ascii_alphabetic()) => {
                    attribute.to_owned()
                }
                "httponly" | "secure" if value.is_empty() => attribute.to_owned(),
                _ => continue,
            };
            safe = safe + "; " + &kept;
        }
        safe
    }

    /// A link keeps its path's words. Its host is a name, and goes.
    fn link(&mut self, link: &str) -> String {
        let path = match link.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => link,
        };
        match path.split_once('?') {
            Some((path, query)) => {
                let path = self.path(path).path;
                format!("{path}?{}", self.pairs(query))
            }
            None => self.path(path).path,
        }
    }
}
