//! Links: places of a request at which a value of an earlier answer stands, found in the recorded
//! request and made into slots.
//!
//! Pure.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::fast::FixedState;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use trace::exchange::{Content, Exchange, Link, Request};
use trace::format::Used;

use crate::json::{Pointer, unescape};
use crate::locator::Locator;

use super::adapt::moved;
use super::compile::is_target;
use super::entry::{Run, Source};
use super::window::{Window, index};

/// A request with slots where its links are.
struct Linked {
    request: Request,
    /// Of each slot, in the order of their numbers.
    links: Vec<Recorded>,
}

/// What a link goes back to.
#[derive(Debug, PartialEq, Eq)]
struct Recorded {
    /// Which value of which answer.
    key: u64,
    /// Which place of which route.
    place: u64,
    /// What stood there when it was recorded, as it stood there.
    text: String,
}

/// Puts into the window what later requests use of an answer.
pub(super) fn sources(
    window: &mut Window,
    seq: u64,
    used: &[Used],
    shift_days: Option<i64>,
) -> Run {
    let before = window.sources.len();
    for used in used {
        let source = Source {
            key: key(seq, &used.source),
            place: place_in_answer(&used.source, shift_days),
            uses: used.times,
        };
        window.source(source, used.source.len());
    }
    Run::since(before, &window.sources)
}

/// A place in an answer; objects may have dates as names.
fn place_in_answer(source: &str, shift_days: Option<i64>) -> Option<Locator> {
    let shifted = shift_days.and_then(|days| {
        let path = source.strip_prefix("body#")?;
        Some(format!("body#{}", moved(path, days)?))
    });
    shifted.as_deref().unwrap_or(source).parse().ok()
}

/// The request with slots where its links are, which go into the window.
pub(super) fn follow<'a>(
    window: &mut Window,
    exchange: &'a Exchange,
    shift_days: Option<i64>,
) -> (Cow<'a, Request>, Run) {
    let before = window.links.len();
    let Some(linked) = linked(exchange, index(before)) else {
        return (Cow::Borrowed(&exchange.request), Run::default());
    };
    for link in &linked.links {
        let shifted = shift_days.and_then(|days| moved(&link.text, days));
        let text = shifted.as_deref().unwrap_or(&link.text);
        window.link(link.key, link.place, text);
    }
    let links = Run::since(before, &window.links);
    (Cow::Owned(linked.request), links)
}

/// What a value of an answer is known by: the answer's exchange, and where the value is in it.
fn key(seq: u64, source: &str) -> u64 {
    FixedState::default().hash_one((seq, source))
}

/// Makes the links of an exchange into slots that are numbered from `first` on; `None` when there
/// are none. A link into a place that is not there any more has nothing to be done for it.
fn linked(exchange: &Exchange, first: u32) -> Option<Linked> {
    if exchange.links.is_empty() {
        return None;
    }
    let mut request = exchange.request.clone();
    let mut links = Vec::new();
    let mut edits: Vec<(Part, Edit)> = exchange
        .links
        .iter()
        .filter_map(|link| edit(exchange, link))
        .collect();
    // From the end, so that places before stay where they are.
    edits.sort_by(|(part, edit), (other_part, other)| {
        (other_part, other.range.start).cmp(&(part, edit.range.start))
    });
    let mut before: Option<(Part, usize)> = None;
    for (part, edit) in edits {
        let overlaps = |(other, start): (Part, usize)| other == part && edit.range.end > start;
        if before.is_some_and(overlaps) {
            continue;
        }
        before = Some((part, edit.range.start));
        let number = first + index(links.len());
        let slot = format!("{{{{{}:{number}}}}}", edit.slot);
        let mut recorded = String::new();
        change(&mut request, part, |text| {
            recorded = text[edit.range.clone()].to_owned();
            text.replace_range(edit.range.clone(), &slot);
        });
        links.push(Recorded {
            key: edit.key,
            place: edit.place,
            text: recorded,
        });
    }
    Some(Linked { request, links })
}

/// Adds text to the end of a value of a request, where there is one at that place.
pub(super) fn append(request: &mut Cow<'_, Request>, place_of: &str, text: &str) {
    let Some((part, range)) = place(request, place_of) else {
        return;
    };
    let is_json = place_of.starts_with("body#");
    let is_quoted = text_of(request, part).is_some_and(|all| all[range.clone()].ends_with('"'));
    if is_json && !is_quoted {
        // A number with letters is none.
        return;
    }
    let end = range.end - usize::from(is_json);
    change(request.to_mut(), part, |all| all.insert_str(end, text));
}

