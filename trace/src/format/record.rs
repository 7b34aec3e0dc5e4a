//! An exchange as JSON. With the header and the totals, the only place where the format can change:
//! domain types convert to and from these.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::exchange::{
    Body, Content, Exchange, Flag, Headers, Link, Request, Response, Shape, Timing,
};

/// The exchange as a line.
#[derive(Serialize, Deserialize)]
pub(super) struct ExchangeRecord<'a> {
    seq: u64,
    at_ns: u64,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    connection: u64,
    #[serde(borrow)]
    route: Cow<'a, str>,
    #[serde(borrow)]
    request: RequestRecord<'a>,
    #[serde(borrow)]
    response: ResponseRecord<'a>,
    timing: TimingRecord,
    #[serde(borrow, default)]
    links: Vec<LinkRecord<'a>>,
    #[serde(borrow, default)]
    flags: Vec<Cow<'a, str>>,
}

type HeaderPair<'a> = (Cow<'a, str>, Cow<'a, str>);

#[derive(Serialize, Deserialize)]
struct RequestRecord<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(borrow)]
    headers: Vec<HeaderPair<'a>>,
    #[serde(borrow)]
    body: BodyRecord<'a>,
}

#[derive(Serialize, Deserialize)]
struct ResponseRecord<'a> {
    status: u16,
    #[serde(borrow)]
    headers: Vec<HeaderPair<'a>>,
    #[serde(borrow)]
    body: BodyRecord<'a>,
}

#[derive(Serialize, Deserialize)]
struct TimingRecord {
    first_byte_ns: u64,
    total_ns: u64,
}

#[derive(Serialize, Deserialize)]
struct LinkRecord<'a> {
    from: u64,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    into: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct BodyRecord<'a> {
    encoding: Encoding,
    bytes: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    shape: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    ids: Option<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    None,
    Utf8,
    Base64,
    Shape,
}

impl<'a> From<&'a Exchange> for ExchangeRecord<'a> {
    fn from(exchange: &'a Exchange) -> Self {
        Self {
            seq: exchange.seq,
            at_ns: exchange.at_ns,
            session: Cow::Borrowed(&exchange.session),
            user: Cow::Borrowed(&exchange.user),
            connection: exchange.connection,
            route: Cow::Borrowed(&exchange.route),
            request: RequestRecord {
                version: Cow::Borrowed(&exchange.request.version),
                method: Cow::Borrowed(&exchange.request.method),
                path: Cow::Borrowed(&exchange.request.path),
                query: Cow::Borrowed(&exchange.request.query),
                headers: borrow_pairs(&exchange.request.headers),
                body: BodyRecord::from(&exchange.request.body),
            },
            response: ResponseRecord {
                status: exchange.response.status,
                headers: borrow_pairs(&exchange.response.headers),
                body: BodyRecord::from(&exchange.response.body),
            },
            timing: TimingRecord {
                first_byte_ns: exchange.timing.first_byte_ns,
                total_ns: exchange.timing.total_ns,
            },
            links: exchange.links.iter().map(LinkRecord::from).collect(),
            flags: exchange
                .flags
                .iter()
                .map(|flag| flag_name(*flag).into())
                .collect(),
        }
    }
}

impl ExchangeRecord<'_> {
    /// The domain's form of the line, or what is wrong with the body.
    pub(super) fn into_exchange(self) -> Result<Exchange, BodyError> {
        Ok(Exchange {
            seq: self.seq,
            at_ns: self.at_ns,
            session: self.session.into_owned(),
            user: self.user.into_owned(),
            connection: self.connection,
            route: self.route.into_owned(),
            request: Request {
                version: self.request.version.into_owned(),
                method: self.request.method.into_owned(),
                path: self.request.path.into_owned(),
                query: self.request.query.into_owned(),
                headers: own_pairs(self.request.headers),
                body: self.request.body.into_body()?,
            },
            response: Response {
                status: self.response.status,
                headers: own_pairs(self.response.headers),
                body: self.response.body.into_body()?,
            },
            timing: Timing {
                first_byte_ns: self.timing.first_byte_ns,
                total_ns: self.timing.total_ns,
            },
            links: self.links.into_iter().map(Link::from).collect(),
            flags: self
                .flags
                .iter()
                .filter_map(|name| flag_named(name))
                .collect(),
        })
    }
}

