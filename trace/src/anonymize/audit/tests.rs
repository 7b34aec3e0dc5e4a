//! The audit: every form in every position is found, and nothing is said that could not be read.

use std::collections::BTreeSet;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use serde_json::json;

use super::*;
use crate::exchange::{Body, Content, Headers, Link, Request, Response, Shape, Timing};
use crate::format::tests::{header, line_of};
use crate::format::writer::hex;

/// Originals of each kind; the first is long, the last so short that it must stand alone.
const NAME: &str = "Gonzalez-Ñandú, \"Pepa\"";
const EMAIL: &str = "pepa@clinic.example";
const SHORT: &str = "Ruiz";
const ID: &str = "MRN-Ab129";

fn originals() -> [Original; 4] {
    [
        Original::new(NAME, Label::Name),
        Original::new(EMAIL, Label::Email),
        Original::new(SHORT, Label::Name),
        Original::new(ID, Label::Id),
    ]
}

fn blank() -> Exchange {
    Exchange {
        seq: 1,
        at_ns: 0,
        session: "s1".to_owned(),
        user: "u1".to_owned(),
        connection: 1,
        route: "GET /x".to_owned(),
        request: Request {
            version: "1.1".to_owned(),
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            query: String::new(),
            headers: Headers::default(),
            body: Body::EMPTY,
        },
        response: Response {
            status: 200,
            headers: Headers::default(),
            body: Body::EMPTY,
        },
        timing: Timing {
            first_byte_ns: 1,
            total_ns: 2,
        },
        links: Vec::new(),
        flags: Vec::new(),
    }
}

fn audit(originals: &[Original], exchange: &Exchange) -> Report {
    audit_among(originals, &[], exchange)
}

/// The same where it is known what stands for others.
fn audit_among(originals: &[Original], made_up: &[&str], exchange: &Exchange) -> Report {
    let made_up = made_up.iter().map(|it| (*it).to_owned()).collect();
    let mut file = serde_json::to_vec(&header()).unwrap();
    file.push(b'\n');
    file.extend_from_slice(&line_of(exchange));
    let reader = Reader::new(Path::new("x.jsonl"), Cursor::new(file)).unwrap();
    let vocabulary = ["resident", "primary contact"];
    let search = Search::new(
        originals.iter(),
        vocabulary.into_iter(),
        Detectors::default(),
    );
    search.among(&made_up).run(reader).unwrap()
}

/// The same value, written as programs write values into each other.
fn forms(value: &str) -> Vec<String> {
    let percent = |value: &str| {
        let coded = |byte: u8| format!("%{byte:02x}");
        value.bytes().map(coded).collect::<String>()
    };
    let escaped: String = value
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    let entities: String = value.chars().map(|c| format!("&#{};", c as u32)).collect();
    let quoted = json!(value).to_string();
    vec![
        value.to_owned(),
        value.to_uppercase(),
        percent(value),
        percent(&percent(value)),
        quoted[1..quoted.len() - 1].to_owned(),
        escaped,
        entities,
        STANDARD.encode(value),
        STANDARD.encode(format!("{{\"a\":\"{value}\"}}")),
        URL_SAFE_NO_PAD.encode(STANDARD.encode(value)),
        hex(value.as_bytes()),
        hex(value.as_bytes()).to_uppercase(),
    ]
}

/// One exchange for each position that a value can be in.
fn positions(value: &str) -> Vec<(&'static str, Exchange)> {
    let put = |place, change: &dyn Fn(&mut Exchange)| {
        let mut exchange = blank();
        change(&mut exchange);
        (place, exchange)
    };
    let body = |content| Body { bytes: 9, content };
    let shape = |shape: serde_json::Value| body(Content::Shape(shape.into()));
    let text = |text: String| body(Content::Utf8(text));
    let told =
        |ids: &serde_json::Value| body(Content::Shape(Shape::of_text("{}", &ids.to_string())));
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    vec![
        put("route", &|x| x.route = format!("GET /{value}")),
        put("request path", &|x| {
            x.request.path = format!("/a/{value}/b");
        }),
        put("request query q", &|x| {
            x.request.query = format!("q={value}");
        }),
        put("request query", &|x| {
            x.request.query = format!("a=1&{value}=b");
        }),
        put("request header x-a", &|x| {
            x.request.headers = vec![("x-a".to_owned(), value.to_owned())].into();
        }),
        put("response header", &|x| {
            x.response.headers = vec![(value.to_owned(), String::new())].into();
        }),
        put("request body#/a/1/b", &|x| {
            x.request.body = text(json!({"a": [1, {"b": value}]}).to_string());
        }),
        put("request body#", &|x| {
            x.request.body = text(json!({ value: 1 }).to_string());
        }),
        put("request body", &|x| {
            x.request.body = text(format!("say {value} again"));
        }),
        put("response body#/a/1", &|x| {
            x.response.body = shape(json!({"a": ["array(2)", format!("id:{value}")]}));
        }),
        put("response body#", &|x| {
            x.response.body = shape(json!({ value: "date" }));
        }),
        put("response body#/a/1/id", &|x| {
            x.response.body = told(&json!({ "/a/1/id": value }));
        }),
        put("response body", &|x| {
            x.response.body = told(&json!({ format!("/a/{}/id", escaped(value)): "7" }));
        }),
        put("request body", &|x| {
            x.request.body = body(Content::Base64(value.as_bytes().to_vec()));
        }),
        put("link", &|x| {
            x.links = vec![Link {
                from: 1,
                source: format!("body#/{value}"),
                into: "path/1".to_owned(),
            }];
        }),
    ]
}