/// A text of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Path,
    Query,
    Header(usize),
    Body,
}

struct Edit {
    range: Range<usize>,
    /// `link`, or `number` where JSON has no quotes around it.
    slot: &'static str,
    key: u64,
    place: u64,
}

fn edit(exchange: &Exchange, link: &Link) -> Option<(Part, Edit)> {
    let request = &exchange.request;
    let (part, range) = place(request, &link.into)?;
    let is_bare = part == Part::Body
        && link.into.starts_with("body#")
        && !text_of(request, part)?[range.clone()].starts_with('"');
    // What is in quotes is replaced, and they stay.
    let range = match part {
        Part::Body if link.into.starts_with("body#") && !is_bare => range.start + 1..range.end - 1,
        _ => range,
    };
    // What could not be sent as it was recorded stays in its place, where that is found out.
    let text = &text_of(request, part)?[range.clone()];
    let is_sendable = match part {
        Part::Path | Part::Query => is_target(text),
        Part::Header(_) => HeaderValue::from_str(text).is_ok(),
        Part::Body => true,
    };
    if !is_sendable {
        return None;
    }
    let slot = if is_bare { "number" } else { "link" };
    let edit = Edit {
        range,
        slot,
        key: key(link.from, &link.source),
        place: FixedState::default().hash_one((&exchange.route, &link.into)),
    };
    Some((part, edit))
}

/// Where in the request a place of a capture's link is.
fn place(request: &Request, into: &str) -> Option<(Part, Range<usize>)> {
    if let Some(pointer) = into.strip_prefix("body#") {
        let range = Pointer::parse(pointer)?.range(text_of(request, Part::Body)?)?;
        return Some((Part::Body, range));
    }
    let mut steps = into.split('/');
    let kind = steps.next()?;
    let name = steps.next().map(unescape)?;
    let nth = steps.next().map_or(Some(0), |nth| nth.parse().ok())?;
    match kind {
        "path" => {
            let range = segment(&request.path, name.parse().ok()?)?;
            Some((Part::Path, range))
        }
        "query" => Some((Part::Query, parameter(&request.query, &name, nth)?)),
        "body" => {
            let form = text_of(request, Part::Body)?;
            Some((Part::Body, parameter(form, &name, nth)?))
        }
        "header" => {
            let mut headers = request.headers.iter();
            let at = headers.position(|(known, _)| *known == *name)?;
            let value = &request.headers[at].1;
            let is_item = into.matches('/').count() > 1;
            let range = if is_item {
                item(value, nth)?
            } else {
                0..value.len()
            };
            Some((Part::Header(at), range))
        }
        _ => None,
    }
}

fn text_of(request: &Request, part: Part) -> Option<&str> {
    match part {
        Part::Path => Some(&request.path),
        Part::Query => Some(&request.query),
        Part::Header(at) => Some(&request.headers.get(at)?.1),
        Part::Body => match &request.body.content {
            Content::Utf8(text) => Some(text),
            Content::None | Content::Base64(_) | Content::Shape(_) => None,
        },
    }
}

fn change(request: &mut Request, part: Part, change: impl FnOnce(&mut String)) {
    match part {
        Part::Path => change(&mut request.path),
        Part::Query => change(&mut request.query),
        Part::Header(at) => {
            let mut pairs = request.headers.to_vec();
            change(&mut pairs[at].1);
            request.headers = pairs.into();
        }
        Part::Body => {
            if let Content::Utf8(text) = &mut request.body.content {
                change(text);
            }
        }
    }
}

/// A segment of a path, from 0.
fn segment(path: &str, number: usize) -> Option<Range<usize>> {
    let segment = path.split('/').nth(number + 1)?;
    Some(range_in(path, segment))
}

/// The value of a parameter of that name in a query or a form.
fn parameter(query: &str, name: &str, nth: usize) -> Option<Range<usize>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let is_named = |key: &str| {
        let spaced = key.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy() == name
    };
    let value = pairs.filter(|(key, _)| is_named(key)).nth(nth)?.1;
    Some(range_in(query, value))
}

/// An item of a header's list.
fn item(value: &str, nth: usize) -> Option<Range<usize>> {
    Some(range_in(value, value.split(',').nth(nth)?.trim()))
}

