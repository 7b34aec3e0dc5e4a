//! Whole exchanges through the anonymizer with the shipped policy.

use std::net::Ipv4Addr;

use serde_json::json;

use super::*;
use crate::exchange::{Body, Content, Exchange, Timing};
use crate::format::tests::{exchange_in, line_of};
use crate::raw::{Method, RawBody, RawHeaders};

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

#[test]
fn an_identifier_has_one_token_in_path_query_and_bodies() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    let exchange = Made::new("PUT", &format!("/api/v1/people/{ID}?person_id={ID}"))
        .body(
            "application/json",
            &json!({"created_by": ID, "type": "resident"}).to_string(),
        )
        .answer(200, &json!({"id": ID}))
        .apply(&mut anonymizer);
    let token = exchange
        .request
        .path
        .strip_prefix("/api/v1/people/")
        .unwrap();
    assert_ne!(token, ID);
    assert_eq!(exchange.route, "PUT /api/v1/people/{id}");
    assert_eq!(exchange.request.query, format!("person_id={token}"));
    let body = json!({"created_by": token, "type": "resident"});
    assert_eq!(utf8(&exchange.request.body), body.to_string());
    assert_eq!(
        exchange.response.body.content,
        Content::Shape(json!({"id": format!("id:{token}")}).into())
    );
    assert_eq!(exchange.flags, [Flag::Identifier]);
}

#[test]
fn credentials_become_slots_from_the_log_in_on() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    let tokens = json!({"access_token": "aaa.bbb.ccc", "refresh_token": "rrr.sss.ttt"});
    let log_in = Made::new("POST", "/api/v1/auth/login")
        .body(
            "application/x-www-form-urlencoded",
            "username=maria.gonzalez&password=s3cret%21",
        )
        .answer(200, &tokens)
        .answer_header(
            "set-cookie",
            "access_token=\"Bearer aaa.bbb.ccc\"; HttpOnly; Path=/; Domain=h.org",
        )
        .apply(&mut anonymizer);
    assert_eq!(
        (log_in.session.as_str(), log_in.user.as_str()),
        ("s1", "u1")
    );
    assert_eq!(
        utf8(&log_in.request.body),
        "username={{username:u1}}&password={{password:u1}}"
    );
    assert_eq!(
        header(&log_in.response.headers, "set-cookie"),
        "access_token=\"Bearer {{auth:u1}}\"; HttpOnly; Path=/"
    );

    let me = Made::new("GET", "/api/v1/auth/me")
        .header("authorization", "Bearer aaa.bbb.ccc")
        .header("cookie", "theme=dark; access_token=\"Bearer aaa.bbb.ccc\"")
        .answer(
            200,
            &json!({"username": "maria.gonzalez", "role": "faculty"}),
        )
        .apply(&mut anonymizer);
    assert_eq!((me.session, me.user), (log_in.session, log_in.user));
    assert_eq!(
        header(&me.request.headers, "authorization"),
        "Bearer {{auth:u1}}"
    );
    let cookie = header(&me.request.headers, "cookie");
    assert!(
        cookie.ends_with("; access_token=\"Bearer {{auth:u1}}\""),
        "{cookie}"
    );
    assert!(!cookie.contains("dark"));
    assert_eq!(
        me.response.body.content,
        Content::Shape(json!({"username": "string(14)", "role": "keep:faculty"}).into())
    );
    assert!(me.flags.is_empty());

    let refresh = Made::new("POST", "/api/v1/auth/refresh")
        .body(
            "application/json",
            &json!({"refresh_token": "rrr.sss.ttt"}).to_string(),
        )
        .answer(200, &tokens)
        .apply(&mut anonymizer);
    assert_eq!(
        utf8(&refresh.request.body),
        r#"{"refresh_token":"{{refresh:u1}}"}"#
    );
}

