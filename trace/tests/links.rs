//! Links through a whole recording: what they lead to is the same on both ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::net::Ipv4Addr;

use proptest::collection;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use rehearsal_trace::anonymize::{Mode, Policy};
use rehearsal_trace::exchange::{Content, Exchange, Timing};
use rehearsal_trace::format::Capture;
use rehearsal_trace::raw::{Method, RawBody, RawExchange, RawHeaders};
use rehearsal_trace::recording::{Missed, Recording, Sample, Series, Start};
use serde_json::{Value, json};

/// Records the exchanges with the shipped policy and reads the capture.
fn record(exchanges: &[RawExchange]) -> Vec<Exchange> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.jsonl");
    let policy = include_str!("../../config/anonymize.toml");
    let mut recording = Recording::start(Start {
        file: &file,
        policy: Policy::parse(policy).unwrap(),
        mode: Mode::Tokens,
        tool: "test",
        body_limit: 65536,
        sample: Sample::ALL,
        series: &Series::new(&Mode::Tokens),
        starts_ns: 0,
    })
    .unwrap();
    for raw in exchanges {
        recording.record(raw).unwrap();
    }
    let closed = recording.close(Missed::default()).unwrap();
    assert!(!closed.quarantined);
    let mut exchanges = Capture::read(&closed.path).unwrap().exchanges;
    exchanges.sort_by_key(|exchange| exchange.seq);
    exchanges
}

/// An exchange of somebody, a millisecond after the one before.
struct Made(RawExchange);

impl Made {
    fn new(number: u64, user: u8, method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut raw = RawExchange::blank();
        raw.at_ns = number * 1_000_000;
        raw.client = Ipv4Addr::new(192, 0, 2, user).into();
        raw.method = Method::of(method.as_bytes());
        raw.path = path.to_owned();
        raw.query = query.to_owned();
        raw.status = 200;
        raw.timing = Timing {
            first_byte_ns: 1000,
            total_ns: 2000,
        };
        Self(raw)
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let headers = &mut self.0.request_headers;
        headers.push(name.as_bytes(), value.as_bytes());
        self
    }

    fn body(mut self, body: &Value) -> Self {
        put(&mut self.0.request_headers, &mut self.0.request_body, body);
        self
    }

    fn answer_header(mut self, name: &str, value: &str) -> Self {
        let headers = &mut self.0.response_headers;
        headers.push(name.as_bytes(), value.as_bytes());
        self
    }

    fn answer(mut self, body: &Value) -> Self {
        put(
            &mut self.0.response_headers,
            &mut self.0.response_body,
            body,
        );
        self
    }
}

fn put(headers: &mut RawHeaders, body: &mut RawBody, json: &Value) {
    headers.push(b"content-type", b"application/json");
    body.push(json.to_string().as_bytes(), 65536);
}

/// The links of an exchange, as `FROM:SOURCE INTO`.
fn links(exchange: &Exchange) -> Vec<String> {
    let links = exchange.links.iter();
    links
        .map(|link| format!("{}:{} {}", link.from, link.source, link.into))
        .collect()
}

fn uuid(number: u32) -> String {
    format!("6f1f4c9e-98f5-4c58-8a3c-{number:012x}")
}

#[test]
fn a_session_is_linked_from_the_list_to_the_change() {
    let people: Vec<_> = (0..5)
        .map(|n| json!({"id": uuid(n), "updated_at": format!("2026-02-03T08:30:0{n}.125Z")}))
        .collect();
    let changed = json!({"person_id": uuid(3), "updated_at": "2026-02-03T08:30:03.125Z"});
    let target = format!("/api/v1/people/{}", uuid(3));
    let exchanges = record(
        &[
            Made::new(1, 1, "GET", "/api/v1/people")
                .answer(&json!({"items": people}))
                .0,
            Made::new(2, 1, "GET", &target)
                .answer_header("etag", "W/\"33a64df5\"")
                .answer_header("set-cookie", "csrf_token=n0nce-77410-abcdef; Path=/")
                .answer(&json!({"id": uuid(3)}))
                .0,
            Made::new(3, 1, "PUT", &target)
                .header("if-match", "W/\"33a64df5\"")
                .header("x-csrf-token", "n0nce-77410-abcdef")
                .header("cookie", "csrf_token=n0nce-77410-abcdef")
                .body(&changed)
                .answer_header(
                    "location",
                    &format!("https://h.org/api/v1/absences/{}", uuid(9)),
                )
                .0,
            Made::new(4, 1, "GET", &format!("/api/v1/absences/{}", uuid(9))).0,
            Made::new(5, 2, "GET", &target).0,
        ]
        .map(|raw| raw),
    );
    let found: Vec<_> = exchanges.iter().map(links).collect();
    assert_eq!(found[0], [""; 0]);
    assert_eq!(found[1], ["1:body#/items/3/id path/3"]);
    let changes = [
        "1:body#/items/3/id path/3",
        "2:header/etag header/if-match",
        "2:cookie/csrf_token header/x-csrf-token",
        "1:body#/items/3/id body#/person_id",
        "1:body#/items/3/updated_at body#/updated_at",
    ];
    assert_eq!(found[2], changes);
    assert_eq!(found[3], ["3:header/location/path/3 path/3"]);
    assert_eq!(found[4], [""; 0], "another session");
    check(&exchanges);
}

