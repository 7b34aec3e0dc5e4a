//! Around every request: the legacy redirect, the response headers, the counters.
//!
//! The redirect comes before everything else, as in the real application, so it carries none of the headers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::app::App;
use super::endpoint::Template;
use crate::clock;

/// Passes a request on and dresses its answer.
pub(crate) async fn pass(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if let Some(redirect) = legacy(&request) {
        return redirect;
    }
    let start = clock::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let template = response
        .extensions()
        .get()
        .map_or("none", |Template(name)| *name);
    app.metrics.count(
        template,
        method.as_str(),
        response.status(),
        clock::now() - start,
    );
    dress(response.headers_mut(), id, &path, template);
    response
}

/// `/api/x` moved to `/api/v1/x`.
fn legacy(request: &Request) -> Option<Response> {
    let path = request.uri().path_and_query()?.as_str();
    let rest = path.strip_prefix("/api/")?;
    if rest.starts_with("v1") || request.method() == Method::OPTIONS {
        return None;
    }
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let location: Uri = format!("http://{host}/api/v1/{rest}").parse().ok()?;
    let location = HeaderValue::from_str(&location.to_string()).ok()?;
    Some(
        (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, location)],
        )
            .into_response(),
    )
}

fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers
        .get(&REQUEST_ID)
        .filter(|id| (1..=255).contains(&id.len()));
    let fresh = || HeaderValue::from_str(&Uuid::new_v4().to_string());
    given
        .cloned()
        .map_or_else(fresh, Ok)
        .unwrap_or(HeaderValue::from_static("-"))
}

fn dress(headers: &mut HeaderMap, id: HeaderValue, path: &str, template: &str) {
    headers.insert(REQUEST_ID, id);
    for (name, value) in ALWAYS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if PHI_PATHS.iter().any(|prefix| path.starts_with(prefix)) {
        headers.insert("x-contains-phi", HeaderValue::from_static("true"));
        headers.insert("x-phi-handling", HeaderValue::from_static("CONFIDENTIAL"));
    }
    let fields = PHI_FIELDS
        .iter()
        .find(|(prefix, _)| template.starts_with(prefix));
    if let Some((_, fields)) = fields {
        headers.insert("x-phi-fields", HeaderValue::from_static(fields));
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const ALWAYS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    (
        "cache-control",
        "no-store, no-cache, must-revalidate, private",
    ),
    ("pragma", "no-cache"),
    ("expires", "0"),
];

/// Where answers are marked as personal; the real list has the same gaps (`/me`, `/swaps`, `/search`).
const PHI_PATHS: [&str; 4] = [
    "/api/v1/people",
    "/api/v1/export",
    "/api/v1/schedule",
    "/api/v1/absences",
];

const PHI_FIELDS: [(&str, &str); 3] = [
    ("/api/v1/people", "name,email"),
    ("/api/v1/assignments", "person_id,notes,override_reason"),
    (
        "/api/v1/absences",
        "person_id,absence_type,deployment_orders,tdy_location,notes",
    ),
];
