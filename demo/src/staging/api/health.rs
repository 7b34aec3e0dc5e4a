//! Name, health, counters.
//!
//! None of it touches the data.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::staging::app::App;
use crate::staging::endpoint::{Answer, Call};
use crate::staging::reply;

/// `GET /`.
pub(crate) fn root(_app: &App, _call: &Call) -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    Ok(reply::ok(
        &json!({ "name": "Residency Scheduler API", "version": version, "status": "running" }),
    ))
}

/// `GET /health`.
pub(crate) fn health(_app: &App, _call: &Call) -> Answer {
    Ok(reply::ok(
        &json!({ "status": "healthy", "database": "connected" }),
    ))
}

/// `GET /api/v1/health/live`.
pub(crate) fn live(_app: &App, _call: &Call) -> Answer {
    Ok(reply::ok(&json!({ "status": "alive" })))
}

/// `GET /metrics`.
pub(crate) fn metrics(app: &App, _call: &Call) -> Answer {
    let mut response: Response = app.metrics.render().into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