#[test]
fn what_a_list_gave_first_stays_the_source() {
    let list = json!({"items": [{"id": uuid(1)}, {"id": uuid(2)}, {"id": uuid(3)}]});
    let target = format!("/api/v1/people/{}?person_id={0}", uuid(3));
    let exchanges: Vec<_> = (0..8)
        .flat_map(|round| {
            [
                Made::new(round * 2, 1, "GET", "/api/v1/people")
                    .answer(&list)
                    .0,
                Made::new(round * 2 + 1, 1, "GET", &target).0,
            ]
        })
        .collect();
    let exchanges = record(&exchanges);
    for use_of in exchanges.iter().skip(1).step_by(2) {
        let from = |into: &str| format!("1:body#/items/2/id {into}");
        assert_eq!(links(use_of), [from("path/3"), from("query/person_id")]);
    }
    check(&exchanges);
}

#[test]
fn the_links_of_the_example_capture_hold() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../captures/peak.jsonl");
    let exchanges = Capture::read(file.as_ref()).unwrap().exchanges;
    let checked = check(&exchanges);
    assert!(checked >= 500, "{checked}");
}

/// Every link has the same token on both ends.
#[track_caller]
fn check(exchanges: &[Exchange]) -> usize {
    let by_seq: HashMap<_, _> = exchanges.iter().map(|it| (it.seq, it)).collect();
    let mut checked = 0;
    let all = exchanges.iter();
    let all = all.flat_map(|exchange| exchange.links.iter().map(move |link| (exchange, link)));
    for (exchange, link) in all {
        let source = by_seq[&link.from];
        assert_eq!(source.session, exchange.session);
        let given = given_at(source, &link.source);
        let used = used_at(exchange, &link.into);
        assert_eq!(given, used, "{link:?} in {source:?} and {exchange:?}");
        checked += 1;
    }
    checked
}

/// The token at a place of an answer.
fn given_at(exchange: &Exchange, place: &str) -> String {
    if let Some(pointer) = place.strip_prefix("body#") {
        let Content::Shape(shape) = &exchange.response.body.content else {
            panic!("no shape for {place}");
        };
        if let Ok(Value::Object(ids)) = serde_json::from_str(shape.ids())
            && let Some(id) = ids.get(pointer)
        {
            return id.as_str().unwrap().to_owned();
        }
        let shape = shape.parse().unwrap();
        let at = pointer.split('/').skip(1).fold(&shape, |shape, step| {
            let step = unescaped(step);
            match shape {
                // Its length comes first.
                Value::Array(items) => &items[step.parse::<usize>().unwrap() + 1],
                shape => &shape[&step],
            }
        });
        let text = at.as_str().unwrap();
        return text.split_once(':').unwrap().1.to_owned();
    }
    let headers = &exchange.response.headers;
    let steps: Vec<_> = place.split('/').map(unescaped).collect();
    match steps.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["cookie", name] => {
            let cookies = headers.iter().filter(|(header, _)| header == "set-cookie");
            let mut cookies = cookies.map(|(_, value)| value.split(';').next().unwrap());
            let start = format!("{name}=");
            let cookie = cookies.find_map(|cookie| cookie.strip_prefix(&start));
            cookie.unwrap().to_owned()
        }
        ["header", "location", "path", segment] => {
            let path = header(headers, "location");
            segment_of(path.split('?').next().unwrap(), segment)
        }
        ["header", "location", "query", ref name @ ..] => {
            pair_of(header(headers, "location").split_once('?').unwrap().1, name)
        }
        ["header", name] => header(headers, name).to_owned(),
        ref other => panic!("{other:?}"),
    }
}

