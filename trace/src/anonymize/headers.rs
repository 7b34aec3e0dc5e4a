//! Headers and cookies.

use super::memo::{Part, Place};
use super::policy::HeaderRule;
use super::scrub::{Scrub, keepable};
use crate::format::line;
use crate::links::{Entity, Strength};
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
                    |scrub, out| {
                        scrub.here.start("header");
                        scrub.here.enter(name);
                        line::header(out, name, &scrub.header(rule, name, text));
                    },
                    |gather, evidence| match place {
                        Place::RequestHeader => gather.header(name, text, evidence),
                        _ => gather.answer_header(name, text, evidence),
                    },
                );
            }
        }
    }

    fn header(&mut self, rule: Option<&HeaderRule>, name: &str, value: &str) -> String {
        match (name, rule) {
            ("etag" | "if-match" | "if-none-match", _) => self.entity_tags(value),
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

    /// Replay keeps cookies as a browser does: that they come again is no link.
    fn cookies(&mut self, header: &str) -> String {
        self.here.stop();
        let cookies: Vec<String> = header
            .split(';')
            .map(|cookie| self.cookie(cookie))
            .collect();
        cookies.join("; ")
    }

    fn cookie(&mut self, cookie: &str) -> String {
        match cookie.trim().split_once('=') {
            Some((name, value)) => {
                let known = self.key(name);
                let mark = self.here.enter(&known);
                let value = self.field(name, value);
                self.here.leave(mark);
                format!("{known}={value}")
            }
            None => self.value(None, cookie.trim()),
        }
    }

    /// Entity tags (RFC 9110, §8.8.3): what is in the quotes is replaced. They are strong whatever
    /// they look like.
    fn entity_tags(&mut self, header: &str) -> String {
        self.here.about(Some(Entity::of_word("etag")));
        let tags = header.split(',').map(str::trim).enumerate();
        let safe: Vec<_> = tags
            .map(|(place, tag)| {
                let mark = (place > 0).then(|| self.here.item(place));
                self.note(Strength::Strong, tag);
                mark.into_iter().for_each(|mark| self.here.leave(mark));
                let opaque = tag.trim_start_matches("W/").trim_matches('"');
                tag.replacen(opaque, &self.tokens.replace(opaque, None), 1)
            })
            .collect();
        safe.join(", ")
    }

    /// The cookie's value is replaced; of its attributes those stay that say nothing of a person.
    fn set_cookie(&mut self, header: &str) -> String {
        let mut parts = header.split(';');
        self.here.start("cookie");
        let mut safe = self.cookie(parts.next().unwrap_or_default());
        self.here.stop();
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
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let header = self.here.enter("path");
        let path = self.path(path).path;
        self.here.leave(header);
        self.here.enter("query");
        query.map_or_else(
            || path.clone(),
            |query| format!("{path}?{}", self.pairs(query)),
        )
    }
}
