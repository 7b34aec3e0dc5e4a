//! What of a recorded request must be another one in every run, though no answer gives it: dates that
//! are over by now, and e-mail addresses that can be taken once.
//!
//! Pure.

use std::borrow::Cow;
use std::ops::Range;

use trace::dates;
use trace::exchange::{Content, Request};

use crate::settings::UniqueField;

use super::carry::carry;
use super::compile::Rules;
use super::links;

/// Changes what the rules say of a request of this route.
pub(super) fn adapt(request: &mut Cow<'_, Request>, route: &str, rules: &Rules) {
    if rules.verbatim {
        return;
    }
    if let Some(sends) = &rules.sends {
        carry(request, sends);
    }
    if let Some(days) = rules.shift_days {
        texts(request, |text| moved(text, days));
    }
    texts(request, own_addresses);
    let fields = rules
        .unique
        .iter()
        .filter(|field| field.route.as_deref().is_none_or(|it| it == route));
    for UniqueField { at, .. } in fields {
        links::append(request, at, SLOT);
    }
}

/// Dates moved; in a path each segment is by itself.
pub(super) fn moved(text: &str, days: i64) -> Option<String> {
    let is_path = text.starts_with('/');
    if !is_path {
        return dates::moved(text, days);
    }
    let moved = text.split('/').map(|segment| dates::moved(segment, days));
    let moved: Vec<_> = moved.collect();
    moved.iter().any(Option::is_some).then(|| {
        let segments = text.split('/').zip(moved);
        let segments = segments.map(|(old, new)| new.unwrap_or_else(|| old.to_owned()));
        segments.collect::<Vec<_>>().join("/")
    })
}

/// Changes the path, the query and the body, where `change` has something to change.
fn texts(request: &mut Cow<'_, Request>, change: impl Fn(&str) -> Option<String>) {
    if let Some(path) = change(&request.path) {
        request.to_mut().path = path;
    }
    if let Some(query) = change(&request.query) {
        request.to_mut().query = query;
    }
    if let Content::Utf8(text) = &request.body.content
        && let Some(text) = change(text)
    {
        request.to_mut().body.content = Content::Utf8(text);
    }
}

/// Gives every e-mail address letters of its own, the same one the same wherever it is.
fn own_addresses(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut end = 0;
    for at in signs(text) {
        if is_address(text, &at) && at.start >= end {
            out.push_str(&text[end..at.start]);
            out.push('.');
            out.push_str(SLOT);
            end = at.start;
        }
    }
    (end > 0).then(|| out + &text[end..])
}

/// Whether there is an e-mail address in a text.
pub(crate) fn has_address(text: &str) -> bool {
    signs(text).any(|at| is_address(text, &at))
}

/// Every `@`, plain or percent-encoded.
fn signs(text: &str) -> impl Iterator<Item = Range<usize>> {
    memchr::memchr2_iter(b'@', b'%', text.as_bytes()).filter_map(|at| {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'@', ..] => Some(at..at + 1),
            [_, b'4', b'0', ..] => Some(at..at + 3),
            _ => None,
        }
    })
}

/// Whether there is a name before and a domain after.
fn is_address(text: &str, sign: &Range<usize>) -> bool {
    let before = text[..sign.start].bytes().next_back();
    let name = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte));
    let rest = &text[sign.end..];
    let domain = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
        .map_or(rest, |end| &rest[..end]);
    let parts = domain.trim_end_matches('.').rsplit_once('.');
    name && parts.is_some_and(|(host, top)| {
        !host.is_empty() && top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// Its name says nothing: there is one for everybody who plays, in each lap.
const SLOT: &str = "{{unique:x}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_letters_of_their_own_wherever_they_are() {
        let own = |text| own_addresses(text);
        assert_eq!(
            own(r#"{"email":"a.b@example.com","cc":"c@example.co.uk."}"#).as_deref(),
            Some(
                r#"{"email":"a.b.{{unique:x}}@example.com","cc":"c.{{unique:x}}@example.co.uk."}"#
            )
        );
        assert_eq!(
            own("q=a%40example.com&x=1").as_deref(),
            Some("q=a.{{unique:x}}%40example.com&x=1")
        );
        for none in [
            "@example.com",
            "a@b",
            "a@1.2",
            "{{username:u1}}@example.com",
            "50%40",
            "a @b.c",
        ] {
            assert_eq!(own(none), None, "{none}");
        }
    }

    #[test]
    fn dates_move_in_paths_and_elsewhere() {
        assert_eq!(
            moved("/api/schedule/2027-04-19/2027-04-25", -7).as_deref(),
            Some("/api/schedule/2027-04-12/2027-04-18")
        );
        assert_eq!(
            moved("a=2027-04-19&b=x", 1).as_deref(),
            Some("a=2027-04-20&b=x")
        );
        assert_eq!((moved("/a/b", 1), moved("", 1)), (None, None));
    }
}
