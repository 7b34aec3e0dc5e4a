//! XML (1.0, fifth edition): SOAP, SAML, SVG and what applications make up themselves.
//!
//! Elements, attributes and prefixes that neither the policy nor a public standard names are
//! replaced, each by the same name everywhere; text and attributes by the rule of their name.
//! Comments and processing instructions go. HTML is read as far as it is well-formed XML.
//!
//! Bounded: [`DEEPEST`], [`MOST_ATTRIBUTES`], and a document with a DOCTYPE is not read, so that
//! nothing expands.

mod standards;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::anonymize::detect;
use crate::anonymize::policy::Kind;
use crate::anonymize::scrub::Scrub;

/// A document, piece by piece.
pub(super) struct Markup {
    nodes: Vec<Node>,
}

enum Node {
    /// `<?xml …?>`
    Declaration,
    End,
    Start(Start),
    /// What stands between two tags, decoded.
    Text {
        /// The local name of the element that it is in.
        of: Box<str>,
        text: String,
        cdata: bool,
    },
}

struct Start {
    name: String,
    attributes: Vec<(String, String)>,
    /// `<name/>`: no end follows.
    empty: bool,
}

impl Markup {
    /// Reads the whole of a document.
    pub(super) fn read(text: &str) -> Option<Self> {
        if !text.chars().all(is_char) {
            return None;
        }
        let mut reading = Reading::default();
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        loop {
            match reader.read_event().ok()? {
                Event::Eof => break,
                event => reading.event(&event)?,
            }
        }
        reading.text()?;
        let whole = reading.open.is_empty() && reading.roots == 1;
        whole.then_some(Self {
            nodes: reading.nodes,
        })
    }

    /// Every attribute and text with its local name.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.nodes.iter().flat_map(|node| {
            let (text, attributes) = match node {
                Node::Text { of, text, .. } => (Some((&**of, text.trim())), &[][..]),
                Node::Start(start) => (None, &start.attributes[..]),
                Node::Declaration | Node::End => (None, &[][..]),
            };
            let attributes = attributes
                .iter()
                .map(|(name, value)| (local(name), &**value));
            text.into_iter().chain(attributes)
        })
    }
}

/// A document that is being read.
#[derive(Default)]
struct Reading {
    nodes: Vec<Node>,
    /// Names of the elements that are open.
    open: Vec<Box<str>>,
    roots: usize,
    /// Text since the last tag: whatever cuts it up, it is one value.
    text: String,
    cdata: bool,
}

impl Reading {
    fn event(&mut self, event: &Event<'_>) -> Option<()> {
        match event {
            Event::Text(text) => self.text.push_str(text),
            Event::CData(text) => {
                self.cdata = true;
                self.text.push_str(text);
            }
            Event::GeneralRef(reference) => self.text.push(character(reference)?),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Decl(_) => {
                if !(self.nodes.is_empty() && self.text.is_empty()) {
                    return None;
                }
                self.nodes.push(Node::Declaration);
            }
            Event::Start(tag) => self.start(tag, false)?,
            Event::Empty(tag) => self.start(tag, true)?,
            Event::End(_) => {
                self.text()?;
                self.open.pop()?;
                self.nodes.push(Node::End);
            }
            Event::DocType(_) | Event::Eof => return None,
        }
        Some(())
    }

    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) -> Option<()> {
        self.text()?;
        self.roots += usize::from(self.open.is_empty());
        let name = qualified_name(tag.name().as_ref())?;
        if !empty {
            self.open.push(local(&name).into());
            if self.open.len() > DEEPEST {
                return None;
            }
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            if attributes.len() == MOST_ATTRIBUTES {
                return None;
            }
            let name = qualified_name(attribute.key.as_ref())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            if !value.chars().all(is_char) {
                return None;
            }
            attributes.push((name, value.into_owned()));
        }
        self.nodes.push(Node::Start(Start {
            name,
            attributes,
            empty,
        }));
        Some(())
    }

    /// Ends a text. There is none outside the root.
    fn text(&mut self) -> Option<()> {
        let (text, cdata) = (
            std::mem::take(&mut self.text),
            std::mem::take(&mut self.cdata),
        );
        match self.open.last() {
            Some(of) if !text.is_empty() => self.nodes.push(Node::Text {
                of: of.clone(),
                text,
                cdata,
            }),
            None if cdata || !text.trim_matches(SPACE).is_empty() => return None,
            _ => {}
        }
        Some(())
    }
}

/// The character that `&…;` stands for. Of entities there are the five that need no declaration.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    let named = match &**reference {
        "amp" => '&',
        "apos" => '\'',
        "gt" => '>',
        "lt" => '<',
        "quot" => '"',
        _ => reference.resolve_char_ref().ok()??,
    };
    is_char(named).then_some(named)
}

