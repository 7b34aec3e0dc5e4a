//! The admin address: health, readiness, metrics, status.
//!
//! Reads only; nothing here touches the users' traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Response, StatusCode};
use pingora_core::apps::http_app::ServeHttp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::server::ShutdownWatch;
use serde_json::json;

use crate::recorder::tally::Snapshot;
use crate::shared::Shared;

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

    fn answer(&self, method: &Method, path: &str) -> Response<Vec<u8>> {
        let known = matches!(path, "/healthz" | "/readyz" | "/metrics" | "/status");
        if !known {
            return json_response(StatusCode::NOT_FOUND, &json!({"error": "not found"}));
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = json_response(
                StatusCode::METHOD_NOT_ALLOWED,
                &json!({"error": "only GET works here"}),
            );
            let get = http::HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, get);
            return response;
        }
        match path {
            "/healthz" => json_response(StatusCode::OK, &json!({"status": "ok"})),
            "/readyz" if *self.stopping.borrow() => json_response(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({"status": "stopping"}),
            ),
            "/readyz" => json_response(StatusCode::OK, &json!({"status": "ready"})),
            "/metrics" => response(StatusCode::OK, METRICS_TYPE, self.metrics()),
            _ => json_response(StatusCode::OK, &self.status()),
        }
    }

    fn status(&self) -> serde_json::Value {
        json!({
            "connections": self.connections(),
            "requests": self.shared.metrics.requests.get(),
            "recording": self.recording(),
        })
    }

    fn metrics(&self) -> Vec<u8> {
        let mut text = self.shared.metrics.text();
        let now = self.shared.clock.now();
        text.extend_from_slice(self.shared.edge.load().servers(now).as_bytes());
        let recorder = recorder_metrics(&self.recording(), self.connections());
        text.extend_from_slice(recorder.as_bytes());
        text
    }

    fn connections(&self) -> u64 {
        self.open
            .iter()
            .map(|open| open.load(Ordering::Relaxed))
            .sum()
    }

    fn recording(&self) -> Snapshot {
        let intake = self.shared.intake.as_ref();
        intake.map_or_else(Snapshot::off, |intake| intake.tally.snapshot())
    }
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let header = session.req_header();
        let mut response = self.answer(&header.method, header.uri.path());
        if header.method == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }
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

/// These live in the recorder, not in the registry, so that all come from one snapshot.
fn recorder_metrics(recording: &Snapshot, connections: u64) -> String {
    let dropped = &recording.dropped;
    format!(
        "# HELP rehearsal_connections Client connections that are open.\n\
         # TYPE rehearsal_connections gauge\n\
         rehearsal_connections {connections}\n\
         # HELP rehearsal_recording Whether exchanges are being recorded.\n\
         # TYPE rehearsal_recording gauge\n\
         rehearsal_recording {}\n\
         # HELP rehearsal_offered_total Exchanges offered to the recorder and settled: recorded or dropped.\n\
         # TYPE rehearsal_offered_total counter\n\
         rehearsal_offered_total {}\n\
         # HELP rehearsal_recorded_total Exchanges written to the capture and flushed.\n\
         # TYPE rehearsal_recorded_total counter\n\
         rehearsal_recorded_total {}\n\
         # HELP rehearsal_dropped_total Exchanges that were not written, by reason.\n\
         # TYPE rehearsal_dropped_total counter\n\
         rehearsal_dropped_total{{reason=\"queue\"}} {}\n\
         rehearsal_dropped_total{{reason=\"size\"}} {}\n\
         rehearsal_dropped_total{{reason=\"policy\"}} {}\n\
         rehearsal_dropped_total{{reason=\"write\"}} {}\n\
         # HELP rehearsal_waiting Exchanges that are not settled yet: queued, or not flushed.\n\
         # TYPE rehearsal_waiting gauge\n\
         rehearsal_waiting {}\n",
        u8::from(recording.state == "recording"),
        recording.offered,
        recording.recorded,
        dropped.queue,
        dropped.size,
        dropped.policy,
        dropped.write,
        recording.waiting,
    )
}
