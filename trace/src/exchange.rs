//! An exchange: one request and its answer, as a capture holds it.
//!
//! Plain data without serde: the file's own types are in [`crate::format`], so that the format
//! cannot move by accident.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

/// One request and its answer, free of personal data once it comes out of a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Number within the capture, from 1, in the order of writing.
    pub seq: u64,
    /// Nanoseconds from the capture's start to the request's first byte at the proxy.
    pub at_ns: u64,
    /// One client's exchanges in order, such as `s3`.
    pub session: String,
    /// The person behind the session, such as `u2`: the unit that replay logs in and clones.
    pub user: String,
    /// The client connection's number within the capture.
    pub connection: u64,
    /// Method and path template, such as `GET /api/v1/people/{id}`.
    pub route: String,
    /// What the client sent.
    pub request: Request,
    /// What the client got.
    pub response: Response,
    /// How long the answer took.
    pub timing: Timing,
    /// Values of earlier answers that this request used.
    pub links: Vec<Link>,
    /// What a reader should know about this exchange.
    pub flags: Vec<Flag>,
}

/// What the client sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// HTTP version: `1.0`, `1.1` or `2`.
    pub version: String,
    /// Method, such as `GET`.
    pub method: String,
    /// Path without the query, percent-encoded as sent.
    pub path: String,
    /// Query without the `?`; empty when there is none.
    pub query: String,
    /// Ordered pairs, duplicates kept, names in lower case.
    pub headers: Headers,
    /// Body, if any.
    pub body: Body,
}

/// What the client got.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Status code; 0 when the client went away before there was one.
    pub status: u16,
    /// Ordered pairs, duplicates kept, names in lower case.
    pub headers: Headers,
    /// Body, if any.
    pub body: Body,
}

/// Headers of a request or an answer. Exchanges whose headers are the same share them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Arc<[(String, String)]>);

impl Headers {
    /// Changes values, and those of this exchange only.
    pub fn change_values(&mut self, change: impl Fn(&mut String)) {
        let mut pairs = self.0.to_vec();
        pairs.iter_mut().for_each(|(_, value)| change(value));
        self.0 = pairs.into();
    }
}

impl Deref for Headers {
    type Target = [(String, String)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Vec<(String, String)>> for Headers {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into())
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a (String, String);
    type IntoIter = std::slice::Iter<'a, (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A body and its original length in bytes, which stays true whatever was replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Length of the original in bytes.
    pub bytes: u64,
    /// What was kept of it.
    pub content: Content,
}

/// What was kept of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing: there was no body.
    None,
    /// Text with its personal values replaced.
    Utf8(String),
    /// Bytes that are not text.
    Base64(Vec<u8>),
    /// Structure, lengths and identifiers only; see `captures/README.md` for its grammar.
    Shape(Shape),
}

/// The shape of a body, kept as it was written: most readers do not look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    json: Box<str>,
    ids: Box<str>,
}

impl Shape {
    /// Takes JSON, and that of the identifiers told beside it, if any.
    pub(crate) fn of_text(json: &str, ids: &str) -> Self {
        Self {
            json: json.into(),
            ids: ids.into(),
        }
    }

    /// The JSON that it was written as.
    pub fn text(&self) -> &str {
        &self.json
    }

    /// The JSON of the identifiers that it does not show, by JSON pointer; empty when there are
    /// none.
    pub fn ids(&self) -> &str {
        &self.ids
    }

    /// As a value; `None` when it is nested deeper than any recorder writes.
    pub fn parse(&self) -> Option<Value> {
        serde_json::from_str(self.text()).ok()
    }
}

impl From<Value> for Shape {
    fn from(value: Value) -> Self {
        Self::of_text(&value.to_string(), "")
    }
}

/// Durations from the request's first byte at the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Nanoseconds to the answer's first byte.
    pub first_byte_ns: u64,
    /// Nanoseconds to the answer's last byte.
    pub total_ns: u64,
}

/// A value that an earlier answer gave and this request used. Positions only, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The `seq` of the exchange whose answer gave the value.
    pub from: u64,
    /// Where in that answer, such as `body#/items/3/id`.
    pub source: String,
    /// Where in this request, such as `path/3`.
    pub into: String,
}

/// What a reader should know about an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// The client or the upstream went away before the answer was complete.
    Aborted,
    /// The request carries an identifier (path, query or body) that the application made.
    Identifier,
    /// The request's body was longer than the body limit.
    RequestTruncated,
    /// The answer's body was longer than the body limit.
    ResponseTruncated,
}

impl Body {
    /// No body at all.
    pub const EMPTY: Self = Self {
        bytes: 0,
        content: Content::None,
    };
}