/// A name with at most one prefix, as far as it can be written again.
fn qualified_name(name: &str) -> Option<String> {
    let is_part = |part: &str| {
        let mut characters = part.chars();
        characters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
            && characters.all(|c| c.is_alphanumeric() || "_-.·".contains(c))
    };
    let (prefix, local) = name.split_once(':').unwrap_or(("_", name));
    (is_part(prefix) && is_part(local)).then(|| name.to_owned())
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// What a document may hold (§2.2).
const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

impl Scrub<'_> {
    /// The document with what no rule keeps replaced: valid, and of the same structure.
    pub(super) fn markup(&mut self, document: &Markup) -> String {
        let mut out = String::new();
        let mut open = Vec::new();
        for node in &document.nodes {
            match node {
                Node::Declaration => out.push_str(DECLARATION),
                Node::Start(start) => {
                    let name = self.start_tag(start, &mut out);
                    if !start.empty {
                        open.push(name);
                    }
                }
                Node::Text { of, text, cdata } => {
                    let text = self.markup_text(of, text);
                    if *cdata && !text.contains("]]>") {
                        out.extend(["<![CDATA[", &text, "]]>"]);
                    } else {
                        escape(&text, false, &mut out);
                    }
                }
                Node::End => {
                    let name = open.pop().unwrap_or_default();
                    out.extend(["</", &name, ">"]);
                }
            }
        }
        out
    }

    fn start_tag(&mut self, start: &Start, out: &mut String) -> String {
        let name = self.markup_name(&start.name);
        out.extend(["<", &name]);
        let mut names: Vec<String> = Vec::new();
        for (name, value) in &start.attributes {
            let value = self.attribute(name, value);
            let mut name = self.markup_name(name);
            // Made-up names of one letter soon meet one of a standard.
            while names.contains(&name) {
                name.push('_');
            }
            out.extend([" ", &name, "=\""]);
            escape(&value, true, out);
            out.push('"');
            names.push(name);
        }
        out.push_str(if start.empty { "/>" } else { ">" });
        name
    }

    /// Each part of the name by itself, so that prefixes fit their declarations.
    fn markup_name(&mut self, name: &str) -> String {
        match name.split_once(':') {
            Some(("xmlns", prefix)) => format!("xmlns:{}", self.name_part(prefix)),
            Some((prefix, local)) => {
                let prefix = self.name_part(prefix);
                format!("{prefix}:{}", self.name_part(local))
            }
            None if name == "xmlns" => name.to_owned(),
            None => self.name_part(name),
        }
    }

    fn name_part(&mut self, part: &str) -> String {
        if standards::has_name(part) {
            return part.to_owned();
        }
        let safe = self.key(part);
        match qualified_name(&safe) {
            Some(name) => name,
            // Of hexadecimal digits the first may be none that a name can begin with.
            None => format!(
                "_{}",
                safe.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
            ),
        }
    }

    fn attribute(&mut self, name: &str, value: &str) -> String {
        match name {
            _ if value.is_empty() || standards::has_identifier(value) => value.to_owned(),
            "xmlns" => self.value(Some(&Kind::Url), value),
            _ if name.starts_with("xmlns:") => self.value(Some(&Kind::Url), value),
            "xsi:type" if qualified_name(value).is_some() => self.markup_name(value),
            _ => self.markup_text(local(name), value),
        }
    }

    /// What stands for a text, with the white space around it as it was.
    fn markup_text(&mut self, name: &str, text: &str) -> String {
        let value = text.trim_matches(SPACE);
        if value.is_empty() || standards::has_identifier(value) {
            return text.to_owned();
        }
        let safe = match self.policy.field(name) {
            None if is_short_number(value) => value.to_owned(),
            _ => self.field(name, value),
        };
        let (before, after) = text.split_once(value).unwrap_or_default();
        [before, &safe, after].concat()
    }
}

/// Whether it is a number as JSON has them that is too short to identify anybody.
fn is_short_number(value: &str) -> bool {
    let whole = value.split(['.', 'e', 'E']).next().unwrap_or_default();
    value.len() <= LONGEST_NUMBER
        && !detect::has_digit_run(whole)
        && value.parse::<serde_json::Number>().is_ok()
}

/// Writes a text so that it is read as it is.
fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
}

/// What is written is UTF-8, whatever it was.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// White space (§2.3).
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// How many elements may be open at once.
const DEEPEST: usize = 128;

/// How many attributes an element may have.
const MOST_ATTRIBUTES: usize = 64;

/// The longest number that stays, in bytes.
const LONGEST_NUMBER: usize = 24;

#[cfg(test)]
mod tests;
