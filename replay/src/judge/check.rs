//! Checks on answers, by route: status, header, a place in JSON, and how long it took.
//!
//! Pure. All conditions of a check have to hold.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::Value;

use super::cursor::{Cursor, Misread};
use super::expression::{Comparison, Expression, Limit, Method};
use super::metric::{Clock, Metric};
use crate::json::Pointer;
use crate::locator::Seen;
use crate::settings::filter::statuses;
use crate::settings::route::RoutePattern;

/// A check, as a file writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenCheck {
    name: String,
    route: Option<String>,
    status: Option<OneOrMore>,
    header: Option<OneOrMore>,
    json: Option<OneOrMore>,
    latency: Option<String>,
}

/// One text or number, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    Number(u16),
    Text(String),
    More(Vec<Self>),
}

/// A check on answers.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    /// Its name.
    pub(crate) name: String,
    route: Option<RoutePattern>,
    statuses: Vec<Wanted>,
    headers: Vec<Header>,
    places: Vec<Place>,
    latency: Option<(Comparison, f64)>,
}

#[derive(Debug, Clone)]
enum Wanted {
    Recorded,
    Status(RangeInclusive<u16>),
}

#[derive(Debug, Clone)]
struct Header {
    name: String,
    /// `*` stands for anything.
    value: Option<String>,
}

#[derive(Debug, Clone)]
struct Place {
    pointer: Pointer,
    value: Option<(Comparison, Value)>,
}

/// An answer, as far as checks look at it.
pub(crate) struct Answered<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// The recorded one; 0 where there was none.
    pub(crate) recorded: u16,
    /// The rest, where a check looks into it.
    pub(crate) seen: Seen<'a>,
    /// Nanoseconds from due to last byte.
    pub(crate) took_ns: u64,
}

/// A check that can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("check `{name}`: {reason}")]
pub(crate) struct NoCheck {
    name: String,
    reason: String,
}

impl Check {
    /// Reads what a file says.
    pub(crate) fn read(written: WrittenCheck) -> Result<Self, NoCheck> {
        let name = written.name.clone();
        let wrong = |reason: String| NoCheck {
            name: name.clone(),
            reason,
        };
        let check = Self {
            name: name.clone(),
            route: written
                .route
                .map(|route| {
                    RoutePattern::parse(&route).map_err(|what| format!("`{route}` is not {what}"))
                })
                .transpose()
                .map_err(wrong)?,
            statuses: each(written.status, Wanted::read).map_err(wrong)?,
            headers: each(written.header, |text| Ok(Header::read(text))).map_err(wrong)?,
            places: each(written.json, |text| {
                Place::read(text).map_err(|error| error.to_string())
            })
            .map_err(wrong)?,
            latency: written
                .latency
                .map(|text| latency(&text))
                .transpose()
                .map_err(|error| wrong(error.to_string()))?,
        };
        let asks = check.statuses.len() + check.headers.len() + check.places.len();
        if asks == 0 && check.latency.is_none() {
            return Err(wrong(
                "it asks for nothing; give it status, header, json or latency".to_owned(),
            ));
        }
        Ok(check)
    }

    /// Whether answers of a route are checked.
    pub(crate) fn takes_route(&self, route: &str) -> bool {
        self.route.as_ref().is_none_or(|wanted| wanted.fits(route))
    }

    /// Whether it looks at header lines, and at the body.
    pub(crate) fn looks_into(&self) -> (bool, bool) {
        // A body can be compressed, which the head says.
        let body = !self.places.is_empty();
        (body || !self.headers.is_empty(), body)
    }

    /// Whether it holds for an answer.
    pub(crate) fn holds(&self, answered: &Answered<'_>) -> bool {
        let status = |wanted: &Wanted| match wanted {
            Wanted::Recorded => answered.status == answered.recorded,
            Wanted::Status(range) => range.contains(&answered.status),
        };
        let took_ms = answered.took_ns as f64 / 1e6;
        (self.statuses.is_empty() || self.statuses.iter().any(status))
            && self
                .latency
                .is_none_or(|(comparison, limit)| comparison.holds(took_ms, limit))
            && self.headers.iter().all(|it| it.holds(&answered.seen))
            && self.places.iter().all(|it| it.holds(answered.seen.body()))
    }
}

/// Reads each of the texts.
fn each<T>(
    written: Option<OneOrMore>,
    read: impl Fn(&str) -> Result<T, String> + Copy,
) -> Result<Vec<T>, String> {
    match written {
        None => Ok(Vec::new()),
        Some(OneOrMore::Number(number)) => Ok(vec![read(&number.to_string())?]),
        Some(OneOrMore::Text(text)) => Ok(vec![read(&text)?]),
        Some(OneOrMore::More(all)) => {
            let each = all.into_iter().map(|one| each(Some(one), read));
            Ok(each
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect())
        }
    }
}

impl Wanted {
    fn read(text: &str) -> Result<Self, String> {
        if text == "recorded" {
            return Ok(Self::Recorded);
        }
        let range = statuses(text).map(Self::Status);
        range.ok_or_else(|| format!("`{text}` is no status; write `200`, `2xx` or `recorded`"))
    }
}

impl Header {
    fn read(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, value)) => Self {
                name: name.trim().to_owned(),
                value: Some(value.trim().to_owned()),
            },
            None => Self {
                name: text.trim().to_owned(),
                value: None,
            },
        }
    }

    fn holds(&self, seen: &Seen<'_>) -> bool {
        seen.headers(&self.name).any(|value| {
            let wanted = self.value.as_ref();
            wanted.is_none_or(|wanted| fits(wanted, value))
        })
    }
}

