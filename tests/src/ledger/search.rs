//! Finds planted values in text, in whatever encoding, up to three of them deep.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use anyhow::Result;

use super::{Ledger, Planted, decode};

/// All marks of a ledger, ready to be looked for.
pub struct Search<'a> {
    ledger: &'a Ledger,
    automaton: AhoCorasick,
    marks: Vec<Mark<'a>>,
}

struct Mark<'a> {
    text: &'a str,
    planted: usize,
    /// Digits alone could be part of any longer number.
    digits: bool,
}

/// A planted value that was found, by its number, with where and how it was encoded first.
pub type Found = BTreeMap<usize, String>;

impl<'a> Search<'a> {
    /// Prepares the search for everything in the ledger.
    pub fn new(ledger: &'a Ledger) -> Result<Self> {
        let mut marks = Vec::new();
        for (planted, it) in ledger.planted.iter().enumerate() {
            marks.extend(it.value.marks.iter().map(|text| Mark {
                text,
                planted,
                digits: text.bytes().all(|byte| byte.is_ascii_digit()),
            }));
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(marks.iter().map(|mark| mark.text.to_lowercase()))?;
        Ok(Self {
            ledger,
            automaton,
            marks,
        })
    }

    /// Looks for every value in a text and in all that it may mean. `place` says where it is from.
    pub fn look(&self, text: &[u8], place: &str, found: &mut Found) {
        self.look_deeper(text, &mut vec![place], found);
    }

    /// The same for what may be compressed without saying so.
    pub fn look_in_brotli(&self, bytes: &[u8], place: &str, found: &mut Found) {
        for decoded in decode::brotli(bytes) {
            self.look_deeper(&decoded, &mut vec![place, "brotli"], found);
        }
    }

    fn look_deeper(&self, text: &[u8], way: &mut Vec<&str>, found: &mut Found) {
        self.look_once(text, way, found);
        if way.len() > DEEPEST || !decode::is_worth_it(text) {
            return;
        }
        for (name, decoder) in decode::DECODERS {
            for decoded in decoder(text) {
                way.push(name);
                self.look_deeper(&decoded, way, found);
                way.pop();
            }
        }
    }

    fn look_once(&self, text: &[u8], way: &[&str], found: &mut Found) {
        let text = String::from_utf8_lossy(text).to_lowercase();
        let bytes = text.as_bytes();
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let mark = &self.marks[hit.pattern().as_usize()];
            let is_digit = |at: Option<usize>| {
                at.and_then(|at| bytes.get(at))
                    .is_some_and(u8::is_ascii_digit)
            };
            let inside = is_digit(hit.start().checked_sub(1)) || is_digit(Some(hit.end()));
            if !(mark.digits && inside) {
                found.entry(mark.planted).or_insert_with(|| way.join(" > "));
            }
        }
    }

    /// A table of what was found: kind, place, exchange, where and how, and a masked form.
    pub fn table(&self, found: &Found) -> String {
        let rows = found.iter().map(|(planted, how)| {
            let it = &self.ledger.planted[*planted];
            let masked = masked(&it.value.text);
            let Planted {
                place, exchange, ..
            } = it;
            let (kind, field) = (it.value.kind, &it.value.field);
            format!("{kind:<13} {place:<34} {field:<22} {exchange:>5}  {how:<44} {masked}\n")
        });
        rows.collect()
    }
}

/// The first two letters and the length.
fn masked(text: &str) -> String {
    let start: String = text.chars().take(2).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

/// How many encodings may lie within each other.
const DEEPEST: usize = 3;
