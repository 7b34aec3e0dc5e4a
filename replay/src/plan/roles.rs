//! What roles the recorded users have, as far as the capture tells.
//!
//! Pure.

use std::collections::HashMap;

use trace::exchange::{Content, Exchange};

use crate::settings::RoleSource;

/// The roles that answers told.
#[derive(Debug, Default)]
pub(super) struct Roles {
    source: Option<RoleSource>,
    known: HashMap<String, String>,
}

impl Roles {
    /// Where answers tell them.
    pub(super) fn new(source: Option<RoleSource>) -> Self {
        Self {
            source,
            known: HashMap::new(),
        }
    }

    /// Reads an answer.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        let Some(source) = &self.source else { return };
        if exchange.route == source.route
            && !self.known.contains_key(&exchange.user)
            && let Content::Shape(shape) = &exchange.response.body.content
            && let Some(role) = shape.parse().and_then(|shape| source.at.kept_in(&shape))
        {
            self.known.insert(exchange.user.clone(), role);
        }
    }

    /// The role of a user, if an answer told it.
    pub(super) fn of(&self, user: &str) -> Option<&str> {
        self.known.get(user).map(String::as_str)
    }
}
