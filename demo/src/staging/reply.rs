//! Builds answers: JSON, pages of JSON, nothing.
//!
//! Bodies are serialized at once, so that rows need not be copied out of the store.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::input::Paging;

/// `body` as JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(_unserializable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 with `body`.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// 201 with `body`.
pub(crate) fn created(body: &impl Serialize) -> Response {
    json(StatusCode::CREATED, body)
}

/// 204.
pub(crate) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// `{items, total}` of everything.
pub(crate) fn list<T: Serialize>(items: &[T]) -> Response {
    ok(&List {
        items,
        total: items.len(),
    })
}

/// `{items, total, page, page_size, pages}` of one page.
pub(crate) fn page<T: Serialize>(items: &[T], paging: Paging) -> Response {
    let (first, size) = (paging.page - 1, paging.size);
    let shown = items
        .iter()
        .skip(first.saturating_mul(size))
        .take(size)
        .collect();
    ok(&Page {
        items: shown,
        total: items.len(),
        page: paging.page,
        page_size: size,
        pages: items.len().div_ceil(size),
    })
}

#[derive(Serialize)]
struct List<'a, T> {
    items: &'a [T],
    total: usize,
}

#[derive(Serialize)]
struct Page<'a, T> {
    items: Vec<&'a T>,
    total: usize,
    page: usize,
    page_size: usize,
    pages: usize,
}
