//! Raw exchanges for the recorder: the demo's own, made anew for ever more people, and large ones.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use trace::exchange::Timing;
use trace::raw::{Method, RawBody, RawExchange, RawHeaders};

use crate::tap::{Message, Seen};

/// What a recorder keeps of a body.
pub(crate) const LIMIT: usize = 64 * 1024;

/// What is another one in each generation of what was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anew {
    /// Every identifier too, so that nothing but the application itself comes again.
    All,
    /// Every credential: other users come, and find the same people and blocks.
    Credentials,
}

/// What was seen, in generation `generation`.
pub(crate) fn again(seen: &Seen, anew: Anew, generation: u32) -> Result<RawExchange> {
    let (request, answer) = (
        of_generation(&seen.request, anew, generation),
        of_generation(&seen.answer, anew, generation),
    );
    let mut words = request.first.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().context("a request without a target")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let status = answer.first.split(' ').nth(1);
    let connection = u32::try_from(seen.connection)?.wrapping_add(generation << 8);
    Ok(RawExchange {
        at_ns: u64::from(generation) * 1_000_000,
        connection: connection.into(),
        client: Ipv4Addr::from(0x0a00_0000 + connection % 0x0100_0000).into(),
        version: "1.1",
        method: Method::of(method.as_bytes()),
        path: path.to_owned(),
        query: query.to_owned(),
        request_headers: headers(&request.headers),
        request_body: body(&request.body),
        status: status.context("an answer without a status")?.parse()?,
        response_headers: headers(&answer.headers),
        response_body: body(&answer.body),
        timing: Timing {
            first_byte_ns: 3_120_044,
            total_ns: 3_391_870,
        },
        aborted: false,
    })
}

fn of_generation(message: &Message, anew: Anew, generation: u32) -> Message {
    let another = |text: &str| renew(text, anew, generation);
    let headers = message.headers.iter();
    Message {
        first: another(&message.first),
        headers: headers
            .map(|(name, value)| (name.clone(), another(value)))
            .collect(),
        body: another(&message.body),
    }
}

/// Long runs of what identifiers and tokens are made of begin with the generation: the last group
/// of a UUID, the parts of a JWT, long numbers. Those of credentials are longer than a UUID's.
fn renew(text: &str, anew: Anew, generation: u32) -> String {
    let least = match anew {
        Anew::All => 12,
        Anew::Credentials => 13,
    };
    let mut out = String::with_capacity(text.len());
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for part in text.split_inclusive(|c| !is_part(c)) {
        let run = part.trim_end_matches(|c| !is_part(c));
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        if run.len() >= least && digits >= 2 {
            let renewed = format!("{generation:08x}");
            out.push_str(&renewed);
            out.push_str(&part[8..]);
        } else {
            out.push_str(part);
        }
    }
    out
}

/// What is new in a large document that comes after others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum New {
    /// Nothing: it is the same one.
    Nothing,
    /// One number.
    Number,
    /// Everybody in it.
    People,
}

/// One whose request or answer is a JSON document of just less than 64 KiB, the `number`th.
pub(crate) fn large(number: u32, new: New, in_request: bool) -> RawExchange {
    let json = [("content-type".to_owned(), "application/json".to_owned())];
    let document = match new {
        New::Nothing => people(0, 0),
        New::Number => people(0, number),
        New::People => people(number, 0),
    };
    let (sent, answered) = match in_request {
        true => (document.as_str(), "{}"),
        false => ("", document.as_str()),
    };
    RawExchange {
        at_ns: u64::from(number),
        connection: 1,
        client: Ipv4Addr::LOCALHOST.into(),
        version: "1.1",
        method: Method::of(b"POST"),
        path: "/api/v1/people/batch".to_owned(),
        query: String::new(),
        request_headers: headers(&json),
        request_body: body(sent),
        status: 200,
        response_headers: headers(&json),
        response_body: body(answered),
        timing: Timing {
            first_byte_ns: 3_120_044,
            total_ns: 3_391_870,
        },
        aborted: false,
    }
}

/// A document as the demo's list of people.
fn people(number: u32, total: u32) -> String {
    let mut text = String::from(r#"{"items":["#);
    for item in 0_u32.. {
        let id = number.wrapping_mul(1000).wrapping_add(item);
        let person = format!(
            r#"{{"id":"6f1f4c9e-98f5-4c58-8a3c-{id:012x}","name":"Avo Tamm {id:x}","email":"avo.tamm{id}@clinic.invalid","type":"resident","pgy_level":2,"is_active":true,"notes":null,"target_clinical_blocks":13,"created_at":"2026-02-03T08:30:00Z"}}"#
        );
        if text.len() + person.len() + 32 > LIMIT {
            break;
        }
        if item > 0 {
            text.push(',');
        }
        text.push_str(&person);
    }
    text + &format!(r#"],"total":{total}}}"#)
}

fn headers(pairs: &[(String, String)]) -> RawHeaders {
    let mut headers = RawHeaders::new();
    for (name, value) in pairs {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    headers
}

fn body(text: &str) -> RawBody {
    let mut body = RawBody::new();
    body.push(text.as_bytes(), LIMIT);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_generation_has_other_identifiers_of_the_same_form() {
        let text = "/people/6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11?page=1&start_date=2026-02-03";
        let (first, second) = (renew(text, Anew::All, 1), renew(text, Anew::All, 2));
        assert_eq!(
            first,
            "/people/6f1f4c9e-98f5-4c58-8a3c-000000011a11?page=1&start_date=2026-02-03"
        );
        assert_ne!(first, second);
        assert_eq!(renew(text, Anew::Credentials, 1), text);
        let token = "Bearer eyJhbGciOiJIUzI1NiJ9.x";
        assert_ne!(renew(token, Anew::Credentials, 1), token);
    }

    #[test]
    fn a_large_document_is_json_of_almost_64_kib() {
        let text = people(7, 0);
        assert!((60_000..=LIMIT).contains(&text.len()), "{}", text.len());
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        assert_ne!(text, people(8, 0));
        assert_ne!(text, people(7, 1));
    }
}
