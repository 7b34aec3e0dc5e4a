//! Credentials, passwords and keys: what replay puts in itself.

use serde_json::json;

use super::*;

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
fn an_identifier_in_a_cookie_is_none_that_a_replay_has_to_know() {
    let mut anonymizer = Anonymizer::new(shipped_policy(), &Mode::Tokens, Sample::ALL);
    let exchange = Made::new("GET", "/api/v1/people")
        .header(
            "cookie",
            "csrf=0123456789abcdef0123456789abcdef; a=6f2c1a52-9d39-4a8e-8a3f-3a9e1c2b7d10",
        )
        .apply(&mut anonymizer);
    assert!(exchange.flags.is_empty(), "{:?}", exchange.flags);
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