#[test]
fn every_original_is_found_in_every_form_and_position_and_never_shown() {
    for (number, value) in [NAME, EMAIL, SHORT, ID].into_iter().enumerate() {
        for (index, form) in forms(value).into_iter().enumerate() {
            // An identifier in capitals is another identifier.
            if value == ID && index == 1 {
                continue;
            }
            // A query is cut at these before anything is decoded.
            for (place, exchange) in positions(&form) {
                if place.starts_with("request query") && form.contains(['&', '=']) {
                    continue;
                }
                let report = audit(&originals(), &exchange);
                let found = &report.findings.first;
                let here = found.iter().find(|finding| finding.place == place);
                let here = here.unwrap_or_else(|| panic!("{number} {place} {form}: {found:?}"));
                assert_eq!(here.seq, 1);
                let shown = found.iter().map(ToString::to_string).collect::<String>();
                assert!(!shown.contains(&form) && !shown.contains(value), "{shown}");
            }
        }
    }
}

#[test]
fn what_is_searched_for_is_counted_by_kind() {
    let report = audit(&originals(), &blank());
    let kinds: Vec<_> = report.searched.clone().into_iter().collect();
    assert_eq!(kinds, [("email", 1), ("id", 1), ("name", 2)]);
    assert_eq!((report.totals().searched, report.totals().found), (4, 0));
    assert_eq!((report.exchanges, report.values), (1, 5));
}

#[test]
fn what_is_about_nobody_is_not_found() {
    let public = [
        Original::new("Resident", Label::Name),
        Original::new("contact", Label::Text),
        Original::new("string(11)", Label::Text),
        Original::new("gzip", Label::Text),
        Original::new("abc", Label::Id),
    ];
    let mut exchange = blank();
    exchange.request.path = "/resident/contact/abc".to_owned();
    exchange.request.headers = vec![("accept".to_owned(), "gzip".to_owned())].into();
    exchange.response.body.content =
        Content::Shape(json!({"contact": "string(11)", "resident": "keep:resident"}).into());
    assert_eq!(audit(&public, &exchange).findings, Findings::default());
}

#[test]
fn a_short_original_must_stand_alone() {
    for (path, found) in [
        ("/Ruiz", 1),
        ("/RUIZ/x", 1),
        ("/Ruizo", 0),
        ("/xRuiz", 0),
        ("/a,Ruiz;b", 1),
    ] {
        let mut exchange = blank();
        exchange.request.path = path.to_owned();
        assert_eq!(
            audit(&originals(), &exchange).findings.total(),
            found,
            "{path}"
        );
    }
}

#[test]
fn findings_are_masked_and_bounded() {
    let mut exchange = blank();
    exchange.request.body.content = Content::Utf8(
        json!({EMAIL: (0..50).map(|n| format!("call 808-201-33{n:02}")).collect::<Vec<_>>()})
            .to_string(),
    );
    let findings = audit(&originals(), &exchange).findings;
    assert_eq!(findings.kinds, [("email", 1), ("phone", 50)].into());
    assert_eq!(findings.first.len(), 20);
    insta::assert_snapshot!(findings.first[0], @"exchange 1, request body#: email p…@… (19 characters)");
    insta::assert_snapshot!(findings.first[1], @"exchange 1, request body#/*/0: phone … (12 characters)");
}

#[test]
fn a_name_that_occurs_twice_hides_nothing() {
    let mut exchange = blank();
    exchange.request.body.content = Content::Utf8(format!("{{\"a\":\"{EMAIL}\",\"a\":1}}"));
    assert!(audit(&originals(), &exchange).findings.total() > 0);
}

