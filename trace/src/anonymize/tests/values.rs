//! Values of each place: what is replaced, what is kept, and that requests stay valid.

use serde_json::json;

use super::*;

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
        // A made-up word may have three letters of a real one in it.
        let mut words = shown.split(|c: char| !c.is_alphanumeric() && c != '-');
        assert!(words.all(|word| word != original), "{original} in {shown}");
    }
    assert_eq!(
        body.as_object().unwrap().len(),
        sent.as_object().unwrap().len()
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
