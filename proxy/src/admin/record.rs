//! `POST /record/start`, `/record/stop`, `/record/rotate`: recording on, off, into a new file.
//!
//! An order may take long (a stop waits for requests in flight and for the audit), so that it is
//! carried out on a thread of its own.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, ORIGIN, TRANSFER_ENCODING};
use http::{HeaderMap, Response, StatusCode};
use pingora_http::RequestHeader;
use serde_json::{Value, json};
use trace::recording::Closed;

use super::json_response;
use crate::recorder::control::{OrderError, Recorder};
use crate::shared::Shared;

/// What the recorder is told to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Rotate,
    Start,
    Stop,
}

impl Order {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/record/rotate" => Some(Self::Rotate),
            "/record/start" => Some(Self::Start),
            "/record/stop" => Some(Self::Stop),
            _ => None,
        }
    }

    /// Carries it out and tells what came of it.
    pub(super) async fn answer(
        self,
        request: &RequestHeader,
        shared: &Arc<Shared>,
    ) -> Response<Vec<u8>> {
        if is_from_a_page(&request.headers) {
            let error = json!({"error": "web pages may not control recording"});
            return json_response(StatusCode::FORBIDDEN, &error);
        }
        if has_body(&request.headers) {
            let error = json!({"error": "no body is taken here; file and policy are configured"});
            return json_response(StatusCode::BAD_REQUEST, &error);
        }
        let done = {
            let shared = Arc::clone(shared);
            tokio::task::spawn_blocking(move || self.carry_out(&shared.recorder)).await
        };
        match done {
            Ok(Ok(closed)) => told(
                StatusCode::OK,
                shared,
                "closed",
                closed.as_ref().map(summary),
            ),
            Ok(Err(error)) => {
                let text = Some(error.to_string().into());
                told(status(&error), shared, "error", text)
            }
            Err(_panic) => {
                let text = Some("the recorder broke".into());
                told(StatusCode::INTERNAL_SERVER_ERROR, shared, "error", text)
            }
        }
    }

    fn carry_out(self, recorder: &Recorder) -> Result<Option<Closed>, OrderError> {
        match self {
            Self::Rotate => recorder.rotate().map(Some),
            Self::Start => recorder.start().map(|()| None),
            Self::Stop => recorder.stop().map(Some),
        }
    }
}

/// The capture in the making.
pub(super) fn state(shared: &Shared) -> Response<Vec<u8>> {
    told(StatusCode::OK, shared, "closed", None)
}

/// The state, with what is to be told besides.
fn told(
    status: StatusCode,
    shared: &Shared,
    key: &str,
    besides: Option<Value>,
) -> Response<Vec<u8>> {
    let mut body = json!(shared.recorder.capture());
    if let Some(besides) = besides {
        body[key] = besides;
    }
    json_response(status, &body)
}

fn summary(closed: &Closed) -> Value {
    let (footer, dropped) = (&closed.footer, &closed.footer.dropped);
    json!({
        "file": closed.path.display().to_string(),
        "exchanges": footer.exchanges,
        "offered": footer.offered,
        "dropped": {
            "queue": dropped.queue,
            "size": dropped.size,
            "policy": dropped.policy,
            "write": dropped.write,
        },
        "left_out": { "filter": footer.left_out.filter, "sample": footer.left_out.sample },
        "audit": { "searched": footer.audit.searched, "found": footer.audit.found },
        "quarantined": closed.quarantined,
        // Masked, and the first ones only.
        "findings": closed.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

const fn status(error: &OrderError) -> StatusCode {
    match error {
        OrderError::AlreadyRecording
        | OrderError::Busy
        | OrderError::NoSettings
        | OrderError::NotRecording
        | OrderError::Stopping => StatusCode::CONFLICT,
        OrderError::Close(_) | OrderError::Start(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A browser says so with each POST; tools say nothing of the kind. Loopback does not keep the
/// pages out that an operator looks at.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    headers.contains_key(ORIGIN) || site.is_some_and(|site| site != "none")
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}
