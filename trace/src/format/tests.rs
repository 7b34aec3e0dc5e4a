//! The file: what is written is read again, and damage is met with the right message.

mod damage;
mod versions;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::record::ExchangeRecord;
use super::writer::Totals;
use super::*;
use crate::anonymize::Anonymized;
use crate::exchange::{
    Body, Content, Exchange, Flag, Headers, Link, Request, Response, Shape, Timing,
};

pub(crate) fn header() -> Header {
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        capture: "01TEST".to_owned(),
        tool: "test 1.0".to_owned(),
        mode: "tokens".to_owned(),
        policy: "sha256:00".to_owned(),
        body_limit: 1024,
        sample: 1.0,
        sampled_by: "user".to_owned(),
        clock: "01TESTCLOCK".to_owned(),
        starts_ns: 5,
    }
}

pub(crate) fn exchange(seq: u64) -> Exchange {
    Exchange {
        seq,
        at_ns: seq * 1_000,
        session: "s3".to_owned(),
        user: "u2".to_owned(),
        connection: 5,
        route: "POST /api/v1/people/{id}/notes".to_owned(),
        request: Request {
            version: "1.1".to_owned(),
            method: "POST".to_owned(),
            path: "/api/v1/people/5c1d/notes".to_owned(),
            query: "page=2".to_owned(),
            headers: vec![("authorization".to_owned(), "Bearer {{auth:u2}}".to_owned())].into(),
            body: Body {
                bytes: 24,
                content: Content::Utf8("{\"text\":\"tavo\"}".to_owned()),
            },
        },
        response: Response {
            status: 201,
            headers: Headers::default(),
            body: Body {
                bytes: 310,
                content: Content::Shape(Shape::of_text(
                    r#"{"id":"id:77","tags":["array(2)",{"id":"id:78"}]}"#,
                    r#"{"/tags/1/id":"79"}"#,
                )),
            },
        },
        timing: Timing {
            first_byte_ns: 3_120_044,
            total_ns: 3_391_870,
        },
        links: vec![Link {
            from: 12,
            source: "body#/items/3/id".to_owned(),
            into: "path/3".to_owned(),
        }],
        flags: vec![Flag::Identifier],
    }
}

/// The line of an exchange, by the format's definition.
pub(crate) fn line_of(exchange: &Exchange) -> Vec<u8> {
    let mut line = Vec::new();
    writer::render(&mut line, "exchange", &ExchangeRecord::from(exchange)).unwrap();
    line
}

/// The exchange in a line.
pub(crate) fn exchange_in(line: &[u8]) -> Exchange {
    let record: ExchangeRecord<'_> = serde_json::from_slice(line).unwrap();
    record.into_exchange().unwrap()
}

fn written(exchanges: &[Exchange]) -> Vec<u8> {
    let mut writer = Writer::start(Vec::new(), &header()).unwrap();
    for exchange in exchanges {
        writer
            .append(&Anonymized::for_format_tests(exchange.clone()))
            .unwrap();
        writer
            .checkpoint(Dropped::default(), LeftOut::default())
            .unwrap();
    }
    let totals = Totals {
        dropped: Dropped {
            queue: 2,
            ..Dropped::default()
        },
        left_out: LeftOut {
            filter: 7,
            sample: 0,
        },
        truncated: 0,
        redacted: BTreeMap::from([("email".to_owned(), 41)]),
        audit: Audit {
            searched: 9,
            found: 0,
            kinds: BTreeMap::from([("email".to_owned(), 9)]),
        },
        repaired: false,
    };
    writer.finish(totals).unwrap().0
}

fn read(bytes: &[u8]) -> Result<Capture, ReadError> {
    let mut reader = Reader::new(Path::new("x.jsonl"), Cursor::new(bytes))?;
    let exchanges = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok(Capture {
        header: reader.header().clone(),
        exchanges,
        moved: 0,
        late: 0,
        footer: reader.footer().cloned(),
        warnings: reader.warnings().to_vec(),
    })
}

#[test]
fn the_lines_are_those_of_the_design() {
    insta::assert_snapshot!(String::from_utf8(written(&[exchange(17)])).unwrap());
}

