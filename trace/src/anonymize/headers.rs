//! Headers and cookies.

use bytes::Bytes;

use super::policy::HeaderRule;
use super::scrub::{Scrub, keepable};

impl Scrub<'_> {
    /// Replaces or leaves out the values of headers, whose names are in lower case.
    pub(super) fn headers(&mut self, headers: &[(String, Bytes)]) -> Vec<(String, String)> {
        headers
            .iter()
            .filter_map(|(name, value)| self.header(name, value))
            .collect()
    }

    fn header(&mut self, name: &str, value: &[u8]) -> Option<(String, String)> {
        let value = String::from_utf8_lossy(value);
        let safe = match (name, self.policy.header(name)) {
            (_, Some(HeaderRule::Drop)) => return None,
            ("authorization" | "proxy-authorization", _) => self.credential(&value, "auth"),
            ("cookie", _) => self.cookies(&value),
            ("set-cookie", _) => self.set_cookie(&value),
            ("location" | "content-location", _) => self.link(&value),
            (_, Some(HeaderRule::Fresh)) => self.tokens.fresh(&value),
            (_, Some(HeaderRule::Keep)) if keepable(&value) => value.into_owned(),
            _ => self.value(None, &value),
        };
        Some((name.to_owned(), safe))
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
                format!("{path}?{}", self.query(query))
            }
            None => self.path(path).path,
        }
    }
}
