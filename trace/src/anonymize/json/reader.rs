//! Puts JSON on a tape as it is read.

use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher as _;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Named, Names, Node, Numeral, Place, Strings, Tape};
use crate::anonymize::policy::Rule;

/// Puts the whole of `text` on the tape.
pub(super) fn read(tape: &mut Tape, text: &str, rule: &Ask<'_>) -> Option<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let put = Put { tape, text, rule };
    put.deserialize(&mut reader).ok()?;
    reader.end().ok()
}

/// What the policy has to say of a name.
type Ask<'t> = dyn Fn(&str) -> Rule + 't;

/// Puts any value at the end of the tape.
struct Put<'t> {
    tape: &'t mut Tape,
    text: &'t str,
    rule: &'t Ask<'t>,
}

impl Put<'_> {
    fn again(&mut self) -> Put<'_> {
        Put {
            tape: self.tape,
            text: self.text,
            rule: self.rule,
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
        let (start, open) = (self.tape.nodes.len(), self.tape.open.len());
        self.tape.nodes.push(Node::Null);
        let mut before = START;
        while let Some(name) = fields.next_key_seed(Name(self.again(), before))? {
            before = name;
            fields.next_value_seed(self.again())?;
        }
        outdate(self.tape, open);
        self.tape.open.truncate(open);
        let nodes = nodes_since(self.tape, start);
        self.tape.nodes[start] = Node::Object { nodes };
        Ok(())
    }
}

/// Puts the name of a field at the end of the tape, and says its number. Takes that of the name
/// before it in its object.
struct Name<'t>(Put<'t>, u32);

impl Name<'_> {
    fn put(self, name: &str, place: impl FnOnce(&mut Tape) -> Place) -> u32 {
        let Self(Put { tape, text, rule }, before) = self;
        let number = match tape.guessed(before, text, name) {
            Some(number) => number,
            None => tape.looked_up(before, text, name, place, rule),
        };
        tape.open.push(int(tape.nodes.len()));
        tape.nodes.push(Node::Name(number));
        number
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<u32, E> {
        let text = self.0.text;
        Ok(self.put(name, |_| borrowed(text, name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<u32, E> {
        Ok(self.put(name, |tape| unescaped(tape, name)))
    }
}

impl Tape {
    /// The number of the name that came after the same one before, if it is this one.
    fn guessed(&self, before: u32, text: &str, name: &str) -> Option<u32> {
        let next = match self.names.all.get(super::index(before)) {
            Some(before) => before.next,
            None => self.names.first,
        };
        let guess = self.names.all.get(super::index(next))?;
        (self.strings(text).get(guess.place) == name).then_some(next)
    }

    fn looked_up(
        &mut self,
        before: u32,
        text: &str,
        name: &str,
        place: impl FnOnce(&mut Self) -> Place,
        rule: &Ask<'_>,
    ) -> u32 {
        let hash = self.names.by_hash.hasher().hash_one(name);
        let known = self.names.by_hash.get(&hash).copied();
        let is = |number: &u32| {
            let named = &self.names.all[super::index(*number)];
            self.strings(text).get(named.place) == name
        };
        // Two names have one hash hardly ever.
        let known = known.and_then(|known| {
            let all = 0..int(self.names.all.len());
            Some(known).filter(is).or_else(|| all.into_iter().find(is))
        });
        let number = known.unwrap_or_else(|| {
            let place = place(self);
            let number = int(self.names.all.len());
            self.names.by_hash.insert(hash, number);
            self.names.all.push(Named {
                place,
                rule: rule(name),
                next: START,
            });
            number
        });
        match self.names.all.get_mut(super::index(before)) {
            Some(before) => before.next = number,
            None => self.names.first = number,
        }
        number
    }

    const fn strings<'a>(&'a self, text: &'a str) -> Strings<'a> {
        Strings {
            text,
            unescaped: self.unescaped.as_str(),
            names: self.names.all.as_slice(),
        }
    }
}

impl Names {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.by_hash.clear();
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

/// Marks those names of the object that ends, whose fields are open from `first` on, which come
/// again. Compares each with each only where that is soon done.
fn outdate(tape: &mut Tape, first: usize) {
    let Tape { nodes, open, .. } = tape;
    let fields = &open[first..];
    let name = |nodes: &[Node], node: u32| match nodes[super::index(node)] {
        Node::Name(name) => name,
        _ => START,
    };
    let mut outdated = Vec::new();
    if fields.len() > FEW {
        let mut seen = HashSet::with_capacity(fields.len());
        let last_first = fields.iter().rev().copied();
        outdated.extend(last_first.filter(|node| !seen.insert(name(nodes, *node))));
    } else {
        for (at, node) in fields.iter().enumerate() {
            let own = name(nodes, *node);
            let mut later = fields[at + 1..].iter();
            if later.any(|later| name(nodes, *later) == own) {
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

/// Stands before the first name of an object, and for one that is not known.
const START: u32 = u32::MAX;
