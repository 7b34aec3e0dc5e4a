//! Rules by place: JSON pointers (RFC 6901), in which `*` stands for any one segment. Pure.
//!
//! All of them are one automaton, so that a walk through a body takes one step for each name, and
//! none where nothing below can match.

use std::collections::{BTreeMap, HashMap};

use super::policy::{Kind, Quick, folded, with_folded};

/// Every pointer for which there is a rule.
#[derive(Debug, Clone)]
pub(super) struct Pointers {
    /// The first one leads nowhere. The second, if there is one, is the whole document.
    states: Vec<State>,
}

/// Some places of a document that no pointer tells apart.
#[derive(Debug, Clone, Default)]
struct State {
    kind: Option<Kind>,
    named: HashMap<Vec<u8>, usize, Quick>,
    /// Where every other name leads.
    any: usize,
    /// Whether a number is among the names.
    numbered: bool,
}

/// A place in a document, as far as the pointers tell places apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'p> {
    states: &'p [State],
    at: usize,
}

impl<'p> Cursor<'p> {
    /// The value of the field called `name`.
    pub(super) fn child(self, name: &str) -> Self {
        let state = &self.states[self.at];
        let at = if state.named.is_empty() {
            state.any
        } else {
            let named = with_folded(name, |name| state.named.get(name).copied());
            named.unwrap_or(state.any)
        };
        Self { at, ..self }
    }

    /// An element of the array, from 0.
    pub(super) fn element(self, index: u64) -> Self {
        let state = &self.states[self.at];
        if state.numbered {
            return self.child(&index.to_string());
        }
        Self {
            at: state.any,
            ..self
        }
    }

    /// What a rule says the value is.
    pub(super) fn kind(self) -> Option<&'p Kind> {
        self.states[self.at].kind.as_ref()
    }

    /// Whether no pointer leads further down.
    pub(super) fn is_empty(self) -> bool {
        let state = &self.states[self.at];
        state.any == NOWHERE && state.named.is_empty()
    }
}

/// Why some pointers are of no use together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// One is no pointer.
    Malformed,
    /// There are two rules for one place.
    Twice,
}

/// Pointers before they are one automaton: a tree.
pub(super) struct Builder {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    kind: Option<Kind>,
    named: BTreeMap<Vec<u8>, usize>,
    any: Option<usize>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    /// Adds the rule for one pointer.
    pub(super) fn add(&mut self, pointer: &str, kind: &Kind) -> Result<(), Unfit> {
        let mut at = 0;
        for segment in segments(pointer).ok_or(Unfit::Malformed)? {
            at = self.below(at, &segment);
        }
        match self.nodes[at].kind.replace(kind.clone()) {
            Some(_) => Err(Unfit::Twice),
            None => Ok(()),
        }
    }

    /// All of them; `None` when they make too many combinations.
    pub(super) fn build(self) -> Option<Pointers> {
        let mut states = vec![State::default()];
        // The nodes that each state stands for, those first that say most exactly where they are.
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        let mut known = HashMap::from([(Vec::new(), NOWHERE)]);
        let is_empty = self.nodes.len() == 1 && self.nodes[0].kind.is_none();
        if !is_empty {
            sets.push(vec![0]);
            known.insert(vec![0], ROOT);
        }
        while states.len() < sets.len() {
            if sets.len() > MOST_STATES {
                return None;
            }
            let set = sets[states.len()].clone();
            let mut to = |set: Vec<usize>| {
                *known.entry(set).or_insert_with_key(|set| {
                    sets.push(set.clone());
                    sets.len() - 1
                })
            };
            let names = set.iter().flat_map(|node| self.nodes[*node].named.keys());
            let named: HashMap<_, _, Quick> = names
                .map(|name| (name.clone(), to(self.step(&set, Some(name)))))
                .collect();
            states.push(State {
                kind: set.iter().find_map(|node| self.nodes[*node].kind.clone()),
                numbered: named.keys().any(|name| is_index(name)),
                named,
                any: to(self.step(&set, None)),
            });
        }
        Some(Pointers { states })
    }

    fn below(&mut self, at: usize, segment: &str) -> usize {
        let next = self.nodes.len();
        let below = if segment == ANY {
            *self.nodes[at].any.get_or_insert(next)
        } else {
            let named = &mut self.nodes[at].named;
            *named.entry(folded(segment)).or_insert(next)
        };
        if below == next {
            self.nodes.push(Node::default());
        }
        below
    }

    /// The nodes below those of `set`: by name where one has it, and by `*`.
    fn step(&self, set: &[usize], name: Option<&Vec<u8>>) -> Vec<usize> {
        set.iter()
            .flat_map(|node| {
                let node = &self.nodes[*node];
                let named = name.and_then(|name| node.named.get(name).copied());
                named.into_iter().chain(node.any)
            })
            .collect()
    }
}

impl Pointers {
    /// Whether one of them is of this sort.
    pub(super) fn have(&self, sort: fn(&Kind) -> bool) -> bool {
        let mut kinds = self.states.iter().filter_map(|state| state.kind.as_ref());
        kinds.any(sort)
    }

    /// The whole document.
    pub(super) fn root(&self) -> Cursor<'_> {
        let at = if self.states.len() > ROOT {
            ROOT
        } else {
            NOWHERE
        };
        Cursor {
            states: &self.states,
            at,
        }
    }
}

/// The segments of a pointer without their escapes; `None` when it is none.
fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let segments = pointer.strip_prefix('/')?.split('/').map(|segment| {
        let escapes = segment.split('~').skip(1);
        let well = escapes.clone().all(|rest| rest.starts_with(['0', '1']));
        well.then(|| segment.replace("~1", "/").replace("~0", "~"))
    });
    segments.collect()
}

