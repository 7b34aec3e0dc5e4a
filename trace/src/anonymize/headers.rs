//! Headers and cookies.

use std::borrow::Cow;

use super::memo::{Part, Place};
use super::policy::HeaderRule;
use super::scrub::{Scrub, keepable};
use super::{detect, http};
use crate::format::line;
use crate::links::{Entity, Strength};
use crate::raw::RawHeaders;

/// Whether a word is a number, or a range of bytes, where there may be one: not one of several that
/// only spaces part.
fn is_expected(word: &str, before: &str, after: &str) -> bool {
    let is_number = |text: &str| {
        text.len() < detect::LONG_DIGITS && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    match word.split_once('-') {
        Some((first, last)) => is_number(first) && is_number(last) && before.starts_with("bytes"),
        None => {
            let alone = before.is_empty() || before.ends_with(", ") || before.ends_with(['=', '"']);
            alone && !after.starts_with(' ') && is_number(word)
        }
    }
}

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
                        let known = scrub.header_name(rule, name);
                        scrub.here.enter(&known);
                        line::header(out, &known, &scrub.header(rule, name, text));
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
            (_, Some(HeaderRule::Keep)) if keepable(&self.policy.detectors, value) => {
                self.public_words(value)
            }
            (_, Some(HeaderRule::Kind(kind))) => self.value(Some(kind), value),
            _ => self.value(None, value),
        }
    }

    /// Words of HTTP and of the policy stay, and numbers where a value is expected; other words
    /// are replaced, each by itself.
    fn public_words(&mut self, value: &str) -> String {
        let mut safe = String::with_capacity(value.len());
        let is_word = |c: char| c.is_alphanumeric() || "-_.+*".contains(c);
        for piece in value.split_inclusive(|c| !is_word(c)) {
            let word = piece.trim_end_matches(|c| !is_word(c));
            if is_expected(word, &safe, &piece[word.len()..])
                || http::is_word(word)
                || self.policy.is_public(word)
            {
                safe.push_str(word);
            } else {
                safe.push_str(&self.tokens.replace(word, None));
            }
            safe.push_str(&piece[word.len()..]);
        }
        safe
    }

    /// The name of a header that neither HTTP nor the policy knows may be data.
    fn header_name<'n>(&mut self, rule: Option<&HeaderRule>, name: &'n str) -> Cow<'n, str> {
        if rule.is_some() || http::is_name(name) || self.policy.is_public(name) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(self.tokens.replace(name, None))
        }
    }

    /// Replay keeps cookies as a browser does: that they come again is no link, and what looks like
    /// an identifier in them is none that a replay would have to know.
    fn cookies(&mut self, header: &str) -> String {
        self.here.stop();
        let identifier = self.identifier;
        let cookies: Vec<String> = header
            .split(';')
            .map(|cookie| self.cookie(cookie))
            .collect();
        self.identifier = identifier;
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
        if !header.contains('"') {
            // No tag, and so no list of any.
            self.note(Strength::Strong, header);
            return self.tokens.replace(header, None);
        }
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
