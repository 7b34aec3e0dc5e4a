//! What the service answers with.

use serde_json::{Value, json};

/// An answer on its way.
pub(super) struct Answer {
    status: &'static str,
    /// Whole lines.
    headers: Vec<String>,
    body: String,
}

impl Answer {
    /// One without a body.
    pub(super) const fn bare(status: &'static str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn json(status: &'static str, body: &Value) -> Self {
        let answer = Self {
            body: body.to_string(),
            ..Self::bare(status)
        };
        answer.with("Content-Type", "application/json")
    }

    pub(super) fn page(status: &'static str, text: &str) -> Self {
        let answer = Self {
            body: format!("<!doctype html>\n<title>To do</title>\n{text}\n"),
            ..Self::bare(status)
        };
        answer.with("Content-Type", "text/html; charset=utf-8")
    }

    pub(super) fn refusal(status: &'static str, why: &str) -> Self {
        Self::json(status, &json!({ "errors": [{ "message": why }] }))
    }

    /// To another page, which is fetched by GET.
    pub(super) fn see(path: &str) -> Self {
        Self::bare("303 See Other").with("Location", path)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}\r\n"));
        self
    }

    /// As it goes over the connection.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self {
            status,
            headers,
            body,
        } = self;
        let headers = headers.concat();
        let length = match *status {
            // It has none, not even an empty one.
            "204 No Content" => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        format!("HTTP/1.1 {status}\r\n{headers}{length}\r\n{body}").into_bytes()
    }
}
