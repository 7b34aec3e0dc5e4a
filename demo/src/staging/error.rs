//! Refusals, in the words and shapes of the real application.
//!
//! One value per kind of refusal; the texts come from where the rule is.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::reply;

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 400: a rule of the domain.
    Refused(&'static str),
    /// 401, with the challenge.
    Unauthorized(&'static str),
    /// 403.
    Forbidden(&'static str),
    /// 404.
    NotFound(&'static str),
    /// 409.
    Conflict(&'static str),
    /// 412: what the request was made for is not as it was.
    Stale(&'static str),
    /// 413.
    TooLarge,
    /// 422 with one sentence.
    Unprocessable(&'static str),
    /// 422 with one entry per bad field.
    Invalid(Vec<Value>),
    /// 428: the request does not say for what state it was made.
    Unconditional(&'static str),
    /// 500.
    Internal,
}

impl ApiError {
    /// No credentials, or none that hold.
    pub(crate) const NOT_AUTHENTICATED: Self = Self::Unauthorized("Not authenticated");

    fn parts(self) -> (StatusCode, Value) {
        let said = |status, text: &str| (status, json!({ "detail": text }));
        match self {
            Self::Refused(text) => said(StatusCode::BAD_REQUEST, text),
            Self::Unauthorized(text) => said(StatusCode::UNAUTHORIZED, text),
            Self::Forbidden(text) => said(StatusCode::FORBIDDEN, text),
            Self::NotFound(text) => said(StatusCode::NOT_FOUND, text),
            Self::Conflict(text) => said(StatusCode::CONFLICT, text),
            Self::Stale(text) => said(StatusCode::PRECONDITION_FAILED, text),
            Self::TooLarge => said(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large"),
            Self::Unprocessable(text) => said(StatusCode::UNPROCESSABLE_ENTITY, text),
            Self::Invalid(fields) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "detail": fields }),
            ),
            Self::Unconditional(text) => said(StatusCode::PRECONDITION_REQUIRED, text),
            Self::Internal => said(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, body) = self.parts();
        let mut response = reply::json(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