/// Whether a text is like a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Place {
    fn read(text: &str) -> Result<Self, Misread> {
        let mut cursor = Cursor::new(text);
        let pointer = cursor.eat_while(|it| !it.is_whitespace() && !"<>=!".contains(it));
        let pointer = Pointer::parse(pointer)
            .ok_or_else(|| Cursor::new(text).expected("a JSON pointer, such as `/items/0/id`"))?;
        let value = if cursor.is_done() {
            None
        } else {
            let comparison = Comparison::read(&mut cursor)?;
            let value = serde_json::from_str(cursor.rest())
                .map_err(|_error| cursor.expected("a value as JSON writes it"))?;
            Some((comparison, value))
        };
        Ok(Self { pointer, value })
    }

    fn holds(&self, body: &str) -> bool {
        let found = self.pointer.find(body).ok().filter(|found| !found.wrapped);
        let (Some(found), wanted) = (found, &self.value) else {
            return false;
        };
        let Some((comparison, wanted)) = wanted else {
            return true;
        };
        let Ok(found) = serde_json::from_str::<Value>(found.text) else {
            return false;
        };
        match (comparison, found.as_f64(), wanted.as_f64()) {
            (Comparison::Equal, None, _) | (Comparison::Equal, _, None) => found == *wanted,
            (Comparison::Unequal, None, _) | (Comparison::Unequal, _, None) => found != *wanted,
            (comparison, Some(found), Some(wanted)) => comparison.holds(found, wanted),
            _ => false,
        }
    }
}

fn latency(text: &str) -> Result<(Comparison, f64), Misread> {
    let metric = Metric::Duration(Clock::Response);
    match Expression::parse_bound(text, metric, Method::Max)? {
        (comparison, Limit::Fixed(limit)) => Ok((comparison, limit)),
        (_, Limit::Baseline { .. }) => Err(Cursor::new(text).expected("a time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Check, NoCheck> {
        Check::read(toml::from_str(text).unwrap())
    }

    fn holds(text: &str, status: u16, head: &str, body: &str) -> bool {
        read(&format!("name = \"it\"\n{text}"))
            .unwrap()
            .holds(&Answered {
                status,
                recorded: 404,
                seen: Seen::of(head.as_bytes(), body.as_bytes()),
                took_ns: 80_000_000,
            })
    }

    #[test]
    fn conditions_on_an_answer() {
        let is = |text, status| holds(text, status, "", "");
        assert!(is("status = 200", 200) && !is("status = 200", 201));
        assert!(is("status = [\"2xx\", 404]", 404) && !is("status = \"2xx\"", 404));
        assert!(is("status = \"recorded\"", 404) && !is("status = \"recorded\"", 200));
        assert!(is("latency = \"<100ms\"", 200) && !is("latency = \"<0.08s\"", 200));
        let head = "Content-Type: application/json; charset=utf-8\r\nETag: \"1\"\r\n";
        let header = |text| holds(&format!("header = {text}"), 200, head, "");
        assert!(header("\"etag\"") && !header("\"location\""));
        assert!(header("\"content-type: application/json*\""));
        assert!(header("[\"content-type: *; charset=*\", \"etag\"]"));
        assert!(!header("\"content-type: text/*\""));
        let body = r#"{"items":[{"id":7}],"total":3,"state":"open","none":null}"#;
        let json = |text: &str| holds(&format!("json = {text}"), 200, "", body);
        assert!(json("\"/items/0/id\"") && json("\"/none\"") && !json("\"/items/1\""));
        assert!(json("\"/total >= 3\"") && !json("\"/total>3\""));
        assert!(json("'/state == \"open\"'") && !json("'/state == \"shut\"'"));
        assert!(json("'/state != \"shut\"'") && json("'/none == null'"));
        assert!(!json("'/state > 3'"));
        assert!(!json("[\"/total\", \"/gone\"]"));
    }

    #[test]
    fn patterns_of_values() {
        assert!(fits("a*b*c", "axxbyyc") && fits("*", "") && fits("abc", "abc"));
        assert!(!fits("a*a", "a") && !fits("a*b", "acbd") && !fits("abc", "abcd"));
    }

    #[test]
    fn mistakes_are_told_with_the_name() {
        let wrong = |text: &str| {
            read(&format!("name = \"it\"\n{text}"))
                .unwrap_err()
                .to_string()
        };
        insta::assert_snapshot!(wrong("route = \"GET /a\""), @"check `it`: it asks for nothing; give it status, header, json or latency");
        insta::assert_snapshot!(wrong("route = \"people\"\nstatus = 200"), @"check `it`: `people` is not a route, such as `GET /api/v1/people/{id}` or `/api/**`");
        insta::assert_snapshot!(wrong("status = \"ok\""), @"check `it`: `ok` is no status; write `200`, `2xx` or `recorded`");
        insta::assert_snapshot!(wrong("json = \"items\""), @"check `it`: `items` is wrong at character 1, `items`: expected a JSON pointer, such as `/items/0/id`");
        insta::assert_snapshot!(wrong("json = \"/a == open\""), @"check `it`: `/a == open` is wrong at character 7, `open`: expected a value as JSON writes it");
        insta::assert_snapshot!(wrong("latency = \"500\""), @"check `it`: `500` is wrong at character 1, `500`: expected one of < <= > >= == !=");
    }
}
