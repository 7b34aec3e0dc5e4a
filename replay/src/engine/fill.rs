//! Makes a request of the plan ready to send: fills its holes and marks it.
//!
//! The one place where secrets are written into requests.

use bytes::Bytes;
use http::uri::Uri;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::Full;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::plan::{Arrival, Body, Slot, store};
use crate::slot::Kind;

use super::Job;
use super::outcome::Failure;
use super::tokens::Tokens;

/// The request as it goes out.
pub(super) fn fill(
    job: &Job,
    tokens: &Tokens,
    arrival: &Arrival,
) -> Result<Request<Full<Bytes>>, Failure> {
    let value = |slot| value(job, tokens, slot);
    let plan = &job.plan;
    let text = |text| {
        plan.store
            .fill(text, &value)
            .map_err(|store::Unfilled| Failure::Auth)
    };
    let planned = &arrival.request;
    let body = match planned.body {
        Body::Filler(bytes) => Bytes::from(vec![b'x'; usize::try_from(bytes).unwrap_or_default()]),
        Body::None => Bytes::new(),
        Body::Text(body) => text(body)?,
    };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = planned.method.clone();
    *request.uri_mut() = Uri::from_maybe_shared(text(planned.target)?).map_err(protocol)?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, job.target.host.clone());
    for (name, value) in plan.store.headers(planned) {
        let value = HeaderValue::from_maybe_shared(text(value)?).map_err(protocol)?;
        headers.append(name, value);
    }
    if planned.gated {
        mark(job, headers);
    }
    Ok(request)
}

/// Adds what the load-test path asks for.
pub(super) fn mark(job: &Job, headers: &mut http::HeaderMap) {
    if let Some(key) = &job.key {
        headers.insert(KEY, key.clone());
    }
    headers.insert(RUN, job.run.header.clone());
}

fn value(job: &Job, tokens: &Tokens, slot: Slot) -> Option<String> {
    match slot.kind {
        Kind::Auth => tokens.access(slot.subject),
        Kind::Fresh => Some(job.run.fresh(slot.subject)),
        Kind::Password => Some(
            job.test_user(slot.subject)?
                .password
                .expose_secret()
                .to_owned(),
        ),
        Kind::Refresh => tokens.refresh(slot.subject),
        Kind::Username => Some(job.test_user(slot.subject)?.username.clone()),
    }
}

/// The run's name, and the values that are new in it.
pub(crate) struct Run {
    /// Its name.
    pub(crate) id: String,
    header: HeaderValue,
}

impl Run {
    /// A run that no other is called.
    pub(crate) fn new() -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let header = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("replay"));
        Self { id, header }
    }

    /// A value that no other run has, and the same for the same number.
    fn fresh(&self, number: u32) -> String {
        let mut hash = Sha256::new();
        hash.update(self.id.as_bytes());
        hash.update(number.to_le_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }
}

fn protocol<E>(_error: E) -> Failure {
    Failure::Protocol
}

const KEY: HeaderName = HeaderName::from_static("x-load-test-key");
const RUN: HeaderName = HeaderName::from_static("x-load-test-run");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_values_are_equal_for_equal_numbers_and_new_in_every_run() {
        let (run, other) = (Run::new(), Run::new());
        assert_eq!(run.fresh(1), run.fresh(1));
        assert_ne!(run.fresh(1), run.fresh(2));
        assert_ne!(run.fresh(1), other.fresh(1));
    }
}