#[test]
fn a_failed_log_in_has_no_slots() {
    let exchange = Made::new("POST", "/api/v1/auth/login/json")
        .body(
            "application/json",
            r#"{"username":"maria.gonzalez","password":"wrong-one"}"#,
        )
        .answer(401, &json!({"detail": "Incorrect username or password"}))
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let body = utf8(&exchange.request.body);
    assert!(
        !body.contains("{{") && !body.contains("maria") && !body.contains("wrong"),
        "{body}"
    );
}

/// A mirror sees no answers.
#[test]
fn a_log_in_without_an_answer_is_believed() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    let mut sent = |token: &str| {
        let body = r#"{"username":"maria.gonzalez","password":"s3cret!!"}"#;
        let path = "/api/v1/auth/login/json";
        let mut copy = Made::new("POST", path).body("application/json", body);
        copy.0.status = 0;
        if !token.is_empty() {
            copy = copy.header("authorization", token);
        }
        utf8(&copy.apply(&mut anonymizer).request.body).to_owned()
    };
    let slots = r#"{"username":"{{username:u1}}","password":"{{password:u1}}"}"#;
    assert_eq!((sent("").as_str(), sent("").as_str()), (slots, slots));
    let made = sent("Bearer aaa.bbb.ccc");
    assert!(
        !made.contains("{{") && !made.contains("maria") && !made.contains("s3cret"),
        "{made}"
    );
}

#[test]
fn what_no_rule_keeps_is_replaced() {
    let exchange = Made::new(
        "GET",
        "/wards/miller?page=2&unheard=miller&miller&sort=miller%40h.org",
    )
    .header("x-unheard", "miller")
    .header("accept", "application/json")
    .header("user-agent", "Millerphone/1.0")
    .apply(&mut Anonymizer::new(
        shipped_policy(),
        &Mode::Tokens,
        Sample::ALL,
    ));
    let shown = format!("{exchange:?}").to_lowercase();
    assert!(
        !shown.contains("miller") && !shown.contains("wards"),
        "{shown}"
    );
    assert!(exchange.request.query.starts_with("page=2&"));
    assert!(
        !exchange.request.query.contains("unheard"),
        "{}",
        exchange.request.query
    );
    assert_eq!(exchange.route, "GET /{id}/{id}");
    assert_eq!(
        header(&exchange.request.headers, "accept"),
        "application/json"
    );
}

#[test]
fn json_keeps_types_and_known_words_only() {
    let sent = json!({
        "name": "Ana Miller", "type": "resident", "pgy_level": 2, "is_active": true,
        "email": "ana.miller@hospital.org", "notes": "Sees Dr. Stone, back on 3 May", "ssn": 123_456_789,
        "absence_type": "medical", "start_date": "2026-02-03", "Miller": {"deep": ["miller"]},
        "mrn": 4_111_111_111_u64, "status": "Seen by Miller",
    });
    let exchange = Made::new("POST", "/api/v1/people")
        .body("application/json", &sent.to_string())
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let body: serde_json::Value = serde_json::from_str(utf8(&exchange.request.body)).unwrap();
    assert_eq!(
        (&body["type"], &body["pgy_level"], &body["is_active"]),
        (&json!("resident"), &json!(2), &json!(true))
    );
    assert!(body["email"].as_str().unwrap().ends_with("@example.com"));
    assert!(body["ssn"].is_u64() && body["mrn"].is_u64());
    let shown = body.to_string();
    for original in [
        "Ana",
        "Miller",
        "miller",
        "hospital",
        "Stone",
        "May",
        "123456789",
        "2026-02-03",
        "4111111111",
    ] {
        assert!(!shown.contains(original), "{original} in {shown}");
    }
    assert_eq!(
        body.as_object().unwrap().len(),
        sent.as_object().unwrap().len()
    );
}

