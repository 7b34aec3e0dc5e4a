//! Where values are in an exchange: each text of it in which one could have survived.

use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::exchange::{Body, Content, Exchange};

/// Where a text is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Such as `request header`.
    part: &'static str,
    /// The field's name, where it has one. It may be a value itself.
    name: &'a str,
    /// The way to it in JSON.
    steps: Option<&'a [Step]>,
}

/// One step on the way to a JSON value.
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl<'a> Place<'a> {
    const fn of(part: &'static str) -> Self {
        Self::named(part, "")
    }

    const fn named(part: &'static str, name: &'a str) -> Self {
        Self {
            part,
            name,
            steps: None,
        }
    }

    const fn at(part: &'static str, steps: &'a [Step]) -> Self {
        Self {
            part,
            name: "",
            steps: Some(steps),
        }
    }

    /// Such as `request body#/notes`, with `*` for names that are no better than what was found.
    pub(super) fn describe(&self, may_show: &dyn Fn(&str) -> bool) -> String {
        let shown = |name: &str| {
            let long = name.chars().count() > LONGEST_NAME;
            if long || name.chars().any(char::is_control) || !may_show(name) {
                "*".to_owned()
            } else {
                name.to_owned()
            }
        };
        let mut place = self.part.to_owned();
        if !self.name.is_empty() {
            place.push(' ');
            place.push_str(&shown(self.name));
        }
        if let Some(steps) = self.steps {
            place.push('#');
            for step in steps {
                let written = match step {
                    Step::Key(key) => write!(place, "/{}", shown(key)),
                    Step::Index(index) => write!(place, "/{index}"),
                };
                debug_assert!(written.is_ok(), "memory takes all");
            }
        }
        place
    }
}

/// What is done with each text.
pub(super) type Look<'f> = dyn FnMut(&Place<'_>, &str) + 'f;

/// Calls `look` with every text of an exchange in which a value could be. Names of fields and their
/// values are texts of their own.
pub(super) fn each_text(exchange: &Exchange, look: &mut Look<'_>) {
    // The method is HTTP's.
    let template = exchange.route.split_once(' ');
    look(
        &Place::of("route"),
        template.map_or(&*exchange.route, |(_, template)| template),
    );
    for segment in exchange.request.path.split('/') {
        look(&Place::of("request path"), segment);
    }
    for pair in exchange.request.query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        look(&Place::of("request query"), name);
        look(&Place::named("request query", name), value);
    }
    let sides = [
        ("request header", &exchange.request.headers),
        ("response header", &exchange.response.headers),
    ];
    for (part, headers) in sides {
        for (name, value) in headers {
            look(&Place::of(part), name);
            each_value(name, value, &mut |value| {
                look(&Place::named(part, name), value);
            });
        }
    }
    each_in_body("request body", &exchange.request.body, look);
    each_in_body("response body", &exchange.response.body, look);
    for link in &exchange.links {
        look(&Place::of("link"), &link.source);
        look(&Place::of("link"), &link.into);
    }
}

/// Calls `look` with what the value of a header is made of: the name of a cookie, or of a query key,
/// says nothing of what stands behind it.
fn each_value(name: &str, value: &str, look: &mut dyn FnMut(&str)) {
    match name {
        "content-location" | "cookie" | "location" | "set-cookie" => {
            value
                .split([';', '?', '&', '='])
                .map(str::trim)
                .for_each(look);
        }
        _ => look(value),
    }
}

/// Whether a text is a form, which has no spaces.
fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || c == '<')
}

