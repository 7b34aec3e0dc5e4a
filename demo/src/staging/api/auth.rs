//! Log-in by form and JSON, own account, refresh, log-out.
//!
//! A log-in answers with both tokens and sets the access token as a cookie too.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::json;

use crate::staging::app::App;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, text};
use crate::staging::reply;

/// `POST /auth/login`, the form that browsers send.
pub(crate) fn login_form(app: &App, call: &Call) -> Answer {
    let mut form = Fields::form(&call.body);
    let username = form.need("username", text(1..=200));
    let password = form.need("password", text(1..=200));
    form.done()?;
    login(app, &username, &password)
}

/// `POST /auth/login/json`.
pub(crate) fn login_json(app: &App, call: &Call) -> Answer {
    let mut body = call.json()?;
    let username = body.need("username", text(3..=50));
    let password = body.need("password", text(1..=200));
    body.done()?;
    login(app, &username, &password)
}

/// `GET /auth/me`.
pub(crate) fn me(_app: &App, _call: &Call, caller: &Caller) -> Answer {
    let user = &caller.user;
    Ok(reply::ok(&json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "role": user.role,
        "is_active": true,
    })))
}

/// `POST /auth/refresh`: the old refresh token works no more.
pub(crate) fn refresh(app: &App, call: &Call) -> Answer {
    let mut body = call.json()?;
    let token = body.need("refresh_token", text(1..=4000));
    body.done()?;
    let mut tokens = app.tokens();
    let user = tokens.redeem(&token);
    drop(tokens);
    let user = user.ok_or(ApiError::Unauthorized("Invalid or expired refresh token"))?;
    signed_in(app, user)
}

/// `POST /auth/logout`.
pub(crate) fn logout(app: &App, _call: &Call, caller: &Caller) -> Answer {
    app.tokens().revoke(&caller.token);
    let mut response = reply::ok(&json!({ "message": "Successfully logged out" }));
    let gone = HeaderValue::from_static("access_token=\"\"; Max-Age=0; Path=/; SameSite=lax");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    Ok(response)
}

fn login(app: &App, username: &str, password: &str) -> Answer {
    let found = app
        .store()
        .users
        .iter()
        .position(|user| user.username == username && user.password == password);
    signed_in(
        app,
        found.ok_or(ApiError::Unauthorized("Incorrect username or password"))?,
    )
}

fn signed_in(app: &App, user: usize) -> Answer {
    let mut tokens = app.tokens();
    let (pair, life) = (tokens.issue(user), tokens.life().as_secs());
    drop(tokens);
    let mut response: Response = reply::ok(&json!({
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "bearer",
    }));
    let cookie = format!(
        "access_token=\"Bearer {}\"; HttpOnly; Max-Age={life}; Path=/; SameSite=lax",
        pair.access
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_never| ApiError::Internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
