//! What roles the recorded users have, as far as the capture tells.
//!
//! Pure.

use std::collections::HashMap;

use trace::exchange::{Content, Exchange};

use crate::settings::RoleSource;

/// The role of each user whose answers tell one.
pub(super) fn roles<'a>(
    exchanges: &'a [Exchange],
    source: Option<&RoleSource>,
) -> HashMap<&'a str, String> {
    let mut roles = HashMap::new();
    let Some(source) = source else {
        return roles;
    };
    for exchange in exchanges
        .iter()
        .filter(|exchange| exchange.route == source.route)
    {
        if let Content::Shape(shape) = &exchange.response.body.content
            && let Some(role) = shape.parse().and_then(|shape| source.at.kept_in(&shape))
        {
            roles.entry(exchange.user.as_str()).or_insert(role);
        }
    }
    roles
}
