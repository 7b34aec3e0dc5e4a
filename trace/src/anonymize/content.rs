//! What a body is, by its headers, and what it was before it was compressed.

use std::borrow::Cow;

use super::policy::{Content, Policy};
use crate::coding;
use crate::raw::{RawBody, RawHeaders};

/// A body that can be read, if it is what its headers say.
#[derive(Clone, Copy)]
pub(super) enum Typed<'a> {
    Form(&'a str),
    Graphql(&'a str),
    Json(&'a str),
    /// With its content type, which has the boundary.
    Multipart(&'a str, &'a [u8]),
    Text(&'a str),
    Xml(&'a str),
}

/// A body by its headers, if all of it was kept. What was compressed goes to `decoded`.
pub(super) fn of<'a>(
    policy: &Policy,
    body: &'a RawBody,
    headers: &'a RawHeaders,
    decoded: &'a mut Vec<u8>,
) -> Option<Typed<'a>> {
    if body.total() == 0 || body.truncated() {
        return None;
    }
    let values = |wanted| {
        let named = headers.iter().filter(move |(name, _)| *name == wanted);
        named.map(|(_, value)| value)
    };
    let content_type = values("content-type").next().unwrap_or_default();
    let mut encodings = values("content-encoding");
    let bytes = match (encodings.next(), encodings.next()) {
        (None, _) => body.kept(),
        (Some(one), None) => decode(one, body.kept(), decoded)?,
        // Repeated, they are one list (RFC 9110, §5.3).
        _ => {
            let all: Vec<_> = values("content-encoding").collect();
            decode(&all.join(","), body.kept(), decoded)?
        }
    };
    typed(policy, content_type, bytes)
}

fn decode<'a>(encoding: &str, bytes: &'a [u8], decoded: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    Some(match coding::decode(encoding, bytes, MOST_DECODED).ok()? {
        Cow::Borrowed(bytes) => bytes,
        Cow::Owned(bytes) => {
            *decoded = bytes;
            decoded
        }
    })
}

fn typed<'a>(policy: &Policy, content_type: &'a str, bytes: &'a [u8]) -> Option<Typed<'a>> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if let Some((sort, _)) = essence.split_once('/')
        && sort.eq_ignore_ascii_case("multipart")
    {
        return Some(Typed::Multipart(content_type, bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?;
    Some(
        match policy.content(essence).or_else(|| usual(essence, text))? {
            Content::Form => Typed::Form(text),
            Content::Graphql => Typed::Graphql(text),
            Content::Json => Typed::Json(text),
            Content::Shape => return None,
            Content::Text => Typed::Text(text),
            Content::Xml => Typed::Xml(text),
        },
    )
}

/// How a content type is read for which there is no rule.
fn usual(essence: &str, text: &str) -> Option<Content> {
    let is = |other: &str| essence.eq_ignore_ascii_case(other);
    let starts = |with: &str| {
        let start = essence.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let ends = |with: &str| {
        let at = essence.len().checked_sub(with.len());
        let end = at.and_then(|at| essence.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(with))
    };
    let looks_json = essence.is_empty() && text.trim_start().starts_with(['{', '[']);
    if is("application/json") || is("text/json") || ends("+json") || looks_json {
        Some(Content::Json)
    } else if is("application/x-www-form-urlencoded") {
        Some(Content::Form)
    } else if is("application/xml") || is("text/xml") || ends("+xml") {
        Some(Content::Xml)
    } else if is("application/graphql") {
        Some(Content::Graphql)
    } else {
        starts("text/").then_some(Content::Text)
    }
}

/// How long a body may be once it is decoded, in bytes: a little data can become very much.
const MOST_DECODED: usize = 1 << 20;
