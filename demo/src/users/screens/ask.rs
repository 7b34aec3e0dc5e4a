//! One request to be made, as a screen describes it.
//!
//! Built from the route's template, so that it can be counted under it.

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

/// A request before the session adds who sends it.
pub(in crate::users) struct Ask {
    pub(in crate::users) method: Method,
    pub(in crate::users) headers: Vec<(&'static str, String)>,
    pub(in crate::users) body: Bytes,
    template: &'static str,
    path: String,
    query: String,
}

impl Ask {
    pub(in crate::users) fn get(template: &'static str) -> Self {
        Self::new(Method::GET, template)
    }

    pub(in crate::users) fn post(template: &'static str) -> Self {
        Self::new(Method::POST, template)
    }

    pub(in crate::users) fn put(template: &'static str) -> Self {
        Self::new(Method::PUT, template)
    }

    pub(in crate::users) fn delete(template: &'static str) -> Self {
        Self::new(Method::DELETE, template)
    }

    /// Fills the first open place of the path.
    pub(in crate::users) fn at(mut self, value: &str) -> Self {
        if let (Some(from), Some(to)) = (self.path.find('{'), self.path.find('}')) {
            self.path.replace_range(from..=to, value);
        }
        self
    }

    pub(in crate::users) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.query = Serializer::for_suffix(String::from("?"), 1)
            .extend_pairs(pairs)
            .finish();
        self
    }

    pub(in crate::users) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write the object in place"
    )]
    pub(in crate::users) fn json(mut self, body: Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self.header("content-type", "application/json")
    }

    pub(in crate::users) fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let text = Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body = Bytes::from(text);
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Path and query.
    pub(in crate::users) fn uri(&self) -> String {
        format!("{BASE}{}{}", self.path, self.query)
    }

    /// Method and template.
    pub(in crate::users) fn endpoint(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    /// Whether path, query or body carries a UUID.
    pub(in crate::users) fn carries_an_id(&self) -> bool {
        let body = str::from_utf8(&self.body).unwrap_or_default();
        [self.path.as_str(), &self.query, body]
            .into_iter()
            .any(has_uuid)
    }

    fn new(method: Method, template: &'static str) -> Self {
        Self {
            method,
            template,
            path: template.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

fn has_uuid(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
        .any(|word| word.len() == 36 && Uuid::try_parse(word).is_ok())
}

const BASE: &str = "/api/v1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_seen_wherever_they_are() {
        let id = "6f2c1a52-9d39-4a8e-8a3f-3a9e1c2b7d10";
        assert!(Ask::get("/people/{person_id}").at(id).carries_an_id());
        assert!(
            Ask::get("/absences")
                .query(&[("person_id", id)])
                .carries_an_id()
        );
        assert!(
            Ask::post("/absences")
                .json(serde_json::json!({ "person_id": id }))
                .carries_an_id()
        );
        assert!(
            !Ask::get("/schedule/{start}/{end}")
                .at("2026-11-16")
                .at("2026-11-17")
                .carries_an_id()
        );
    }

    #[test]
    fn queries_are_escaped() {
        let ask = Ask::get("/search/quick").query(&[("query", "Ana Nuñez")]);
        assert_eq!(ask.uri(), "/api/v1/search/quick?query=Ana+Nu%C3%B1ez");
    }
}
