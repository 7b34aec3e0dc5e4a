//! People, assignments, absences, swaps and generation: what changes, and what conflicts.

mod common;

use std::time::Duration;

use common::{Client, config, eventually, start};
use rehearsal_demo::staging::{Class, Latencies, Staging, StagingConfig};
use serde_json::{Value, json};

#[tokio::test]
async fn an_assignment_is_updated_under_its_version() {
    let staging = start().await;
    let user = Client::of_role(&staging, "coordinator").await;
    let list = user
        .get("/assignments?start_date=2026-11-16&end_date=2026-11-16&page_size=1")
        .await
        .expect(200);
    assert_eq!(
        (&list["total"], &list["page_size"]),
        (&json!(260), &json!(1))
    );
    let row = &list["items"][0];
    let path = format!("/assignments/{}", row["id"].as_str().unwrap());
    let change = json!({ "updated_at": row["updated_at"], "notes": "first" });
    let changed = user.put(&path, change.clone()).await.expect(200);
    assert_eq!(changed["notes"], "first");
    let late = user.put(&path, change).await;
    late.is(
        409,
        r#"{"detail":"Assignment has been modified by another user"}"#,
    );
    let missing = user.put(&path, json!({ "notes": "x" })).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "updated_at"]));
    user.put(
        &path,
        json!({ "updated_at": changed["updated_at"], "notes": "second" }),
    )
    .await
    .expect(200);
}

