//! What an endpoint is, and how a request goes through one.
//!
//! The order is fixed here for all of them: freeze, body, fault, caller, handler, latency.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use tokio::time::sleep_until;
use uuid::Uuid;

use super::api::generate;
use super::app::App;
use super::data::User;
use super::error::ApiError;
use super::input::{self, Fields};
use super::latency::Class;
use crate::clock;

/// One row of the route table.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    pub(crate) class: Class,
    pub(crate) handler: Handler,
}

/// Who may call an endpoint, and what then happens.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Anybody.
    Open(fn(&App, &Call) -> Answer),
    /// Anybody who is logged in.
    User(fn(&App, &Call, &Caller) -> Answer),
    /// Admins and coordinators.
    Manager(fn(&App, &Call, &Caller) -> Answer),
    /// Logged-in users; the solver, which answers in its own time.
    Solver,
}

/// A handler's result.
pub(crate) type Answer = Result<Response, ApiError>;

/// One request, read.
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: axum::body::Bytes,
    query: Option<String>,
    params: Vec<(String, String)>,
}

/// Who sent a request.
pub(crate) struct Caller {
    pub(crate) user: User,
    /// The token that proved it.
    pub(crate) token: String,
}

impl Call {
    /// The path parameter `name`; the empty string if the template has none.
    pub(crate) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The path parameter `name` as an id.
    pub(crate) fn id(&self, name: &str) -> Result<Uuid, ApiError> {
        input::path_id(name, self.param(name))
    }

    pub(crate) fn query(&self) -> Fields {
        Fields::query(self.query.as_deref())
    }

    pub(crate) fn json(&self) -> Result<Fields, ApiError> {
        Fields::json(&self.body)
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Serves one request at `endpoint`.
pub(crate) async fn serve(
    app: Arc<App>,
    endpoint: &'static Endpoint,
    params: RawPathParams,
    request: Request,
) -> Response {
    let start = clock::now();
    app.pace.thaw().await;
    let (parts, body) = request.into_parts();
    let draw = app.pace.draw(endpoint.class);
    let ready = start + draw.delay;
    let answer = match to_bytes(body, BODY_LIMIT).await {
        Err(_too_large) => Err(ApiError::TooLarge),
        Ok(_) if draw.fails => Err(ApiError::Internal),
        Ok(body) => handle(&app, endpoint, call(parts, params, body)).await,
    };
    sleep_until(ready).await;
    app.pace.thaw().await;
    let mut response = answer.unwrap_or_else(ApiError::into_response);
    response
        .extensions_mut()
        .insert(Template(endpoint.template));
    response
}

/// Marks an answer with the template of its endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Template(pub(crate) &'static str);

async fn handle(app: &Arc<App>, endpoint: &Endpoint, call: Call) -> Answer {
    match endpoint.handler {
        Handler::Open(run) => run(app, &call),
        Handler::User(run) => run(app, &call, &caller(app, &call)?),
        Handler::Manager(run) => {
            let caller = caller(app, &call)?;
            if !caller.user.role.manages_schedules() {
                return Err(ApiError::Forbidden("Schedule management access required"));
            }
            run(app, &call, &caller)
        }
        Handler::Solver => {
            let caller = caller(app, &call)?;
            generate::serve(app, &call, &caller).await
        }
    }
}

fn call(parts: Parts, params: RawPathParams, body: axum::body::Bytes) -> Call {
    let params = params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Call {
        params: params.collect(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body,
    }
}

/// The logged-in user. A cookie wins over the header, even a cookie that no longer holds.
fn caller(app: &App, call: &Call) -> Result<Caller, ApiError> {
    let token = cookie_token(&call.headers)
        .or_else(|| bearer(call.header(header::AUTHORIZATION.as_str())?));
    let token = token.ok_or(ApiError::NOT_AUTHENTICATED)?;
    let index = app
        .tokens()
        .user(token)
        .ok_or(ApiError::NOT_AUTHENTICATED)?;
    let user = app.store().users.get(index).cloned();
    Ok(Caller {
        user: user.ok_or(ApiError::NOT_AUTHENTICATED)?,
        token: token.to_owned(),
    })
}

fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut cookies = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let value = cookies.find_map(|cookie| cookie.trim().strip_prefix("access_token="))?;
    bearer(value.trim_matches('"'))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// As large as the application takes.
const BODY_LIMIT: usize = 50 * 1024 * 1024;