fn each_in_body(part: &'static str, body: &Body, look: &mut Look<'_>) {
    match &body.content {
        Content::None => {}
        Content::Utf8(text) => {
            if each_in_json(text, &mut |steps, leaf| look(&Place::at(part, steps), leaf)) {
                return;
            }
            // Of markup each value by itself: what stands beside it says nothing of it.
            let end: &[char] = if is_form(text) {
                &['&', '=']
            } else if text.trim_start().starts_with('<') {
                &['<', '>', '"', '[', ']']
            } else {
                &[]
            };
            let pieces = text.split(end);
            pieces.for_each(|piece| look(&Place::of(part), piece));
        }
        Content::Base64(bytes) => look(&Place::of(part), &String::from_utf8_lossy(bytes)),
        Content::Shape(shape) => {
            let walked = each_in_json(shape.text(), &mut |steps, leaf| {
                if let Some(value) = beyond_grammar(leaf) {
                    look(&Place::at(part, steps), value);
                }
            });
            if !walked {
                look(&Place::of(part), shape.text());
            }
            each_told(part, shape.ids(), look);
        }
    }
}

/// Calls `look` with the identifiers that are told beside a shape, and with the names on the way to
/// each.
fn each_told(part: &'static str, ids: &str, look: &mut Look<'_>) {
    let steps_of = |pointer: &str| -> Vec<Step> {
        let steps = pointer.split('/').skip(1);
        steps.map(|step| Step::Key(step.to_owned())).collect()
    };
    let walked = each_in_json(ids, &mut |steps, text| match steps {
        [] => {
            let names = text.split('/');
            let names = names.map(|name| name.replace("~1", "/").replace("~0", "~"));
            names.for_each(|name| look(&Place::of(part), &name));
        }
        [Step::Key(pointer), ..] => look(&Place::at(part, &steps_of(pointer)), text),
        [Step::Index(_), ..] => look(&Place::at(part, steps), text),
    });
    if !walked {
        look(&Place::of(part), ids);
    }
}

/// What a text in a shape says beyond the grammar of shapes. A field's name says all of itself,
/// unless it is one of the grammar's words.
fn beyond_grammar(leaf: &str) -> Option<&str> {
    let counted = |word: &str| {
        let count = leaf
            .strip_prefix(word)?
            .strip_prefix('(')?
            .strip_suffix(')')?;
        count.bytes().all(|b| b.is_ascii_digit()).then_some(())
    };
    let is_word = ["boolean", "credential", "date", "null", "number"].contains(&leaf)
        || ["array", "binary", "string", "text"]
            .into_iter()
            .any(|word| counted(word).is_some());
    let value = ["date:", "id:", "keep:"]
        .into_iter()
        .find_map(|word| leaf.strip_prefix(word));
    (!is_word).then(|| value.unwrap_or(leaf))
}

/// Calls `look` with each name and each value of a JSON text, also of names that occur twice.
/// `false` when the text is not JSON to its end.
fn each_in_json(text: &str, look: &mut dyn FnMut(&[Step], &str)) -> bool {
    let first = text.trim_start().bytes().next();
    if !matches!(first, Some(b'{' | b'[' | b'"')) {
        return false;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let mut steps = Vec::new();
    let walk = Walk {
        steps: &mut steps,
        look,
    };
    walk.deserialize(&mut json).is_ok() && json.end().is_ok()
}

/// A walk through JSON, which builds nothing.
struct Walk<'w, 'f> {
    steps: &'w mut Vec<Step>,
    look: &'w mut (dyn FnMut(&[Step], &str) + 'f),
}

impl<'w, 'f> Walk<'w, 'f> {
    const fn inner(&mut self) -> Walk<'_, 'f> {
        Walk {
            steps: self.steps,
            look: self.look,
        }
    }

    fn leaf<E>(self, text: &str) -> Result<(), E> {
        (self.look)(self.steps, text);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.leaf(text)
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.leaf(&number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.leaf(&number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.leaf(&number.to_string())
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            (self.look)(self.steps, &name);
            self.steps.push(Step::Key(name));
            map.next_value_seed(self.inner())?;
            self.steps.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.steps.push(Step::Index(index));
            let more = items.next_element_seed(self.inner())?;
            self.steps.pop();
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// The longest name of a field that is shown, in characters.
const LONGEST_NAME: usize = 64;