#[tokio::test]
async fn an_assignment_is_made_once_and_deleted_once() {
    let staging = start().await;
    let user = Client::of_role(&staging, "admin").await;
    let block = user
        .get("/blocks?start_date=2027-03-01&end_date=2027-03-01")
        .await
        .expect(200)["items"][0]["id"]
        .clone();
    let person =
        user.get("/people/residents?pgy_level=2").await.expect(200)["items"][0]["id"].clone();
    let body = json!({ "block_id": block, "person_id": person, "role": "primary" });
    let made = user.post("/assignments", body.clone()).await.expect(201);
    assert_eq!(
        (&made["is_compliant"], &made["created_by"]),
        (&json!(true), &json!("loadtest_admin_01"))
    );
    user.post("/assignments", body)
        .await
        .is(400, r#"{"detail":"Person already assigned to this block"}"#);
    let path = format!("/assignments/{}", made["id"].as_str().unwrap());
    user.delete(&path).await.is(204, "");
    user.get(&path).await.expect(404);
}

#[tokio::test]
async fn people_are_created_changed_and_removed() {
    let staging = start().await;
    let user = Client::of_role(&staging, "faculty").await;
    let body = json!({ "name": "Test Person", "type": "resident", "email": "one@example.com" });
    user.post("/people", body.clone())
        .await
        .is(400, r#"{"detail":"PGY level is required for residents"}"#);
    let mut body = body;
    body["pgy_level"] = json!(2);
    let made = user.post("/people", body.clone()).await.expect(201);
    user.post("/people", body).await.is(
        400,
        r#"{"detail":"A person with this email already exists"}"#,
    );
    let path = format!("/people/{}", made["id"].as_str().unwrap());
    let changed = user
        .put(&path, json!({ "personal_phone": "(808) 555-0199" }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["personal_phone"]),
        (&json!("Test Person"), &json!("(808) 555-0199"))
    );
    user.delete(&path).await.is(204, "");
    user.get(&path).await.expect(404);
}

#[tokio::test]
async fn swaps_are_for_own_weeks_and_decided_once() {
    let staging = start().await;
    let user = Client::of_role(&staging, "faculty").await;
    let me = user.get("/me/dashboard").await.expect(200)["user"]["id"].clone();
    let faculty = user.get("/people/faculty").await.expect(200);
    let other = faculty["items"][9]["id"].clone();
    let wish = |source: &Value, target: &Value| {
        json!({ "source_faculty_id": source, "source_week": "2027-02-01", "target_faculty_id": target,
                "swap_type": "absorb", "reason": "for a test" })
    };
    assert_eq!(
        user.post("/swaps/validate", wish(&me, &me))
            .await
            .expect(200)["valid"],
        false
    );
    assert_eq!(
        user.post("/swaps/validate", wish(&me, &other))
            .await
            .expect(200)["valid"],
        true
    );
    user.post("/swaps/request", wish(&other, &me)).await.is(
        403,
        r#"{"detail":"You can only request swaps for your own weeks"}"#,
    );
    let made = user
        .post("/swaps/request", wish(&me, &other))
        .await
        .expect(200);
    user.post("/swaps/request", wish(&me, &other))
        .await
        .expect(400);
    let path = format!("/swaps/{}/approval", made["swap_id"].as_str().unwrap());
    user.post(&path, json!({ "approved": true }))
        .await
        .expect(403);
    let manager = Client::of_role(&staging, "coordinator").await;
    assert_eq!(
        manager
            .post(&path, json!({ "approved": true }))
            .await
            .expect(200)["status"],
        "approved"
    );
    manager
        .post(&path, json!({ "approved": false }))
        .await
        .is(400, r#"{"detail":"Swap is not pending"}"#);
}

#[tokio::test]
async fn absences_check_their_dates() {
    let staging = start().await;
    let user = Client::of_role(&staging, "resident").await;
    let me = user.get("/me/dashboard").await.expect(200)["user"]["id"].clone();
    let absence = |start: &str, end: &str| json!({ "person_id": me, "start_date": start, "end_date": end, "absence_type": "medical", "notes": "test" });
    let made = user
        .post("/absences", absence("2026-12-01", "2026-12-03"))
        .await
        .expect(201);
    let path = format!("/absences/{}", made["id"].as_str().unwrap());
    user.put(&path, json!({ "end_date": "2026-11-30" }))
        .await
        .expect(422);
    assert_eq!(
        user.put(&path, json!({ "end_date": "2026-12-09" }))
            .await
            .expect(200)["end_date"],
        "2026-12-09"
    );
    user.post("/absences", absence("2036-12-01", "2036-12-03"))
        .await
        .expect(422);
    user.delete(&path).await.is(204, "");
}

#[tokio::test]
async fn a_generation_answers_its_key_again() {
    let staging = start().await;
    let user = Client::of_role(&staging, "resident")
        .await
        .with("idempotency-key", "k1");
    let body = json!({ "start_date": "2027-01-04", "end_date": "2027-01-31" });
    let first = user
        .post("/schedule/generate", body.clone())
        .await
        .expect(200);
    assert_eq!(
        (&first["status"], &first["total_blocks"]),
        (&json!("success"), &json!(56))
    );
    let again = user.post("/schedule/generate", body).await;
    assert_eq!(again.header("x-idempotency-replayed"), "true");
    assert_eq!(again.expect(200), first);
    let other = json!({ "start_date": "2027-01-04", "end_date": "2027-02-01" });
    user.post("/schedule/generate", other).await.is(
        422,
        r#"{"detail":"Idempotency key was already used with a different request body"}"#,
    );
    let greedy =
        json!({ "start_date": "2027-01-04", "end_date": "2027-01-31", "algorithm": "greedy" });
    user.post("/schedule/generate", greedy).await.expect(400);
}

#[tokio::test]
async fn generations_of_the_same_dates_exclude_each_other() {
    let latencies = Latencies::scaled(1.0).unwrap();
    let classes = ["login", "session", "read", "write", "generate"];
    let latencies = classes.iter().fold(latencies, |all, name| {
        let median = if *name == "generate" { 300 } else { 0 };
        all.with_median(
            name.parse::<Class>().unwrap(),
            Duration::from_millis(median),
        )
    });
    let staging = Staging::start(StagingConfig {
        latencies,
        ..config()
    })
    .await
    .unwrap();
    let user = Client::of_role(&staging, "admin").await;
    let body = json!({ "start_date": "2027-01-04", "end_date": "2027-01-31" });
    let waiting = user.with("idempotency-key", "k1");
    let (waited, ask) = (waiting.clone(), body.clone());
    let solving = tokio::spawn(async move { waited.post("/schedule/generate", ask).await });
    let running =
        async || user.get("/schedule/runs").await.expect(200)["items"][0]["status"] == "running";
    eventually(running).await;
    waiting.post("/schedule/generate", body.clone()).await.is(
        409,
        r#"{"detail":"A request with this idempotency key is already in progress"}"#,
    );
    user.post("/schedule/generate", body).await.is(
        409,
        r#"{"detail":"Schedule generation already running for overlapping dates"}"#,
    );
    let apart = json!({ "start_date": "2027-02-01", "end_date": "2027-02-28" });
    let begun = user
        .with("prefer", "respond-async")
        .post("/schedule/generate", apart)
        .await
        .expect(202);
    let path = format!("/schedule/runs/{}", begun["run_id"].as_str().unwrap());
    assert_eq!(user.get(&path).await.expect(200)["status"], "running");
    solving.await.unwrap().expect(200);
    eventually(async || user.get(&path).await.expect(200)["status"] == "success").await;
}