#[test]
fn idempotency_keys_become_fresh_slots_equal_where_they_were() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    let mut key = |value: &str| {
        let exchange = Made::new("POST", "/api/v1/schedule/generate")
            .header("idempotency-key", value)
            .apply(&mut anonymizer);
        header(&exchange.request.headers, "idempotency-key").to_owned()
    };
    let (first, again, other) = (key("k-77"), key("k-77"), key("k-78"));
    assert_eq!(
        [first, again, other],
        ["{{fresh:k1}}", "{{fresh:k1}}", "{{fresh:k2}}"]
    );
}

#[test]
fn arrays_show_their_length_and_first_element() {
    let items = vec![json!({"date": "2026-01-01", "pages": 1}); 5];
    let exchange = Made::new("GET", "/api/v1/blocks")
        .answer(200, &json!({"items": items, "total": 5}))
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let item = json!({"date": "date", "pages": "number"});
    assert_eq!(
        exchange.response.body.content,
        Content::Shape(json!({"items": ["array(5)", item], "total": "number"}).into())
    );
}

#[test]
fn bodies_that_cannot_be_read_leave_their_length_only() {
    let mut made =
        Made::new("POST", "/api/v1/uploads/x").header("content-type", "application/json");
    made.0.request_body.push(b"{\"name\":\"Ana\"}", 5);
    let exchange = made.apply(&mut Anonymizer::new(
        shipped_policy(),
        &Mode::Tokens,
        Sample::ALL,
    ));
    assert_eq!(exchange.request.body.bytes, 14);
    assert_eq!(
        exchange.request.body.content,
        Content::Shape(json!("binary(14)").into())
    );
    assert!(exchange.flags.contains(&Flag::RequestTruncated));

    let broken = Made::new("POST", "/api/v1/people")
        .body("application/json", r#"{"name":"Ana Miller""#)
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let body = utf8(&broken.request.body);
    assert!(!body.contains("Ana") && body.starts_with("{\""), "{body}");
}

#[test]
fn a_password_that_is_a_common_word_fills_no_other_field() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    Made::new("POST", "/api/v1/auth/login/json")
        .body(
            "application/json",
            r#"{"username":"resident_1","password":"vacation"}"#,
        )
        .answer(200, &json!({"access_token": "aaa.bbb.ccc"}))
        .apply(&mut anonymizer);
    let later = Made::new("POST", "/api/v1/people/resident_1?query=vacation")
        .body(
            "application/json",
            r#"{"absence_type":"vacation","notes":"vacation"}"#,
        )
        .apply(&mut anonymizer);
    assert!(!format!("{later:?}").contains("{{"), "{later:?}");
}

#[test]
fn a_credential_is_a_single_token_or_replaced_as_a_whole() {
    for value in [
        "Digest username=\"maria.gonzalez\", realm=\"Hospital\", response=\"abc\"",
        "AWS4-HMAC-SHA256 Credential=maria/20260203/x, Signature=abc",
        "Bearer Maria Gonzalez",
        "Maria 0123456789",
        "Bearer null",
        "maria@hospital.org",
    ] {
        let exchange = Made::new("GET", "/api/v1/auth/me")
            .header("authorization", value)
            .apply(&mut Anonymizer::new(
                shipped_policy(),
                &Mode::Tokens,
                Sample::ALL,
            ));
        let safe = header(&exchange.request.headers, "authorization").to_lowercase();
        assert!(!safe.contains("{{auth"), "{value} became {safe}");
        for original in ["maria", "hospital", "20260203"] {
            assert!(!safe.contains(original), "{value} became {safe}");
        }
    }
}

#[test]
fn names_of_cookies_and_fields_that_nobody_declared_are_data() {
    let sent = json!({"maria_gonzalez": 1, "summary": {"jsmith": "hiv"}});
    let exchange = Made::new("POST", "/api/v1/people?gonzalez=1")
        .header("cookie", "draft_maria%40hospital.org=1; Gonzalez Maria=2")
        .body("application/json", &sent.to_string())
        .answer_header(
            "set-cookie",
            "last-gonzalez=1; Path=/people/maria%40hospital.org; SameSite=lax",
        )
        .answer(200, &sent)
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let shown = format!("{exchange:?}").to_lowercase();
    for original in ["gonzalez", "maria", "jsmith", "hiv", "hospital"] {
        assert!(!shown.contains(original), "{original} in {shown}");
    }
    assert!(shown.contains("samesite=lax"));
}