/// A body whose fields do not fit its encoding.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// `text`, `data` or `shape` is missing for the encoding given.
    #[error("a body lacks the field that its encoding needs")]
    Missing,
    /// `data` is not base64.
    #[error("a body's data is not base64")]
    Base64(#[source] base64::DecodeError),
}

impl<'a> From<&'a Body> for BodyRecord<'a> {
    fn from(body: &'a Body) -> Self {
        let mut record = Self {
            encoding: Encoding::None,
            bytes: body.bytes,
            text: None,
            data: None,
            shape: None,
            ids: None,
        };
        match &body.content {
            Content::None => {}
            Content::Utf8(text) => {
                record.encoding = Encoding::Utf8;
                record.text = Some(Cow::Borrowed(text));
            }
            Content::Base64(bytes) => {
                record.encoding = Encoding::Base64;
                record.data = Some(BASE64.encode(bytes));
            }
            Content::Shape(shape) => {
                record.encoding = Encoding::Shape;
                record.shape = serde_json::from_str(shape.text()).ok();
                record.ids = serde_json::from_str(shape.ids()).ok();
            }
        }
        record
    }
}

impl BodyRecord<'_> {
    fn into_body(self) -> Result<Body, BodyError> {
        let content = match self.encoding {
            Encoding::None => Content::None,
            Encoding::Utf8 => Content::Utf8(self.text.ok_or(BodyError::Missing)?.into_owned()),
            Encoding::Base64 => {
                let data = self.data.ok_or(BodyError::Missing)?;
                Content::Base64(BASE64.decode(data).map_err(BodyError::Base64)?)
            }
            Encoding::Shape => {
                let shape = self.shape.ok_or(BodyError::Missing)?;
                let ids = self.ids.map(RawValue::get).unwrap_or_default();
                Content::Shape(Shape::of_text(shape.get(), ids))
            }
        };
        Ok(Body {
            bytes: self.bytes,
            content,
        })
    }
}

impl<'a> From<&'a Link> for LinkRecord<'a> {
    fn from(link: &'a Link) -> Self {
        Self {
            from: link.from,
            source: Cow::Borrowed(&link.source),
            into: Cow::Borrowed(&link.into),
        }
    }
}

impl From<LinkRecord<'_>> for Link {
    fn from(record: LinkRecord<'_>) -> Self {
        Self {
            from: record.from,
            source: record.source.into_owned(),
            into: record.into.into_owned(),
        }
    }
}

fn borrow_pairs(pairs: &[(String, String)]) -> Vec<HeaderPair<'_>> {
    pairs
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str())))
        .collect()
}

fn own_pairs(pairs: Vec<HeaderPair<'_>>) -> Headers {
    let pairs = pairs.into_iter();
    let owned: Vec<_> = pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    owned.into()
}

const FLAGS: [(Flag, &str); 4] = [
    (Flag::Aborted, "aborted"),
    (Flag::Identifier, "identifier"),
    (Flag::RequestTruncated, "request_truncated"),
    (Flag::ResponseTruncated, "response_truncated"),
];

pub(super) fn flag_name(flag: Flag) -> &'static str {
    FLAGS
        .iter()
        .find(|(known, _)| *known == flag)
        .map_or("", |(_, name)| name)
}

/// A flag that this version does not know is ignored, so that a later one may add some.
pub(super) fn flag_named(name: &str) -> Option<Flag> {
    FLAGS
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(flag, _)| *flag)
}