/// Where a part of a text is in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use trace::exchange::Body;

    use super::*;
    use crate::plan::tests::exchange;

    fn link(into: &str) -> Link {
        Link {
            from: 1,
            source: format!("of {into}"),
            into: into.to_owned(),
        }
    }

    fn with_body(text: &str, links: &[&str]) -> Exchange {
        let mut exchange = exchange(2, 2, 1);
        exchange.request.body = Body {
            bytes: text.len() as u64,
            content: Content::Utf8(text.to_owned()),
        };
        exchange.links = links.iter().map(|into| link(into)).collect();
        exchange
    }

    fn body(linked: &Linked) -> &str {
        text_of(&linked.request, Part::Body).unwrap()
    }

    fn recorded(linked: &Linked) -> Vec<&str> {
        linked.links.iter().map(|link| link.text.as_str()).collect()
    }

    #[test]
    fn every_kind_of_place_becomes_a_slot() {
        let mut exchange = with_body("", &["path/3", "query/a", "query/a/1", "header/if-match"]);
        exchange.links.push(link("header/x-csrf-token"));
        exchange.request.path = "/api/v1/people/17/notes".to_owned();
        exchange.request.query = "b=1&a=x%20y&a=z".to_owned();
        let headers = [("if-match", "\"v1\""), ("x-csrf-token", "tok")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        exchange.request.headers = headers.to_vec().into();
        let linked = linked(&exchange, 7).unwrap();
        assert_eq!(linked.request.path, "/api/v1/people/{{link:11}}/notes");
        assert_eq!(linked.request.query, "b=1&a={{link:10}}&a={{link:9}}");
        assert_eq!(linked.request.headers[0].1, "{{link:8}}");
        assert_eq!(linked.request.headers[1].1, "{{link:7}}");
        assert_eq!(recorded(&linked), ["tok", "\"v1\"", "z", "x%20y", "17"]);
        assert_eq!(linked.links[4].key, key(1, "of path/3"));
    }

    #[test]
    fn json_keeps_its_quotes_and_numbers_have_none() {
        let text = r#"{"id": 17, "items": [{"at": "2026\n"}], "x": null}"#;
        let exchange = with_body(text, &["body#/items/0/at", "body#/id", "body#/gone"]);
        let linked = linked(&exchange, 0).unwrap();
        assert_eq!(
            body(&linked),
            r#"{"id": {{number:1}}, "items": [{"at": "{{link:0}}"}], "x": null}"#
        );
        assert_eq!(recorded(&linked), ["2026\\n", "17"]);
    }

    #[test]
    fn forms_and_lists_in_headers_are_cut_where_the_link_is() {
        let mut exchange = with_body(
            "csrf_token=a%2Bb&x=1",
            &["body/csrf_token", "header/if-match/1"],
        );
        exchange.request.headers = vec![("if-match".to_owned(), "\"a\", \"b\"".to_owned())].into();
        let linked = linked(&exchange, 0).unwrap();
        assert_eq!(body(&linked), "csrf_token={{link:0}}&x=1");
        assert_eq!(linked.request.headers[0].1, "\"a\", {{link:1}}");
    }

    #[test]
    fn values_get_an_end() {
        let exchange = with_body(r#"{"code":"a\"b","n":1}"#, &[]);
        let mut request = Cow::Borrowed(&exchange.request);
        for place in ["body#/code", "body#/n", "query/none", "path/2"] {
            append(&mut request, place, "X");
        }
        assert_eq!(request.path, "/api/v1/peopleX/2");
        assert_eq!(
            text_of(&request, Part::Body),
            Some(r#"{"code":"a\"bX","n":1}"#)
        );
    }

    #[test]
    fn one_place_has_one_link_and_what_is_not_there_has_none() {
        let mut exchange = exchange(2, 2, 1);
        exchange.request.path = "/a/b".to_owned();
        assert!(linked(&exchange, 0).is_none());
        let places = [
            "path/1", "path/1", "path/9", "query/no", "body#/a", "cookie/x", "path/x",
        ];
        exchange.links = places.iter().map(|into| link(into)).collect();
        let linked = linked(&exchange, 0).unwrap();
        assert_eq!(linked.request.path, "/a/{{link:0}}");
        assert_eq!(linked.links.len(), 1);
    }
}
