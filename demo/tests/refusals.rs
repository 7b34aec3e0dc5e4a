//! What staging refuses, in which words, and what every answer carries.

mod common;

use common::{Client, config, start};
use hyper::Method;
use rehearsal_demo::staging::{Fault, Staging, StagingConfig};
use serde_json::{Value, json};

#[tokio::test]
async fn unknown_routes_and_methods() {
    let staging = start().await;
    let client = Client::new(&staging);
    client
        .get("/persons")
        .await
        .is(404, r#"{"detail":"Not Found"}"#);
    let text = r#"{"detail":"Method Not Allowed"}"#;
    client.delete("/people").await.is(405, text);
    client
        .post("/schedule/validate", json!({}))
        .await
        .is(405, text);
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let staging = start().await;
    let client = Client::new(&staging);
    let paths = [
        "/people",
        "/assignments",
        "/absences",
        "/swaps/history",
        "/me/dashboard",
        "/schedule/runs",
    ];
    for path in paths {
        let answer = client.get(path).await;
        answer.is(401, r#"{"detail":"Not authenticated"}"#);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    client.get("/blocks?block_number=5").await.expect(200);
    client.get("/health/live").await.expect(200);
}

#[tokio::test]
async fn schedules_are_changed_by_managers_only() {
    let staging = start().await;
    for role in ["faculty", "resident", "clinical_staff"] {
        let user = Client::of_role(&staging, role).await;
        let answer = user.post("/assignments", json!({})).await;
        answer.is(403, r#"{"detail":"Schedule management access required"}"#);
    }
    for role in ["admin", "coordinator"] {
        let user = Client::of_role(&staging, role).await;
        user.post("/assignments", json!({})).await.expect(422);
    }
}

#[tokio::test]
async fn bad_ids_and_unknown_ids() {
    let staging = start().await;
    let user = Client::of_role(&staging, "admin").await;
    let bad = user.get("/assignments/me").await.expect(422);
    let fault = &bad["detail"][0];
    assert_eq!(fault["type"], "uuid_parsing");
    assert_eq!(fault["loc"], json!(["path", "assignment_id"]));
    assert_eq!(fault["input"], "me");
    assert!(
        fault["msg"]
            .as_str()
            .unwrap()
            .starts_with("Input should be a valid UUID, ")
    );
    let id = "6f2c1a52-9d39-4a8e-8a3f-3a9e1c2b7d10";
    let unknown = [
        ("people", "Person not found"),
        ("assignments", "Assignment not found"),
        ("blocks", "Block not found"),
        ("swaps", "Swap not found"),
        ("schedule/runs", "Schedule run not found"),
    ];
    for (kind, text) in unknown {
        user.get(&format!("/{kind}/{id}"))
            .await
            .is(404, &format!(r#"{{"detail":"{text}"}}"#));
    }
    user.delete(&format!("/absences/{id}"))
        .await
        .is(404, r#"{"detail":"Absence not found"}"#);
}

#[tokio::test]
async fn bad_bodies_name_each_fault() {
    let staging = start().await;
    let user = Client::of_role(&staging, "admin").await;
    let faults = |body: Value| -> Vec<(String, String)> {
        let list = body["detail"].as_array().unwrap().clone();
        list.iter()
            .map(|fault| {
                (
                    fault["type"].as_str().unwrap().to_owned(),
                    fault["loc"].to_string(),
                )
            })
            .collect()
    };
    let body = json!({ "type": "nurse", "specialties": "many" });
    let found = faults(user.post("/people", body).await.expect(422));
    let expected = [
        ("missing", r#"["body","name"]"#),
        ("enum", r#"["body","type"]"#),
        ("list_type", r#"["body","specialties"]"#),
    ];
    assert_eq!(
        found,
        expected.map(|(kind, place)| (kind.to_owned(), place.to_owned()))
    );
    let torn = user.form("/people", "{\"name\": ").await.expect(422);
    assert_eq!(
        (&torn["detail"][0]["type"], &torn["detail"][0]["input"]),
        (&json!("json_invalid"), &json!({}))
    );
    let empty = user.form("/people", "").await.expect(422);
    assert_eq!(
        empty["detail"],
        json!([{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }])
    );
    let query = user.get("/assignments?page_size=5001").await.expect(422);
    assert_eq!(query["detail"][0]["loc"], json!(["query", "page_size"]));
    user.get("/schedule/validate?start_date=x&end_date=2026-11-20")
        .await
        .is(400, r#"{"detail":"Invalid date format. Use YYYY-MM-DD"}"#);
}

#[tokio::test]
async fn legacy_paths_are_redirected_before_anything_else() {
    let staging = start().await;
    let client = Client::new(&staging);
    let moved = client
        .send(Method::DELETE, "/api/people?type=faculty", String::new())
        .await;
    assert_eq!(moved.status, 307);
    assert_eq!(
        moved.header("location"),
        "http://staging.test/api/v1/people?type=faculty"
    );
    assert_eq!(moved.header("x-request-id"), "");
    let asked = client
        .send(Method::OPTIONS, "/api/people", String::new())
        .await;
    assert_eq!(asked.status, 404);
}

#[tokio::test]
async fn answers_carry_the_applications_headers() {
    let staging = start().await;
    let client = Client::new(&staging);
    let kept = client.with("x-request-id", "mine-7").get("/people").await;
    assert_eq!(kept.header("x-request-id"), "mine-7");
    assert_eq!(kept.header("x-contains-phi"), "true");
    assert_eq!(kept.header("x-phi-fields"), "name,email");
    let long = client
        .with("x-request-id", &"x".repeat(256))
        .get("/blocks?block_number=3")
        .await;
    assert_eq!(long.header("x-request-id").len(), 36);
    assert_eq!(long.header("x-content-type-options"), "nosniff");
    assert!(long.header("cache-control").starts_with("no-store"));
    assert_eq!(long.header("x-contains-phi"), "");
}

#[tokio::test]
async fn injected_errors_spare_health() {
    let faults = vec![Fault::ErrorRate(1.0)];
    let staging = Staging::start(StagingConfig { faults, ..config() })
        .await
        .unwrap();
    let client = Client::new(&staging);
    client
        .get("/blocks")
        .await
        .is(500, r#"{"detail":"Internal server error"}"#);
    client
        .get("/health/live")
        .await
        .is(200, r#"{"status":"alive"}"#);
}
