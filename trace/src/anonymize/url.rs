//! Paths and queries.

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
                let replaced = template
                    .segments
                    .iter()
                    .zip(&segments)
                    .map(|(segment, actual)| self.segment(segment, actual));
                SafePath {
                    path: replaced.fold(String::new(), |path, segment| path + "/" + &segment),
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

    fn segment(&mut self, segment: &Segment, actual: &str) -> String {
        let decoded = percent_decode_str(actual).decode_utf8_lossy();
        let replaced = match segment {
            Segment::Literal(_) => return actual.to_owned(),
            Segment::Date => self.value(Some(&Kind::Date), &decoded),
            Segment::Id => self.value(Some(&Kind::Id), &decoded),
            Segment::Text => self.value(Some(&Kind::Text), &decoded),
        };
        utf8_percent_encode(&replaced, PATH_SEGMENT).to_string()
    }

    /// Replaces the values of a query, or of a form, that no rule keeps.
    pub(super) fn query(&mut self, query: &str) -> String {
        let pairs: Vec<String> = query.split('&').map(|pair| self.pair(pair)).collect();
        pairs.join("&")
    }

    fn pair(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else {
            // A bare word may be a flag of the application, or something typed in.
            let word = decode_form(pair);
            return encode_form(&self.key(&word));
        };
        let decoded_name = decode_form(name);
        let safe_name = self.key(&decoded_name);
        let safe_name = encode_form(&safe_name);
        let value = decode_form(value);
        format!(
            "{safe_name}={}",
            encode_form(&self.field(&decoded_name, &value))
        )
    }
}

/// Decodes `application/x-www-form-urlencoded` (WHATWG URL standard, §5).
pub(super) fn decode_form(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Encodes for a form or query. Slots stay readable: whoever fills them encodes the value.
fn encode_form(text: &str) -> String {
    let Some((before, rest)) = text.split_once("{{") else {
        return utf8_percent_encode(text, FORM).to_string();
    };
    match rest.split_once("}}") {
        Some((slot, after)) => {
            let before = utf8_percent_encode(before, FORM);
            format!("{before}{{{{{slot}}}}}{}", encode_form(after))
        }
        None => utf8_percent_encode(text, FORM).to_string(),
    }
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