#[test]
fn values_are_encoded_for_their_place() {
    let id = "Ward 7/b?c%20d";
    let exchange = Made::new(
        "GET",
        "/api/v1/people/Ward%207%2Fb%3Fc%2520d?query=a+b%26c%3Dd+e",
    )
    .body(
        "application/x-www-form-urlencoded",
        "notes=a+b%26c&username=a%2Bb",
    )
    .apply(&mut Anonymizer::new(
        shipped_policy(),
        &Mode::Tokens,
        Sample::ALL,
    ));
    let segment = exchange
        .request
        .path
        .strip_prefix("/api/v1/people/")
        .unwrap();
    assert!(!segment.contains(['/', '?', ' ']), "{segment}");
    let decoded = percent_encoding::percent_decode_str(segment)
        .decode_utf8()
        .unwrap();
    assert_eq!(decoded.len(), id.len());
    for text in [
        exchange.request.query.as_str(),
        utf8(&exchange.request.body),
    ] {
        assert!(!text.contains(' ') && text.contains("%20"), "{text}");
    }
    assert_eq!(
        exchange.request.query.matches(['&', '=']).count(),
        1,
        "{}",
        exchange.request.query
    );
    assert_eq!(utf8(&exchange.request.body).matches(['&', '=']).count(), 3);
}

#[test]
fn requests_stay_valid() {
    let query = "block_number=12&is_active=true&page_size=100&person_type=resident&status=pending";
    let body = json!({
        "pgy_level": 3, "timeout_seconds": 60, "mrn": 2_000_000_000_u32, "coverage_rate": 0.300_000_000_000_000_04,
        "return_date": "9999-12-31", "notes": "----------", "create_draft": false,
    });
    let exchange = Made::new("POST", &format!("/api/v1/assignments?{query}"))
        .body("application/json", &body.to_string())
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    assert_eq!(exchange.request.query, query);
    let sent: serde_json::Value = serde_json::from_str(utf8(&exchange.request.body)).unwrap();
    for kept in [
        "pgy_level",
        "timeout_seconds",
        "coverage_rate",
        "return_date",
        "notes",
        "create_draft",
    ] {
        assert_eq!(sent[kept], body[kept], "{kept}");
    }
    let mrn = sent["mrn"].as_u64().unwrap();
    assert!((1_000_000_000..2_000_000_000).contains(&mrn), "{mrn}");
}

#[test]
fn nobody_can_smuggle_a_slot_into_a_capture() {
    let slot = "{{auth:u1}}";
    let exchange = Made::new("POST", "/api/v1/people?page={{auth:u1}}&{{auth:u1}}")
        .header("accept", slot)
        .header("x-unheard", slot)
        .header("cookie", "a={{auth:u1}}")
        .body(
            "application/json",
            r#"{"notes":"{{auth:u1}}","{{auth:u1}}":1,"type":"{{auth:u1}}"}"#,
        )
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let shown = format!("{exchange:?}").replace("%7B", "{");
    assert!(!shown.contains("{{"), "{shown}");
}

#[test]
fn location_loses_its_host_and_identifiers() {
    let exchange = Made::new("GET", "/api/people")
        .answer_header(
            "location",
            &format!("https://staging.hospital.org/api/v1/people/{ID}?page=1"),
        )
        .apply(&mut Anonymizer::new(
            shipped_policy(),
            &Mode::Tokens,
            Sample::ALL,
        ));
    let location = header(&exchange.response.headers, "location");
    assert!(
        location.starts_with("/api/v1/people/") && location.ends_with("?page=1"),
        "{location}"
    );
    assert!(!location.contains(ID));
}
