//! A capture, written as text line by line.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A capture that a test writes.
pub(crate) struct Recording {
    lines: Vec<Value>,
    found: u32,
}

/// One exchange of it.
pub(crate) struct Recorded(Value);

impl Recording {
    /// A capture with its header only.
    pub(crate) fn new() -> Self {
        let header = json!({
            "type": "header", "format": "rehearsal-capture", "version": 1, "capture": "01TEST",
            "tool": "test", "mode": "tokens", "policy": "sha256:0", "body_limit": 65536, "sample": 1.0,
        });
        Self {
            lines: vec![header],
            found: 0,
        }
    }

    /// Adds an exchange.
    pub(crate) fn with(mut self, exchange: Recorded) -> Self {
        let mut line = exchange.0;
        line["seq"] = json!(self.lines.len());
        self.lines.push(line);
        self
    }

    /// Adds many.
    pub(crate) fn with_all(self, exchanges: impl IntoIterator<Item = Recorded>) -> Self {
        exchanges.into_iter().fold(self, Self::with)
    }

    /// How many exchanges it has.
    pub(crate) fn len(&self) -> usize {
        self.lines.len() - 1
    }

    /// Says that its audit found this many originals.
    pub(crate) fn found(mut self, found: u32) -> Self {
        self.found = found;
        self
    }

    /// The file's text, with a footer.
    pub(crate) fn text(&self) -> String {
        let count = self.lines.len() - 1;
        let footer = json!({
            "type": "footer", "exchanges": count, "offered": count,
            "dropped": {"queue": 0, "size": 0, "policy": 0, "write": 0}, "truncated": 0,
            "redacted": {}, "audit": {"searched": 9, "found": self.found},
            "chain": self.chain(),
        });
        self.unfinished() + &format!("{footer}\n")
    }

    /// The hash of all lines, as there is no checkpoint among them.
    fn chain(&self) -> String {
        let hash = Sha256::digest(self.unfinished());
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Says which clock it goes by, and where on it it begins.
    pub(crate) fn on_clock(mut self, clock: &str, starts_ms: u64) -> Self {
        self.lines[0]["capture"] = json!(format!("01TEST{starts_ms}"));
        self.lines[0]["clock"] = json!(clock);
        self.lines[0]["starts_ns"] = json!(starts_ms * 1_000_000);
        self
    }

    /// The file's text as far as it was written, without a footer.
    pub(crate) fn unfinished(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl Recorded {
    /// A GET that was answered 200 within a millisecond.
    pub(crate) fn get(at_ms: u64, who: u32, path: &str) -> Self {
        let none = json!({"encoding": "none", "bytes": 0});
        Self(json!({
            "type": "exchange", "at_ns": at_ms * 1_000_000, "session": format!("s{who}"),
            "user": format!("u{who}"), "connection": who, "route": format!("GET {path}"),
            "request": {
                "version": "1.1", "method": "GET", "path": path, "query": "", "headers": [],
                "body": none,
            },
            "response": {"status": 200, "headers": [], "body": none},
            "timing": {"first_byte_ns": 500_000, "total_ns": 1_000_000}, "links": [], "flags": [],
        }))
    }

    /// A POST with a body.
    pub(crate) fn post(at_ms: u64, who: u32, path: &str, content_type: &str, body: &str) -> Self {
        let mut recorded = Self::get(at_ms, who, path);
        recorded.0["route"] = json!(format!("POST {path}"));
        recorded.0["request"]["method"] = json!("POST");
        recorded.0["request"]["body"] =
            json!({"encoding": "utf8", "bytes": body.len(), "text": body});
        recorded.header("content-type", content_type)
    }

    /// A POST of so many bytes that mean nothing.
    pub(crate) fn upload(at_ms: u64, who: u32, path: &str, bytes: u64) -> Self {
        let mut recorded = Self::post(at_ms, who, path, "application/octet-stream", "");
        recorded.0["request"]["body"] = json!({"encoding": "none", "bytes": bytes});
        recorded
    }

    /// A HEAD request.
    pub(crate) fn head(at_ms: u64, who: u32, path: &str) -> Self {
        let mut recorded = Self::get(at_ms, who, path);
        recorded.0["route"] = json!(format!("HEAD {path}"));
        recorded.0["request"]["method"] = json!("HEAD");
        recorded
    }

    /// A log-in by JSON with slots.
    pub(crate) fn log_in(at_ms: u64, who: u32) -> Self {
        let body = format!(
            r#"{{"username":"{{{{username:u{who}}}}}","password":"{{{{password:u{who}}}}}"}}"#
        );
        Self::post(
            at_ms,
            who,
            "/api/v1/auth/login/json",
            "application/json",
            &body,
        )
    }

    /// Adds a request header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let headers = self.0["request"]["headers"].as_array_mut().unwrap();
        headers.push(json!([name, value]));
        self
    }

    /// Sends the user's token.
    pub(crate) fn with_token(self, who: u32) -> Self {
        self.header("authorization", &format!("Bearer {{{{auth:u{who}}}}}"))
    }

    /// Came over this connection.
    pub(crate) fn over(mut self, connection: u32) -> Self {
        self.0["connection"] = json!(connection);
        self
    }

    /// When it came.
    pub(crate) fn at_ns(&self) -> Option<u64> {
        self.0["at_ns"].as_u64()
    }

    /// Had this answer instead.
    pub(crate) fn answered(mut self, status: u16) -> Self {
        self.0["response"]["status"] = json!(status);
        self
    }

    /// Had it after this many milliseconds.
    pub(crate) fn took(mut self, ms: u64) -> Self {
        self.0["timing"]["total_ns"] = json!(ms * 1_000_000);
        self
    }

    /// Had an answer of this shape.
    pub(crate) fn shaped(mut self, shape: &Value) -> Self {
        self.0["response"]["body"] = json!({"encoding": "shape", "bytes": 10, "shape": shape});
        self
    }

    /// Is of this route.
    pub(crate) fn routed(mut self, route: &str) -> Self {
        self.0["route"] = json!(route);
        self
    }

    /// Had this header in its answer.
    pub(crate) fn answer_header(mut self, name: &str, value: &str) -> Self {
        let headers = self.0["response"]["headers"].as_array_mut().unwrap();
        headers.push(json!([name, value]));
        self
    }

    /// Uses a value that the answer to exchange `from` gave.
    pub(crate) fn linked(mut self, from: u64, source: &str, into: &str) -> Self {
        let links = self.0["links"].as_array_mut().unwrap();
        links.push(json!({"from": from, "source": source, "into": into}));
        self
    }

    /// Carries an identifier.
    pub(crate) fn flagged(mut self) -> Self {
        self.0["flags"] = json!(["identifier"]);
        self
    }
}