/// The names in a pointer: they are the application's own.
pub(super) fn names(pointer: &str) -> impl Iterator<Item = String> {
    let segments = segments(pointer).unwrap_or_default().into_iter();
    segments.filter(|name| name != ANY && !is_index(name.as_bytes()))
}

fn is_index(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(u8::is_ascii_digit)
}

const NOWHERE: usize = 0;
const ROOT: usize = 1;

/// The segment that stands for any.
const ANY: &str = "*";

/// Bounds what pointers with many `*` take: their combinations grow fast.
const MOST_STATES: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn pointers(rules: &[(&str, Kind)]) -> Pointers {
        let mut builder = Builder::new();
        for (pointer, kind) in rules {
            builder.add(pointer, kind).unwrap();
        }
        builder.build().unwrap()
    }

    fn at<'p>(pointers: &'p Pointers, path: &[&str]) -> Cursor<'p> {
        let root = pointers.root();
        path.iter().fold(root, |cursor, name| match name.parse() {
            Ok(index) => cursor.element(index),
            Err(_) => cursor.child(name),
        })
    }

    #[test]
    fn a_pointer_leads_to_its_place_in_any_case() {
        let pointers = pointers(&[
            ("/data/attributes/full_name", Kind::Name),
            ("/items/*/person/label", Kind::Text),
            ("/items/0/person/label", Kind::Email),
            ("/a~1b/~0", Kind::Id),
        ]);
        let kind = |path: &[&str]| at(&pointers, path).kind().cloned();
        assert_eq!(kind(&["data", "attributes", "fullName"]), Some(Kind::Name));
        assert_eq!(kind(&["Data", "Attributes", "Full-Name"]), Some(Kind::Name));
        assert_eq!(kind(&["data", "attributes", "name"]), None);
        assert_eq!(kind(&["items", "7", "person", "label"]), Some(Kind::Text));
        assert_eq!(kind(&["items", "0", "person", "label"]), Some(Kind::Email));
        assert_eq!(kind(&["items", "x", "person", "label"]), Some(Kind::Text));
        assert_eq!(kind(&["a/b", "~"]), Some(Kind::Id));
        assert_eq!(kind(&["data"]), None);
        assert!(at(&pointers, &["data", "else"]).is_empty());
        assert!(at(&pointers, &["data", "attributes", "full_name"]).is_empty());
        assert!(!at(&pointers, &["items", "9"]).is_empty());
    }

    #[test]
    fn the_empty_pointer_is_the_whole_document_and_none_is_nowhere() {
        assert_eq!(
            pointers(&[("", Kind::Text)]).root().kind(),
            Some(&Kind::Text)
        );
        let none = pointers(&[]);
        assert!(none.root().is_empty());
        assert!(none.root().child("a").element(3).is_empty());
    }

    #[test]
    fn what_is_no_pointer_or_comes_twice_is_refused() {
        let mut builder = Builder::new();
        for text in ["a", "a/b", "/a~2", "/~"] {
            assert_eq!(
                builder.add(text, &Kind::Id),
                Err(Unfit::Malformed),
                "{text}"
            );
        }
        builder.add("/a_b/*", &Kind::Id).unwrap();
        assert_eq!(builder.add("/aB/*", &Kind::Name), Err(Unfit::Twice));
    }

    #[test]
    fn pointers_that_make_too_many_combinations_are_refused() {
        let mut builder = Builder::new();
        for number in 0..16 {
            let mut segments = ["*"; 17];
            segments[number] = "a";
            let pointer = format!("/{}", segments.join("/"));
            builder.add(&pointer, &Kind::Id).unwrap();
        }
        assert!(builder.build().is_none());
    }

    /// What the rules say of a path, looked at one by one: the first segment in which one has a
    /// name and another `*` decides.
    fn by_hand(rules: &[Vec<&str>], path: &[&str]) -> Option<usize> {
        let fits = |rule: &Vec<&str>| {
            rule.len() == path.len()
                && (rule.iter().zip(path)).all(|(rule, actual)| *rule == "*" || rule == actual)
        };
        let fitting = (0..rules.len()).filter(|rule| fits(&rules[*rule]));
        let stars = |rule: &usize| {
            rules[*rule]
                .iter()
                .map(|name| *name == "*")
                .collect::<Vec<_>>()
        };
        fitting.min_by_key(stars)
    }

    proptest! {
        #[test]
        fn the_automaton_says_what_the_pointers_say(
            rules in collection::btree_set(collection::vec("[ab7*]", 1..4), 1..8),
            path in collection::vec("[abc78]", 0..4),
        ) {
            let rules: Vec<Vec<&str>> = rules.iter()
                .map(|rule| rule.iter().map(String::as_str).collect())
                .collect();
            let kinds: Vec<Kind> = (0..rules.len())
                .map(|number| Kind::Choice(vec![number.to_string()]))
                .collect();
            let mut builder = Builder::new();
            for (rule, kind) in rules.iter().zip(&kinds) {
                builder.add(&format!("/{}", rule.join("/")), kind).unwrap();
            }
            let pointers = builder.build().unwrap();
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let expected = by_hand(&rules, &path).map(|number| &kinds[number]);
            prop_assert_eq!(at(&pointers, &path).kind(), expected);
            let deeper = rules.iter().any(|rule| {
                rule.len() > path.len()
                    && rule.iter().zip(&path).all(|(rule, actual)| *rule == "*" || rule == actual)
            });
            prop_assert_eq!(at(&pointers, &path).is_empty(), !deeper);
        }
    }
}
