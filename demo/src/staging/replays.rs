//! Idempotency keys: what was asked under each, and what was answered.
//!
//! Same key and body give the stored answer, another body is refused, a pending one conflicts.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::error::ApiError;

/// All keys seen.
#[derive(Default)]
pub(crate) struct Replays {
    keys: HashMap<(Uuid, String), Entry>,
}

/// An answer kept to be given again.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

struct Entry {
    asked: Value,
    answer: Option<Kept>,
}

impl Replays {
    /// The kept answer for `key`, if `body` was asked under it before.
    pub(crate) fn look(
        &self,
        user: Uuid,
        key: &str,
        body: &Value,
    ) -> Result<Option<Kept>, ApiError> {
        match self.keys.get(&(user, key.to_owned())) {
            None => Ok(None),
            Some(entry) if entry.asked != *body => Err(ApiError::Unprocessable(
                "Idempotency key was already used with a different request body",
            )),
            Some(Entry { answer: None, .. }) => Err(ApiError::Conflict(
                "A request with this idempotency key is already in progress",
            )),
            Some(entry) => Ok(entry.answer.clone()),
        }
    }

    /// Notes that `body` is being worked on under `key`.
    pub(crate) fn begin(&mut self, user: Uuid, key: String, asked: Value) {
        self.keys.insert(
            (user, key),
            Entry {
                asked,
                answer: None,
            },
        );
    }

    /// Keeps the answer for `key`.
    pub(crate) fn finish(&mut self, user: Uuid, key: String, answer: Kept) {
        if let Some(entry) = self.keys.get_mut(&(user, key)) {
            entry.answer = Some(answer);
        }
    }
}
