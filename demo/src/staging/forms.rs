//! Tokens against forged requests: given with a form, good once and for whom it was given.
//!
//! Bounded by forgetting: a form that was asked for long ago is no good any more.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

use super::error::ApiError;
use crate::random;

/// The forms that may still be sent.
#[derive(Default)]
pub(crate) struct Forms {
    open: HashMap<String, Uuid>,
    /// All tokens, sent or not, the latest one last.
    given: VecDeque<String>,
}

impl Forms {
    /// A new token for a form of this user.
    pub(crate) fn give(&mut self, user: Uuid) -> String {
        let token = random::letters(43);
        self.open.insert(token.clone(), user);
        self.given.push_back(token.clone());
        if self.given.len() > MOST
            && let Some(oldest) = self.given.pop_front()
        {
            self.open.remove(&oldest);
        }
        token
    }

    /// Takes the token that a user's request brought.
    pub(crate) fn take(&mut self, user: Uuid, token: Option<&str>) -> Result<(), ApiError> {
        let token = token.ok_or(ApiError::Forbidden("CSRF token missing"))?;
        if self.open.get(token) != Some(&user) {
            return Err(ApiError::Forbidden("CSRF token invalid"));
        }
        self.open.remove(token);
        Ok(())
    }
}

const MOST: usize = 10_000;
