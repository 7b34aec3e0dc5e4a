//! Paths and queries.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::policy::Kind;
use super::scrub::Scrub;
use super::template::Segment;

/// A path with its values replaced, and the template that names its route.
pub(super) struct SafePath {
    pub(super) path: String,
    pub(super) template: String,
}

impl Scrub<'_> {
    /// Replaces every segment of `path` that its template, or without one the words of all
    /// templates, do not keep.
    pub(super) fn path(&mut self, path: &str) -> SafePath {
        let policy = self.policy;
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match policy.templates.find(&segments) {
            Some(template) => {
                let mut safe = String::with_capacity(path.len() + 8);
                for (segment, actual) in template.segments.iter().zip(&segments) {
                    safe.push('/');
                    safe.push_str(&self.segment(segment, actual));
                }
                SafePath {
                    path: safe,
                    template: template.text.clone(),
                }
            }
            None => self.unknown_path(&segments),
        }
    }

    fn unknown_path(&mut self, segments: &[&str]) -> SafePath {
        let mut safe = SafePath {
            path: String::new(),
            template: String::new(),
        };
        for actual in segments {
            safe.path.push('/');
            safe.template.push('/');
            if actual.is_empty() || self.policy.templates.has_word(actual) {
                safe.path.push_str(actual);
                safe.template.push_str(actual);
            } else {
                safe.path.push_str(&self.segment(&Segment::Id, actual));
                safe.template.push_str("{id}");
            }
        }
        safe
    }

    fn segment<'t>(&mut self, segment: &Segment, actual: &'t str) -> Cow<'t, str> {
        let kind = match segment {
            Segment::Literal(_) => return Cow::Borrowed(actual),
            Segment::Date => Kind::Date,
            Segment::Id => Kind::Id,
            Segment::Text => Kind::Text,
        };
        let decoded = percent_decode_str(actual).decode_utf8_lossy();
        let replaced = self.value(Some(&kind), &decoded);
        Cow::Owned(encode(&replaced, PATH_SEGMENT).into_owned())
    }

    /// Replaces the values of a query, or of a form, that no rule keeps.
    pub(super) fn pairs(&mut self, query: &str) -> String {
        let mut safe = String::with_capacity(query.len() + 8);
        for (place, pair) in query.split('&').enumerate() {
            if place > 0 {
                safe.push('&');
            }
            self.pair(pair, &mut safe);
        }
        safe
    }

    fn pair(&mut self, pair: &str, out: &mut String) {
        let Some((name, value)) = pair.split_once('=') else {
            // A bare word may be a flag of the application, or something typed in.
            return encode_form(&self.key(&decode_form(pair)), out);
        };
        let name = decode_form(name);
        encode_form(&self.key(&name), out);
        out.push('=');
        encode_form(&self.field(&name, &decode_form(value)), out);
    }
}

/// Decodes `application/x-www-form-urlencoded` (WHATWG URL standard, §5).
pub(super) fn decode_form(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

/// Encodes for a form or query. Slots stay readable: whoever fills them encodes the value.
fn encode_form(text: &str, out: &mut String) {
    let slot = text
        .split_once("{{")
        .and_then(|(before, rest)| Some((before, rest.split_once("}}")?)));
    match slot {
        Some((before, (slot, after))) => {
            out.push_str(&encode(before, FORM));
            out.push_str("{{");
            out.push_str(slot);
            out.push_str("}}");
            encode_form(after, out);
        }
        None => out.push_str(&encode(text, FORM)),
    }
}

fn encode<'t>(text: &'t str, set: &'static AsciiSet) -> Cow<'t, str> {
    utf8_percent_encode(text, set).into()
}

/// What a path segment may not hold bare (RFC 3986, §3.3).
const PATH_SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// As for a path segment, plus what separates pairs. A space becomes `%20`, which says the same as
/// a plus sign and cannot make a number look like one for the telephone.
const FORM: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}');