#[test]
fn offered_is_recorded_and_dropped() {
    let footer = read(&written(&[exchange(1), exchange(2)]))
        .unwrap()
        .footer
        .unwrap();
    assert_eq!(
        (footer.exchanges, footer.dropped.total(), footer.offered),
        (2, 2, 4)
    );
}

#[test]
fn a_torn_end_costs_only_the_torn_line() {
    let whole = written(&[exchange(1), exchange(2)]);
    let second = String::from_utf8_lossy(&whole).find("\"seq\":2").unwrap();
    let torn = read(&whole[..second + 40]).unwrap();
    assert_eq!(torn.exchanges, [exchange(1)]);
    assert_eq!(torn.footer, None);
    assert_eq!(
        torn.warnings,
        [Warning::TornTail { line: 4 }, Warning::NotClosed]
    );
}

#[test]
fn every_cut_is_survived() {
    let whole = written(&[exchange(1), exchange(2)]);
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in header..whole.len() {
        let capture = read(&whole[..cut]).unwrap();
        assert!(capture.exchanges.len() <= 2, "cut at {cut}");
    }
}

#[test]
fn what_is_missing_or_too_much_is_said() {
    let whole = String::from_utf8(written(&[exchange(1), exchange(2)])).unwrap();
    let twice = read(format!("{whole}{whole}").as_bytes()).unwrap();
    assert_eq!(
        (twice.exchanges.len(), twice.warnings),
        (2, vec![Warning::AfterFooter])
    );
    let without: String = whole
        .lines()
        .filter(|line| !line.contains("\"seq\":2,\"at"))
        .map(|line| line.to_owned() + "\n\n")
        .collect();
    assert_eq!(
        read(without.as_bytes()).unwrap().warnings[0],
        Warning::Miscounted { footer: 2, read: 1 }
    );
}

#[test]
fn what_is_no_capture_is_refused_with_a_reason() {
    let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let newer = String::from_utf8(written(&[]))
        .unwrap()
        .replace("\"version\":1", "\"version\":2");
    let damaged = String::from_utf8(written(&[exchange(1)]))
        .unwrap()
        .replace("\"status\":201", "\"status\":x");
    insta::assert_snapshot!(
        [
            message(b""),
            message(b"GET / HTTP/1.1\n"),
            message(b"{\"log\":{\"version\":\"1.2\"}}"),
            message(newer.as_bytes()),
            message(damaged.as_bytes()),
            Capture::read(Path::new("missing.jsonl"))
                .unwrap_err()
                .to_string(),
        ]
        .join("\n")
    );
}

fn any_body() -> impl Strategy<Value = Body> {
    let content = proptest::prop_oneof![
        proptest::prelude::Just(Content::None),
        "\\PC{0,20}".prop_map(Content::Utf8),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Content::Base64),
        "[a-z]{0,8}".prop_map(|text| Content::Shape(serde_json::json!({ "a": [text] }).into())),
        "\\PC{0,8}".prop_map(|text| {
            let ids = serde_json::json!({ "/a": text }).to_string();
            Content::Shape(Shape::of_text("\"null\"", &ids))
        }),
    ];
    (any::<u64>(), content).prop_map(|(bytes, content)| Body { bytes, content })
}

/// An exchange with anything in it.
pub(crate) fn any_exchange() -> impl Strategy<Value = Exchange> {
    let pairs = prop::collection::vec(("[a-z-]{1,8}", "\\PC{0,12}"), 0..5);
    (
        "/\\PC{0,20}",
        pairs,
        any_body(),
        any_body(),
        any::<u64>(),
        any::<u16>(),
    )
        .prop_map(|(path, pairs, request, response, at_ns, status)| {
            let mut any = exchange(1);
            any.at_ns = at_ns;
            any.request.path = path;
            any.request.headers = pairs.clone().into();
            any.request.body = request;
            any.response.headers = pairs.into();
            any.response.body = response;
            any.response.status = status;
            any
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(sent in any_exchange()) {
        prop_assert_eq!(read(&written(std::slice::from_ref(&sent))).unwrap().exchanges, [sent]);
    }
}
