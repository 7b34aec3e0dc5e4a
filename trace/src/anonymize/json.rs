//! JSON on a tape: all of a document's values in a row, strings without escapes as places in its
//! text. Documents use the same memory one after the other.
//!
//! Reads what [`serde_json::Value`] reads, and means the same by it.

mod reader;

use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde_json::Number;

use super::policy::Rule;

/// Where a document is put.
#[derive(Default)]
pub(super) struct Tape {
    nodes: Vec<Node>,
    /// Strings that had escapes, without them.
    unescaped: String,
    names: Names,
    /// The fields of the objects that are being read, by their nodes.
    open: Vec<u32>,
}

/// The different names of a document's fields. Objects are alike, so that the name that comes next
/// is mostly the one that came after the same one before.
#[derive(Default)]
struct Names {
    all: Vec<Named>,
    by_hash: HashMap<u64, u32, RandomState>,
    /// The name with which the last object began.
    first: u32,
}

struct Named {
    place: Place,
    rule: Rule,
    /// The name that came after it the last time.
    next: u32,
}

/// A field's name, and what the policy has to say of it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) rule: Rule,
}

/// A value of a document.
#[derive(Clone, Copy)]
pub(super) struct Json<'a> {
    /// The value, what is in it, and what comes after it.
    nodes: &'a [Node],
    strings: Strings<'a>,
}

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Numeral),
    String(&'a str),
    Array(Array<'a>),
    Object(Object<'a>),
}

/// A number as it was written: without a sign, with one, or with a point or an exponent.
#[derive(Clone, Copy)]
pub(super) enum Numeral {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// An array.
#[derive(Clone, Copy)]
pub(super) struct Array<'a> {
    /// How many items it has.
    pub(super) length: u32,
    content: Json<'a>,
}

/// An object. Every name comes once.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    content: Json<'a>,
}

#[derive(Clone, Copy)]
enum Node {
    Null,
    Bool(bool),
    Number(Numeral),
    String(Place),
    /// The name, by its number, of the field whose value comes next.
    Name(u32),
    /// A name that comes again in its object: the last one counts.
    Outdated,
    /// So many items, in so many nodes that come next.
    Array {
        length: u32,
        nodes: u32,
    },
    Object {
        nodes: u32,
    },
}

/// Where a string is.
#[derive(Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
    unescaped: bool,
}

/// The texts that hold the strings of a document.
#[derive(Clone, Copy)]
struct Strings<'a> {
    text: &'a str,
    unescaped: &'a str,
    names: &'a [Named],
}

impl Tape {
    /// Reads the whole of `text`, in place of what was read before. `rule` says what the policy has
    /// to say of a name: it is asked once for each.
    pub(super) fn read<'a>(
        &'a mut self,
        text: &'a str,
        rule: impl Fn(&str) -> Rule,
    ) -> Option<Json<'a>> {
        u32::try_from(text.len()).ok()?;
        self.nodes.clear();
        self.unescaped.clear();
        self.names.clear();
        self.open.clear();
        reader::read(self, text, &rule)?;
        Some(Json {
            nodes: &self.nodes,
            strings: Strings {
                text,
                unescaped: &self.unescaped,
                names: &self.names.all,
            },
        })
    }
}

impl<'a> Json<'a> {
    /// What it is.
    pub(super) fn value(self) -> Value<'a> {
        match self.nodes.first() {
            Some(Node::Bool(value)) => Value::Bool(*value),
            Some(Node::Number(number)) => Value::Number(*number),
            Some(Node::String(place)) => Value::String(self.strings.get(*place)),
            Some(Node::Array { length, nodes }) => Value::Array(Array {
                length: *length,
                content: self.content(*nodes),
            }),
            Some(Node::Object { nodes }) => Value::Object(Object {
                content: self.content(*nodes),
            }),
            Some(Node::Null | Node::Name(_) | Node::Outdated) | None => Value::Null,
        }
    }

    /// What the policy has to say of the names in the document.
    pub(super) fn rules(self) -> impl Iterator<Item = Rule> {
        self.strings.names.iter().map(|name| name.rule)
    }

    /// Whether nothing is left.
    const fn is_over(self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes that it takes.
    fn size(self) -> usize {
        match self.nodes.first() {
            Some(Node::Array { nodes, .. } | Node::Object { nodes }) => 1 + index(*nodes),
            Some(_) => 1,
            None => 0,
        }
    }

    fn content(self, nodes: u32) -> Self {
        Self {
            nodes: &self.nodes[1..=index(nodes)],
            ..self
        }
    }

    fn after(self, nodes: usize) -> Self {
        Self {
            nodes: &self.nodes[nodes..],
            ..self
        }
    }
}

impl<'a> Array<'a> {
    /// Its items in order.
    pub(super) fn items(self) -> impl Iterator<Item = Json<'a>> {
        let mut rest = self.content;
        std::iter::from_fn(move || {
            let item = rest;
            rest = rest.after(rest.size());
            (!item.is_over()).then_some(item)
        })
    }
}

