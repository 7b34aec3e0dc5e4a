//! Whole exchanges through the anonymizer with the shipped policy.

use std::net::Ipv4Addr;

use super::*;
use crate::exchange::{Body, Content, Exchange, Timing};
use crate::format::tests::{exchange_in, line_of};
use crate::raw::{Method, RawBody, RawHeaders};

mod slots;
mod values;

fn shipped_policy() -> Policy {
    Policy::parse(include_str!("../../../config/anonymize.toml")).unwrap()
}

/// A request and its answer, for the parts that a test does not care about.
struct Made(RawExchange);

impl Made {
    fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self(RawExchange {
            at_ns: 0,
            connection: 1,
            client: Ipv4Addr::new(192, 0, 2, 1).into(),
            version: "1.1",
            method: Method::of(method.as_bytes()),
            path: path.to_owned(),
            query: query.to_owned(),
            request_headers: RawHeaders::default(),
            request_body: RawBody::default(),
            status: 200,
            response_headers: RawHeaders::default(),
            response_body: RawBody::default(),
            timing: Timing {
                first_byte_ns: 1,
                total_ns: 2,
            },
            aborted: false,
        })
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.0
            .request_headers
            .push(name.as_bytes(), value.as_bytes());
        self
    }

    fn body(mut self, content_type: &str, body: &str) -> Self {
        self = self.header("content-type", content_type);
        self.0.request_body.push(body.as_bytes(), 65536);
        self
    }

    fn answer_header(mut self, name: &str, value: &str) -> Self {
        self.0
            .response_headers
            .push(name.as_bytes(), value.as_bytes());
        self
    }

    fn answer(mut self, status: u16, body: &serde_json::Value) -> Self {
        self.0.status = status;
        self = self.answer_header("content-type", "application/json");
        self.0
            .response_body
            .push(body.to_string().as_bytes(), 65536);
        self
    }

    fn apply(&self, anonymizer: &mut Anonymizer) -> Exchange {
        let line = anonymizer.apply(&self.0).unwrap().line().to_vec();
        let exchange = exchange_in(&line);
        let defined = line_of(&exchange);
        assert_eq!(
            String::from_utf8_lossy(&line),
            String::from_utf8_lossy(&defined)
        );
        exchange
    }
}

fn utf8(body: &Body) -> &str {
    match &body.content {
        Content::Utf8(text) => text,
        other => panic!("not text: {other:?}"),
    }
}

#[track_caller]
fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(known, _)| known == name);
    &found
        .unwrap_or_else(|| panic!("no {name} in {headers:?}"))
        .1
}

const ID: &str = "6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11";
