//! The cookies of a recorded request, each by itself: replay sends the live values of those names.
//!
//! Pure.

use http::HeaderValue;
use trace::exchange::{Exchange, Request};

use crate::settings::Rewrite;
use crate::slot::{Kind, Place};

use super::entry::CookieLine;
use super::window::{Text, Window};

/// Puts an exchange's cookies into the window, where its session has any: it sent some, or was
/// given some. `request` is what is sent of it.
pub(super) fn cookies(
    window: &mut Window,
    exchange: &Exchange,
    request: &Request,
    rewrites: &[Rewrite],
    number: &mut dyn FnMut(Kind, &str) -> u32,
) -> Option<u32> {
    let sets = exchange
        .response
        .headers
        .iter()
        .any(|(name, _)| name == "set-cookie");
    let crumbs: Box<[(Box<str>, Text)]> = crumbs(request)
        .map(|(name, value)| {
            let value = window.write().template(value, Place::Plain, number).end();
            (name.into(), value)
        })
        .collect();
    if crumbs.is_empty() && !sets {
        return None;
    }
    // As it was recorded: what a link puts there is the same for all requests of a thing.
    let path = Rewrite::of(rewrites, &exchange.request.path).into();
    Some(window.cookie_line(CookieLine { path, crumbs }))
}

/// Names and values; what has no name is its own value.
fn crumbs(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    let lines = request.headers.iter();
    let is_sent = |value: &str| HeaderValue::from_str(value).is_ok();
    let lines = lines.filter(move |(name, value)| name == "cookie" && is_sent(value));
    let crumbs = lines.flat_map(|(_, value)| value.split(';').map(str::trim));
    crumbs
        .filter(|crumb| !crumb.is_empty())
        .map(|crumb| crumb.split_once('=').unwrap_or(("", crumb)))
}
