//! What a body is, by its headers.

use crate::raw::{RawBody, RawHeaders};

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Form,
    Json,
    Text,
}

/// The format of a body, if it is text and all of it was kept. What was compressed is `decoded`.
pub(super) fn of<'a>(
    body: &'a RawBody,
    headers: &RawHeaders,
    _decoded: &'a mut Vec<u8>,
) -> Option<(Format, &'a str)> {
    if body.total() == 0 || body.truncated() {
        return None;
    }
    let value_of = |wanted| headers.iter().find(|(name, _)| *name == wanted);
    let encoding = value_of("content-encoding");
    if encoding.is_some_and(|(_, encoding)| !encoding.eq_ignore_ascii_case("identity")) {
        return None;
    }
    let text = std::str::from_utf8(body.kept()).ok()?;
    let content_type = value_of("content-type").map_or("", |(_, value)| value);
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let starts = |with: &str| {
        essence
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let ends = |with: &str| {
        let at = essence.len().checked_sub(with.len());
        at.and_then(|at| essence.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(with))
    };
    let looks_json = essence.is_empty() && text.trim_start().starts_with(['{', '[']);
    if essence.eq_ignore_ascii_case("application/json") || ends("+json") || looks_json {
        Some((Format::Json, text))
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some((Format::Form, text))
    } else {
        starts("text/").then_some((Format::Text, text))
    }
}