#[test]
fn what_was_made_up_looks_like_what_it_likes() {
    let made_up = [
        "vin-4821",
        "was Dr. Miller",
        "2031-05-11 Dr. May",
        "7742931",
    ];
    let query = |literal: &str| {
        let mut exchange = blank();
        let text = json!({ "query": format!("{{ find(key: \"{literal}\") {{ a }} }}") });
        exchange.request.body = text_body(&text.to_string());
        exchange
    };
    for literal in made_up {
        let report = audit_among(&[], &made_up, &query(literal));
        assert_eq!(report.findings.total(), 0, "{literal}");
    }
    // It is there by chance.
    let original = [Original::new("January 2", Label::Text)];
    for literal in ["January 20, 2083", "was Dr. Miller"] {
        let report = audit_among(&original, &made_up, &query(literal));
        assert_eq!(report.findings.total(), 0, "{literal}");
    }
    // A word of its own, of which the number is a part.
    let report = |word: &str| {
        let mut exchange = blank();
        exchange.request.body = text_body(&format!("call {word} now"));
        audit_among(&[], &["x-808-201-3388"], &exchange)
    };
    assert_eq!(report("x-808-201-3388").findings.total(), 0);
    assert_eq!(report("y-808-201-3388").findings.total(), 1);
    let report = audit_among(&original, &made_up, &query("on January 2"));
    assert_eq!(report.findings.total(), 1);
    for literal in ["vin-4822", "is Dr. Miller", "x vin-48210", "mrn 7742931"] {
        let report = audit_among(&[], &made_up, &query(literal));
        assert_eq!(report.findings.total(), 1, "{literal}");
    }
}

#[test]
fn an_escape_does_not_run_together_with_what_comes_next() {
    let text = |text: &str| {
        let mut exchange = blank();
        exchange.request.body = text_body(text);
        audit(&[], &exchange).findings.total()
    };
    assert_eq!(text(r#"query{p(name:"Pupu\nPI 241/53"){id}}"#), 0);
    assert_eq!(text(r#"query{p(name:"Pupu\nNPI 241/53"){id}}"#), 1);
    assert_eq!(text("<a><![CDATA[January 20, 2083]]></a>"), 0);
    // Where nothing is decoded any more, what stands there is looked at as it is.
    for escapes in ["%41", "%2541", "%252541", "%25252541", "%2525252541"] {
        assert_eq!(
            text(&format!("call 808-201-3388 {escapes}")),
            1,
            "{escapes}"
        );
    }
}

fn text_body(text: &str) -> Body {
    Body {
        bytes: 9,
        content: Content::Utf8(text.to_owned()),
    }
}

#[test]
fn both_alphabets_of_base64_are_known_at_any_place() {
    // All of its digits are of those in which the alphabets differ.
    let value = "??>>~~??>>~~";
    let needle = Needle {
        kind: "id",
        text: value,
        any_case: false,
    };
    let needles = Needles::new(vec![needle]);
    for before in ["", "a", "ab"] {
        let packed = [
            STANDARD.encode(format!("{before}{value}c")),
            URL_SAFE_NO_PAD.encode(format!("{before}{value}c")),
        ];
        for packed in packed {
            let mut found = 0;
            needles.search(&format!("x{packed}"), &mut |_, _| found += 1);
            assert!(found > 0, "{packed}");
        }
    }
}

proptest! {
    /// The index finds what a plain search finds, and nothing else.
    #[test]
    fn the_index_misses_nothing(
        texts in proptest::collection::vec("[a-cñ,]{4,12}", 1..12),
        text in "[a-cA-Cñ,]{0,60}",
    ) {
        let needle = |text| Needle { kind: "id", text, any_case: false };
        let needles = Needles::new(texts.iter().map(|text| needle(text.as_str())).collect());
        let mut found = BTreeSet::new();
        needles.search(&text, &mut |number, _| { found.insert(number); });
        for (number, needle) in texts.iter().enumerate() {
            let edges = |at: usize| {
                let edge = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == b',');
                let bytes = text.as_bytes();
                edge(at.checked_sub(1).and_then(|at| bytes.get(at)))
                    && edge(bytes.get(at + needle.len()))
            };
            let mut starts = text.char_indices().map(|(at, _)| at);
            let there = starts.any(|at| {
                text[at..].starts_with(needle.as_str()) && (needle.len() >= 8 || edges(at))
            });
            prop_assert_eq!(found.contains(&number), there, "{} in {}", needle, text);
        }
    }

    /// What is certain of a base64 form is in it, wherever the value stands.
    #[test]
    fn a_value_inside_base64_is_found(before in "\\PC{0,7}", after in "\\PC{0,7}") {
        let all = originals();
        let packed = STANDARD.encode(format!("{before}{NAME}{after}"));
        let mut exchange = blank();
        exchange.request.path = format!("/x{packed}");
        prop_assert!(audit(&all, &exchange).findings.total() > 0);
    }
}