impl<'a> Object<'a> {
    /// Its fields in order.
    pub(super) fn fields(self) -> impl Iterator<Item = (Field<'a>, Json<'a>)> {
        let mut rest = self.content;
        std::iter::from_fn(move || {
            loop {
                let name = *rest.nodes.first()?;
                let value = rest.after(1);
                rest = value.after(value.size());
                if let Node::Name(name) = name {
                    return Some((value.strings.field(name), value));
                }
            }
        })
    }
}

impl<'a> Strings<'a> {
    fn field(self, name: u32) -> Field<'a> {
        let named = &self.names[index(name)];
        Field {
            name: self.get(named.place),
            rule: named.rule,
        }
    }

    fn get(self, place: Place) -> &'a str {
        let (start, length) = (index(place.start), index(place.length));
        let text = if place.unescaped {
            self.unescaped
        } else {
            self.text
        };
        // Places are only made of strings that are there.
        text.get(start..start + length).unwrap_or_default()
    }
}

impl From<Numeral> for Number {
    fn from(numeral: Numeral) -> Self {
        match numeral {
            Numeral::Unsigned(number) => number.into(),
            Numeral::Signed(number) => number.into(),
            // Every number that was read is finite.
            Numeral::Float(number) => Self::from_f64(number).unwrap_or_else(|| 0.into()),
        }
    }
}

/// It fits: this is no program for machines of 16 bits.
fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::collection;
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};

    use super::*;

    fn as_value(json: Json<'_>) -> serde_json::Value {
        match json.value() {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => value.into(),
            Value::Number(number) => Number::from(number).into(),
            Value::String(text) => text.into(),
            Value::Array(array) => {
                assert_eq!(array.items().count(), index(array.length));
                array.items().map(as_value).collect()
            }
            Value::Object(object) => {
                let fields = object.fields();
                let fields = fields.map(|(field, value)| (field.name.to_owned(), as_value(value)));
                fields.collect::<serde_json::Map<_, _>>().into()
            }
        }
    }

    #[track_caller]
    fn check(tape: &mut Tape, text: &str) {
        let meant: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let read = tape.read(text, |_| Rule::NONE);
        assert_eq!(read.map(as_value), meant, "{text}");
        let names_once = |object: Object<'_>| {
            let mut names: Vec<_> = object.fields().map(|(field, _)| field.name).collect();
            names.sort_unstable();
            names.windows(2).all(|pair| pair[0] != pair[1])
        };
        if let Some(Value::Object(object)) = read.map(Json::value) {
            assert!(names_once(object), "{text}");
        }
    }

    #[test]
    fn it_means_what_a_value_means() {
        let deep = "[".repeat(200);
        let many: String = (0..40).map(|n| format!(r#""k{}":{n},"#, n % 37)).collect();
        let mut tape = Tape::default();
        for text in [
            r#"{"a":1,"b":2,"a":{"c":null}}"#,
            r#"{"\u0061":1,"a":"\n\u00e9","":[]}"#,
            "[1e400]",
            "[0.1,-0,1e2,18446744073709551616,-9223372036854775808]",
            "\"half \\ud800\"",
            "{}x",
            " {\"a\" : [ true , false ] } ",
            "[[[]],{},\"\",\"\\\"\"]",
            "",
            &deep,
            &format!("{{{many}\"last\":0}}"),
        ] {
            check(&mut tape, text);
        }
    }

    #[test]
    fn each_name_is_asked_for_once() {
        let asked = RefCell::new(Vec::new());
        let mut tape = Tape::default();
        let text = r#"[{"a":1,"b":{"a":2,"c":3},"d":4},{"\u0061":5,"b":{},"d":6,"e":7},{"d":8}]"#;
        let rule = |name: &str| {
            asked.borrow_mut().push(name.to_owned());
            Rule::NONE
        };
        assert_eq!(tape.read(text, rule).unwrap().rules().count(), 5);
        assert_eq!(asked.into_inner(), ["a", "b", "c", "d", "e"]);
    }

    fn any_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "null|true|false|\"[a-c\\\\\\\\\"]{0,3}\"|-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            any::<f64>().prop_map(|number| number.to_string()),
            "\\PC{0,5}".prop_map(|text| serde_json::Value::from(text).to_string()),
        ];
        leaf.prop_recursive(4, 64, 20, |inner| {
            let fields = collection::vec(("[a-f]{0,1}", inner.clone()), 0..20);
            prop_oneof![
                collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                fields.prop_map(|fields| {
                    let fields = fields
                        .iter()
                        .map(|(name, value)| format!("\"{name}\":{value}"));
                    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_text_means_what_it_means_as_a_value(texts in collection::vec(any_json(), 1..3)) {
            let mut tape = Tape::default();
            for text in texts {
                check(&mut tape, &text);
            }
        }
    }
}
