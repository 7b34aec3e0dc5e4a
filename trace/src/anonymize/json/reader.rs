//! Puts JSON on a tape as it is read.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Node, Numeral, Place, Strings, Tape};

/// Puts the whole of `text` on the tape.
pub(super) fn read(tape: &mut Tape, text: &str) -> Option<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Put { tape, text }.deserialize(&mut reader).ok()?;
    reader.end().ok()
}

/// Puts any value at the end of the tape.
struct Put<'t> {
    tape: &'t mut Tape,
    text: &'t str,
}

impl Put<'_> {
    fn again(&mut self) -> Put<'_> {
        Put {
            tape: self.tape,
            text: self.text,
        }
    }

    fn node(self, node: Node) {
        self.tape.nodes.push(node);
    }
}

impl<'de> DeserializeSeed<'de> for Put<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Put<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.node(Node::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.node(Node::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.node(Node::Number(Numeral::Signed(value)));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.node(Node::Number(Numeral::Unsigned(value)));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.node(Node::Number(Numeral::Float(value)));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, string: &'de str) -> Result<(), E> {
        let place = borrowed(self.text, string);
        self.node(Node::String(place));
        Ok(())
    }

    fn visit_str<E>(self, string: &str) -> Result<(), E> {
        let place = unescaped(self.tape, string);
        self.node(Node::String(place));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let start = self.tape.nodes.len();
        self.tape.nodes.push(Node::Null);
        let mut length = 0;
        while items.next_element_seed(self.again())?.is_some() {
            length += 1;
        }
        let nodes = nodes_since(self.tape, start);
        self.tape.nodes[start] = Node::Array { length, nodes };
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let (start, names) = (self.tape.nodes.len(), self.tape.names.len());
        self.tape.nodes.push(Node::Null);
        while fields.next_key_seed(Name(self.again()))?.is_some() {
            fields.next_value_seed(self.again())?;
        }
        outdate(self.tape, self.text, names);
        self.tape.names.truncate(names);
        let nodes = nodes_since(self.tape, start);
        self.tape.nodes[start] = Node::Object { nodes };
        Ok(())
    }
}

/// Puts the name of a field at the end of the tape.
struct Name<'t>(Put<'t>);

impl Name<'_> {
    fn put(self, name: Place) {
        let tape = self.0.tape;
        tape.names.push(int(tape.nodes.len()));
        tape.nodes.push(Node::Name(name));
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<(), E> {
        let place = borrowed(self.0.text, name);
        self.put(place);
        Ok(())
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        let place = unescaped(self.0.tape, name);
        self.put(place);
        Ok(())
    }
}

/// The place of a string that is a slice of `text`.
fn borrowed(text: &str, string: &str) -> Place {
    Place {
        start: int(string.as_ptr().addr() - text.as_ptr().addr()),
        length: int(string.len()),
        unescaped: false,
    }
}

fn unescaped(tape: &mut Tape, string: &str) -> Place {
    let start = int(tape.unescaped.len());
    tape.unescaped.push_str(string);
    Place {
        start,
        length: int(string.len()),
        unescaped: true,
    }
}

fn nodes_since(tape: &Tape, start: usize) -> u32 {
    int(tape.nodes.len() - start - 1)
}

/// Marks those names of the object that ends, from `first` on, which come again. Compares each with
/// each only where that is soon done.
fn outdate(tape: &mut Tape, text: &str, first: usize) {
    let Tape {
        nodes,
        unescaped,
        names,
    } = tape;
    let strings = Strings { text, unescaped };
    let names = &names[first..];
    let name = |nodes: &[Node], node: u32| match nodes[super::index(node)] {
        Node::Name(place) => strings.get(place),
        _ => "",
    };
    let mut outdated = Vec::new();
    if names.len() > FEW {
        let mut seen = HashSet::with_capacity(names.len());
        let last_first = names.iter().rev().copied();
        outdated.extend(last_first.filter(|node| !seen.insert(name(nodes, *node))));
    } else {
        for (at, node) in names.iter().enumerate() {
            let own = name(nodes, *node);
            if names[at + 1..]
                .iter()
                .any(|later| name(nodes, *later) == own)
            {
                outdated.push(*node);
            }
        }
    }
    for node in outdated {
        nodes[super::index(node)] = Node::Outdated;
    }
}

/// A text has no more bytes than this can count, and so no more of anything.
fn int(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Names that are compared each with each.
const FEW: usize = 16;
