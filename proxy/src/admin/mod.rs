//! The admin address: health, readiness, metrics, status, and recording on and off.
//!
//! Nothing here waits on the users' traffic or makes it wait.

mod numbers;
mod record;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Response, StatusCode};
use pingora_core::apps::http_app::ServeHttp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::server::ShutdownWatch;
use pingora_http::RequestHeader;
use serde_json::json;

use crate::shared::Shared;
use record::Order;

/// Answers on the admin address.
pub(crate) struct Admin {
    shared: Arc<Shared>,
    /// Where the clients' connections are counted.
    open: Vec<Arc<AtomicU64>>,
    stopping: ShutdownWatch,
}

impl Admin {
    pub(crate) const fn new(
        shared: Arc<Shared>,
        open: Vec<Arc<AtomicU64>>,
        stopping: ShutdownWatch,
    ) -> Self {
        Self {
            shared,
            open,
            stopping,
        }
    }

    async fn answer(&self, request: &RequestHeader) -> Response<Vec<u8>> {
        let method = &request.method;
        let reads = matches!(*method, Method::GET | Method::HEAD);
        match (request.uri.path(), Order::of(request.uri.path())) {
            (_, Some(order)) if *method == Method::POST => {
                order.answer(request, &self.shared).await
            }
            (_, Some(_)) => wrong_method("POST"),
            (path, None) => match self.page(path) {
                None => json_response(StatusCode::NOT_FOUND, &json!({"error": "not found"})),
                Some(_) if !reads => wrong_method("GET, HEAD"),
                Some(page) => page,
            },
        }
    }

    /// What is only read.
    fn page(&self, path: &str) -> Option<Response<Vec<u8>>> {
        Some(match path {
            "/healthz" => json_response(StatusCode::OK, &json!({"status": "ok"})),
            "/readyz" if *self.stopping.borrow() => json_response(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({"status": "stopping"}),
            ),
            "/readyz" => json_response(StatusCode::OK, &json!({"status": "ready"})),
            "/metrics" => response(StatusCode::OK, METRICS_TYPE, self.metrics()),
            "/record" => record::state(&self.shared),
            "/status" => json_response(StatusCode::OK, &self.status()),
            _ => return None,
        })
    }

    fn status(&self) -> serde_json::Value {
        json!({
            "connections": self.connections(),
            "requests": self.shared.metrics.requests.get(),
            "recording": self.shared.recorder.in_all(),
            "captures": self.shared.recorder.outcomes(),
        })
    }

    fn metrics(&self) -> Vec<u8> {
        let mut text = self.shared.metrics.text();
        let now = self.shared.clock.now();
        text.extend_from_slice(self.shared.edge.load().servers(now).as_bytes());
        text.extend_from_slice(numbers::text(&self.shared, self.connections()).as_bytes());
        text
    }

    fn connections(&self) -> u64 {
        self.open
            .iter()
            .map(|open| open.load(Ordering::Relaxed))
            .sum()
    }
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let header = session.req_header();
        let mut response = self.answer(header).await;
        if header.method == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }
}

fn wrong_method(right: &'static str) -> Response<Vec<u8>> {
    let error = json!({"error": format!("only {right} works here")});
    let mut response = json_response(StatusCode::METHOD_NOT_ALLOWED, &error);
    let right = http::HeaderValue::from_static(right);
    response.headers_mut().insert(ALLOW, right);
    response
}

const METRICS_TYPE: &str = "text/plain; version=0.0.4";

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Vec<u8>> {
    response(status, "application/json", body.to_string().into_bytes())
}

fn response(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let length = response.body().len().into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, length);
    response
}