/// The token at a place of a request.
fn used_at(exchange: &Exchange, place: &str) -> String {
    let request = &exchange.request;
    if let Some(pointer) = place.strip_prefix("body#") {
        let Content::Utf8(text) = &request.body.content else {
            panic!("no text for {place}");
        };
        let body: Value = serde_json::from_str(text).unwrap();
        return match body.pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
    }
    match place.split('/').collect::<Vec<_>>()[..] {
        ["body", ref name @ ..] => {
            let Content::Utf8(form) = &request.body.content else {
                panic!("no form for {place}");
            };
            pair_of(form, name)
        }
        ["path", segment] => segment_of(&request.path, segment),
        ["query", ref name @ ..] => pair_of(&request.query, name),
        ["header", name] => header(&request.headers, name).to_owned(),
        ref other => panic!("{other:?}"),
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    &headers.iter().find(|(own, _)| own == name).unwrap().1
}

fn segment_of(path: &str, segment: &str) -> String {
    let segment = path[1..].split('/').nth(segment.parse().unwrap()).unwrap();
    decoded(segment)
}

/// The value of a key, or of its n-th one.
fn pair_of(query: &str, name: &[&str]) -> String {
    let nth = name.get(1).map_or(0, |nth| nth.parse().unwrap());
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(own, _)| decoded(own) == unescaped(name[0]));
    decoded(values.nth(nth).unwrap().1)
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn decoded(text: &str) -> String {
    let text = percent_encoding::percent_decode_str(text);
    text.decode_utf8().unwrap().into_owned()
}

/// A few values, so that they come again.
fn value(number: u8) -> Value {
    match number % 12 {
        n @ 0..4 => uuid(n.into()).into(),
        n @ 4..7 => json!(n),
        n @ 7..9 => format!("{}", n - 3).into(),
        9 => "tok-9f8e7d6c5b4a39281706".into(),
        10 => "2026-02-03T08:30:00Z".into(),
        _ => "Ward seven".into(),
    }
}

const NAMES: [&str; 8] = [
    "id",
    "person_id",
    "swap_id",
    "token_of_page",
    "updated_at",
    "a/b~c",
    "person_ids",
    "notes",
];

const PATHS: [&str; 5] = [
    "/api/v1/people",
    "/api/v1/people/{}",
    "/api/v1/swaps/{}/approval",
    "/wards/{}",
    "/api/v1/swaps/{}",
];

/// Fields with values, and some of them in a list.
fn body() -> impl Strategy<Value = Value> {
    let fields = || collection::vec((0..NAMES.len(), any::<u8>()), 0..5);
    (fields(), collection::vec(fields(), 0..6)).prop_map(|(fields, items)| {
        let object = |fields: Vec<(usize, u8)>| {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, number)| (NAMES[name].to_owned(), value(number)));
            Value::Object(fields.collect())
        };
        let mut body = object(fields);
        body["items"] = items.into_iter().map(object).collect();
        body
    })
}

fn exchange() -> impl Strategy<Value = (u8, usize, [u8; 5], Option<Value>, Value)> {
    let sent = proptest::option::of(body());
    (0..2_u8, 0..PATHS.len(), any::<[u8; 5]>(), sent, body())
}

fn text(number: u8) -> String {
    match value(number) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_ends_of_a_link_hold_the_same_token(
        made in collection::vec(exchange(), 2..30),
    ) {
        let mut number = 0;
        let raw: Vec<_> = made.iter().map(|(user, path, numbers, sent, answered)| {
            number += 1;
            let encoded = |n: u8| text(n).replace(' ', "%20");
            let path = PATHS[*path].replace("{}", &encoded(numbers[0]));
            let name = NAMES[usize::from(numbers[1]) % 2];
            let query = format!("{name}={}&{name}={}", encoded(numbers[1]), encoded(numbers[2]));
            let mut made = Made::new(number, *user, "POST", &format!("{path}?{query}"))
                .header("if-match", &format!("\"{}\"", text(numbers[3])))
                .answer_header("etag", &format!("\"{}\"", text(numbers[4])))
                .answer_header("set-cookie", &format!("csrf_token={}", text(numbers[2])))
                .answer_header("location", &format!("/api/v1/people/{}?id={}", encoded(numbers[3]), encoded(numbers[4])))
                .answer(answered);
            if let Some(sent) = sent {
                made = made.body(sent);
            }
            made.0
        }).collect();
        let exchanges = record(&raw);
        prop_assert_eq!(exchanges.len(), raw.len());
        let checked = check(&exchanges);
        prop_assert!(checked < 10_000);
    }
}
