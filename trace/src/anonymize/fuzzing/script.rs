//! Exchanges as text that people, and a fuzzer's mutations, can write:
//!
//! ```text
//! POST /api/v1/people?page=1
//! content-type: application/json
//!
//! {"name":"Avo Tamm"}
//! ===
//! 201
//! content-type: application/json
//!
//! {"id":7}
//! %%%
//! GET /api/v1/people/7
//! ===
//! 200
//! ```

use std::net::Ipv4Addr;

use crate::exchange::Timing;
use crate::raw::{Method, RawBody, RawExchange, RawHeaders};

/// All exchanges of a script. Every text is one.
pub(super) fn exchanges(script: &[u8]) -> impl Iterator<Item = RawExchange> {
    let mut rest = Some(script);
    let texts = std::iter::from_fn(move || {
        let (text, more) = cut(rest?, b"\n%%%\n");
        rest = more;
        Some(text)
    });
    (1..)
        .zip(texts.take(MOST))
        .map(|(number, text)| exchange(number, text))
}

/// A path with a query, which is sent as a form, too.
pub(super) fn form(path: &str, query: &str) -> RawExchange {
    let mut raw = exchange(1, b"POST /");
    path.clone_into(&mut raw.path);
    query.clone_into(&mut raw.query);
    raw.request_headers
        .push(b"content-type", b"application/x-www-form-urlencoded");
    raw.request_body.push(query.as_bytes(), LIMIT);
    raw
}

fn exchange(number: u32, text: &[u8]) -> RawExchange {
    let (request, answer) = cut(text, b"\n===\n");
    let (first, request_headers, request_body) = message(request);
    let (status, response_headers, response_body) = message(answer.unwrap_or_default());
    let (method, target) = first.split_once(' ').unwrap_or((&first, "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    RawExchange {
        at_ns: u64::from(number) * 1_000_000,
        connection: u64::from(number),
        client: Ipv4Addr::from(0xc612_0000 + number % 2).into(),
        version: "1.1",
        method: Method::of(method.as_bytes()),
        path: path.to_owned(),
        query: query.to_owned(),
        request_headers,
        request_body,
        status: status.trim().parse().unwrap_or(0),
        response_headers,
        response_body,
        timing: Timing {
            first_byte_ns: 1_000,
            total_ns: 2_000,
        },
        aborted: number.is_multiple_of(7),
    }
}

/// First line, headers, body.
fn message(text: &[u8]) -> (String, RawHeaders, RawBody) {
    let (head, content) = cut(text, b"\n\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut headers = RawHeaders::new();
    for line in lines {
        let (name, value) = cut(line, b": ");
        headers.push(name, value.unwrap_or_default());
    }
    let mut body = RawBody::new();
    body.push(content.unwrap_or_default(), LIMIT);
    (first, headers, body)
}

fn cut<'t>(text: &'t [u8], at: &[u8]) -> (&'t [u8], Option<&'t [u8]>) {
    let found = text.windows(at.len()).position(|window| window == at);
    match found {
        Some(place) => (&text[..place], Some(&text[place + at.len()..])),
        None => (text, None),
    }
}

/// Of a longer body the beginning is kept.
const LIMIT: usize = 2048;

/// Exchanges of a script.
const MOST: usize = 32;
