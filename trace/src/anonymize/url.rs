//! Paths and queries.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::policy::Kind;
use super::scrub::Scrub;
use super::template::Segment;
use crate::links::Entity;

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
                for (place, segment) in template.segments.iter().enumerate() {
                    safe.push('/');
                    safe.push_str(&self.segment(segment, place, &segments));
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
        for (place, actual) in segments.iter().enumerate() {
            safe.path.push('/');
            safe.template.push('/');
            if actual.is_empty() || self.policy.templates.has_word(actual) {
                safe.path.push_str(actual);
                safe.template.push_str(actual);
            } else {
                let id = self.segment(&Segment::Id, place, segments);
                safe.path.push_str(&id);
                safe.template.push_str("{id}");
            }
        }
        safe
    }

    /// What stands for the segment at `place`. It is about what the word before it says.
    fn segment<'t>(
        &mut self,
        segment: &Segment,
        place: usize,
        segments: &[&'t str],
    ) -> Cow<'t, str> {
        let actual = segments[place];
        let kind = match segment {
            Segment::Literal(_) => return Cow::Borrowed(actual),
            Segment::Date => Kind::Date,
            Segment::Id => Kind::Id,
            Segment::Text => Kind::Text,
        };
        let decoded = percent_decode_str(actual).decode_utf8_lossy();
        let mark = self.here.item(place);
        let words = segments[..place].iter().rev();
        let mut words = words.filter(|word| self.policy.templates.has_word(word));
        let about = words.next().map(|word| Entity::of_word(word));
        self.here.about(about);
        let replaced = self.value(Some(&kind), &decoded);
        self.here.about(None);
        self.here.leave(mark);
        Cow::Owned(encode(&replaced, PATH_SEGMENT).into_owned())
    }

    /// Replaces the values of a query, or of a form, that no rule keeps.
    pub(super) fn pairs(&mut self, query: &str) -> String {
        let mut safe = String::with_capacity(query.len() + 8);
        for (place, pair) in query.split('&').enumerate() {
            if place > 0 {
                safe.push('&');
            }
            let Some((name, value)) = pair.split_once('=') else {
                // A bare word may be a flag of the application, or something typed in.
                encode_form(&self.key(&decode_form(pair)), &mut safe);
                continue;
            };
            let known = self.key(&decode_form(name));
            encode_form(&known, &mut safe);
            safe.push('=');
            if place >= MOST_LINKED {
                self.here.stop();
            }
            let mark = self.here.enter(&known);
            let before = query.split('&').take(place.min(MOST_LINKED));
            match before.filter(|pair| is_named(pair, name)).count() {
                0 => {}
                // Of several values of one name, which.
                again => drop(self.here.item(again)),
            }
            encode_form(
                &self.field(&decode_form(name), &decode_form(value)),
                &mut safe,
            );
            self.here.leave(mark);
        }
        safe
    }
}

fn is_named(pair: &str, name: &str) -> bool {
    pair.split_once('=').is_some_and(|(own, _)| own == name)
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

/// Pairs of a query or form in which links are looked for.
const MOST_LINKED: usize = 64;

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
