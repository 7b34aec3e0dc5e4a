//! What roles the recorded users have, as far as the capture tells.
//!
//! Pure.

use std::collections::HashMap;

use trace::exchange::{Content, Exchange};

use crate::settings::RoleSource;

/// The roles that answers told.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    source: Option<RoleSource>,
    known: HashMap<String, String>,
}

impl Roles {
    /// Where answers tell them.
    pub(crate) fn new(source: Option<RoleSource>) -> Self {
        Self {
            source,
            known: HashMap::new(),
        }
    }

    /// Reads an answer.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        if !self.known.contains_key(&exchange.user)
            && let Some(role) = self.told_by(exchange)
        {
            self.known.insert(exchange.user.clone(), role);
        }
    }

    /// The role that an answer tells.
    pub(crate) fn told_by(&self, exchange: &Exchange) -> Option<String> {
        let source = self.source.as_ref()?;
        match &exchange.response.body.content {
            Content::Shape(shape) if exchange.route == source.route => {
                source.at.kept_in(&shape.parse()?)
            }
            _ => None,
        }
    }

    /// The role of a user, if an answer told it.
    pub(super) fn of(&self, user: &str) -> Option<&str> {
        self.known.get(user).map(String::as_str)
    }
}
