//! Logging in and out: both ways, expiry, refresh, and what wins when cookie and header disagree.

mod common;

use std::time::Duration;

use common::{Client, config, start};
use rehearsal_demo::staging::{Role, Staging, StagingConfig, real_accounts};
use serde_json::json;

const REFUSED: &str = r#"{"detail":"Not authenticated"}"#;

#[tokio::test]
async fn a_form_and_json_both_log_in() {
    let staging = start().await;
    let client = Client::new(&staging);
    let form = client
        .form(
            "/auth/login",
            "username=loadtest_faculty_02&password=rehearsal-test-password",
        )
        .await;
    let cookie = form.header("set-cookie").to_owned();
    let tokens = form.expect(200);
    assert_eq!(tokens["token_type"], "bearer");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(access.split('.').count(), 3);
    assert_eq!(
        cookie,
        format!("access_token=\"Bearer {access}\"; HttpOnly; Max-Age=900; Path=/; SameSite=lax")
    );

    let body = json!({ "username": "loadtest_faculty_02", "password": "rehearsal-test-password" });
    let other = client.post("/auth/login/json", body).await.expect(200);
    assert_ne!(other["access_token"], tokens["access_token"]);

    let me = client.bearer(access).get("/auth/me").await.expect(200);
    assert_eq!(
        (&me["username"], &me["role"]),
        (&json!("loadtest_faculty_02"), &json!("faculty"))
    );
}

#[tokio::test]
async fn every_real_account_logs_in_and_has_a_dashboard() {
    let staging = start().await;
    let client = Client::new(&staging);
    let accounts = real_accounts(1);
    let roles: std::collections::BTreeSet<Role> =
        accounts.iter().map(|account| account.role).collect();
    assert_eq!(roles.len(), 8);
    for account in accounts {
        let body = json!({ "username": account.username, "password": account.password });
        let tokens = client.post("/auth/login/json", body).await.expect(200);
        let user = client.bearer(tokens["access_token"].as_str().unwrap());
        let dashboard = user.get("/me/dashboard").await.expect(200);
        assert_eq!(dashboard["user"]["role"], account.role.name());
    }
}

#[tokio::test]
async fn wrong_credentials_are_401_and_missing_ones_422() {
    let staging = start().await;
    let client = Client::new(&staging);
    let wrong = client
        .form("/auth/login", "username=loadtest_admin_01&password=no")
        .await;
    wrong.is(401, r#"{"detail":"Incorrect username or password"}"#);
    assert_eq!(wrong.header("www-authenticate"), "Bearer");
    let missing = client
        .form("/auth/login", "username=loadtest_admin_01")
        .await
        .expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "password"]));
    let short = client
        .post(
            "/auth/login/json",
            json!({ "username": "ab", "password": "x" }),
        )
        .await
        .expect(422);
    assert_eq!(short["detail"][0]["type"], "string_too_short");
}

#[tokio::test]
async fn a_token_expires() {
    let token_life = Duration::from_millis(1);
    let staging = Staging::start(StagingConfig {
        token_life,
        ..config()
    })
    .await
    .unwrap();
    let user = Client::of_role(&staging, "resident").await;
    common::eventually(async || user.get("/auth/me").await.status == 401).await;
    user.get("/people").await.is(401, REFUSED);
}

#[tokio::test]
async fn a_cookie_wins_over_the_header() {
    let staging = start().await;
    let client = Client::new(&staging);
    let login = "username=loadtest_coordinator_01&password=rehearsal-test-password";
    let cookie = client
        .form("/auth/login", login)
        .await
        .header("set-cookie")
        .to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let admin = Client::of_role(&staging, "admin").await;
    let both = admin.with("cookie", &format!("theme=dark; {cookie}"));
    assert_eq!(
        both.get("/auth/me").await.expect(200)["username"],
        "loadtest_coordinator_01"
    );
    let stale = admin.with("cookie", "access_token=\"Bearer a.b.c\"");
    stale.get("/auth/me").await.is(401, REFUSED);
    let other = admin.with("cookie", "theme=dark");
    assert_eq!(
        other.get("/auth/me").await.expect(200)["username"],
        "loadtest_admin_01"
    );
}

#[tokio::test]
async fn a_refresh_token_works_once() {
    let staging = start().await;
    let client = Client::new(&staging);
    let login = "username=loadtest_resident_60&password=rehearsal-test-password";
    let first = client.form("/auth/login", login).await.expect(200);
    let body = json!({ "refresh_token": first["refresh_token"] });
    let second = client.post("/auth/refresh", body.clone()).await.expect(200);
    assert_ne!(second["access_token"], first["access_token"]);
    let again = client.post("/auth/refresh", body).await;
    again.is(401, r#"{"detail":"Invalid or expired refresh token"}"#);
    let as_access = client.bearer(second["refresh_token"].as_str().unwrap());
    as_access.get("/auth/me").await.is(401, REFUSED);
}

#[tokio::test]
async fn a_log_out_ends_the_token() {
    let staging = start().await;
    let user = Client::of_role(&staging, "clinical_staff").await;
    user.get("/auth/me").await.expect(200);
    let out = user.post("/auth/logout", json!({})).await;
    assert!(
        out.header("set-cookie")
            .starts_with("access_token=\"\"; Max-Age=0")
    );
    user.get("/auth/me").await.is(401, REFUSED);
}
