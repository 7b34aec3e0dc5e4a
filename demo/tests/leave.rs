//! Leave: requests that each need what the answers before gave, and what is refused on the way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Answer, Client, start};
use rehearsal_demo::staging::Staging;
use serde_json::{Value, json};

/// What the form tells: a token, and who one is.
async fn form(user: &Client) -> (String, String) {
    let form = user.get("/leave/form").await.expect(200);
    let text = |name: &str| form[name].as_str().unwrap().to_owned();
    (text("csrf_token"), text("person_id"))
}

async fn send(user: &Client, person: &str, token: &str) -> Answer {
    let body = format!(
        "person_id={person}&leave_type=sick&start_date=2026-12-01&end_date=2026-12-04\
         &reason=Migraine%2C+again&csrf_token={token}"
    );
    user.form("/leave", &body).await
}

/// Leave of the user's own; its path.
async fn made(user: &Client) -> String {
    let (token, me) = form(user).await;
    let row = send(user, &me, &token).await.expect(201);
    format!("/leave/{}", row["id"].as_str().unwrap())
}

async fn tag(user: &Client, path: &str) -> String {
    let row = user.get(path).await;
    let tag = row.header("etag").to_owned();
    row.expect(200);
    tag
}

async fn decide(user: &Client, path: &str, token: &str) -> Answer {
    let user = user.with("x-csrf-token", token);
    let body = json!({ "approved": true, "notes": "Enjoy" });
    user.post(&format!("{path}/approval"), body).await
}

async fn two(staging: &Staging) -> (Client, Client) {
    let resident = Client::of_role(staging, "resident").await;
    (resident, Client::of_role(staging, "coordinator").await)
}

#[tokio::test]
async fn a_chain_goes_from_the_form_to_the_end() {
    let staging = start().await;
    let (user, manager) = two(&staging).await;
    let (token, me) = form(&user).await;
    let row = send(&user, &me, &token).await.expect(201);
    assert_eq!(
        (&row["status"], &row["person_id"], &row["reason"]),
        (&json!("pending"), &json!(me), &json!("Migraine, again"))
    );
    let path = format!("/leave/{}", row["id"].as_str().unwrap());
    let read = user.get(&path).await;
    let first = read.header("etag").to_owned();
    assert_eq!(read.expect(200), row);

    let longer = user.with("if-match", &first);
    let changed = longer.put(&path, json!({ "end_date": "2026-12-07" })).await;
    let second = changed.header("etag").to_owned();
    assert_eq!(changed.expect(200)["end_date"], "2026-12-07");
    assert_eq!(tag(&user, &path).await, second);

    let (token, _) = form(&manager).await;
    let decided = decide(&manager, &path, &token).await;
    let third = decided.header("etag").to_owned();
    assert_eq!(decided.expect(200)["status"], "approved");
    assert!(first != second && second != third && third != first);

    let mine = user
        .get(&format!("/leave?person_id={me}&page_size=1"))
        .await;
    assert_eq!(mine.expect(200)["items"][0]["id"], row["id"]);
    user.delete(&path).await.is(204, "");
    user.get(&path)
        .await
        .is(404, r#"{"detail":"Leave not found"}"#);
}

#[tokio::test]
async fn a_form_is_good_once_and_for_one_user() {
    let staging = start().await;
    let (user, other) = two(&staging).await;
    let (token, me) = form(&user).await;
    let invalid = r#"{"detail":"CSRF token invalid"}"#;
    send(&user, &me, "").await.is(403, invalid);
    send(&other, &me, &token).await.is(403, invalid);
    let missing = user.form("/leave", &format!("person_id={me}")).await;
    missing.is(403, r#"{"detail":"CSRF token missing"}"#);
    send(&user, &me, &token).await.expect(201);
    send(&user, &me, &token).await.is(403, invalid);

    let (token, _) = form(&user).await;
    let body = format!("person_id={me}&start_date=2026-12-04&csrf_token={token}");
    let faults = user.form("/leave", &body).await.expect(422);
    assert_eq!(faults["detail"][0]["loc"], json!(["body", "leave_type"]));
}

#[tokio::test]
async fn a_change_names_the_state_that_it_is_made_for() {
    let staging = start().await;
    let (user, _) = two(&staging).await;
    let path = made(&user).await;
    let change = json!({ "leave_type": "vacation" });
    user.put(&path, change.clone())
        .await
        .is(428, r#"{"detail":"If-Match header is required"}"#);
    let seen = user.with("if-match", &tag(&user, &path).await);
    seen.put(&path, change.clone()).await.expect(200);
    seen.put(&path, change).await.is(
        412,
        r#"{"detail":"Leave has been modified by another user"}"#,
    );
    let seen = user.with("if-match", &tag(&user, &path).await);
    seen.put(&path, json!({ "end_date": "2026-11-30" }))
        .await
        .expect(422);
}

#[tokio::test]
async fn leave_is_decided_once_by_those_who_manage_it() {
    let staging = start().await;
    let (user, manager) = two(&staging).await;
    let path = made(&user).await;
    let (token, _) = form(&user).await;
    decide(&user, &path, &token)
        .await
        .is(403, r#"{"detail":"Schedule management access required"}"#);
    decide(&manager, &path, &token)
        .await
        .is(403, r#"{"detail":"CSRF token invalid"}"#);
    manager
        .post(&format!("{path}/approval"), json!({ "approved": true }))
        .await
        .is(403, r#"{"detail":"CSRF token missing"}"#);
    let (token, _) = form(&manager).await;
    decide(&manager, &path, &token).await.expect(200);
    let (token, _) = form(&manager).await;
    decide(&manager, &path, &token)
        .await
        .is(409, r#"{"detail":"Leave is already decided"}"#);
}

#[tokio::test]
async fn leave_is_ones_own_or_a_managers_business() {
    let staging = start().await;
    let (user, manager) = two(&staging).await;
    let refused = r#"{"detail":"You can only manage your own leave"}"#;
    let (token, managers) = form(&manager).await;
    let row: Value = send(&manager, &managers, &token).await.expect(201);
    let path = format!("/leave/{}", row["id"].as_str().unwrap());
    let (token, me) = form(&user).await;
    send(&user, &managers, &token).await.is(403, refused);
    user.put(&path, json!({})).await.is(403, refused);
    user.delete(&path).await.is(403, refused);
    let (token, _) = form(&manager).await;
    send(&manager, &me, &token).await.expect(201);
}
