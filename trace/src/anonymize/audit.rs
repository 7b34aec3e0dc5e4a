//! The audit: a search of what was written for every original that was replaced, in each of the
//! encodings it could have survived in, and for personal-looking values of any origin.

use std::collections::HashSet;
use std::io::{self, BufRead};

use aho_corasick::{AhoCorasick, BuildError};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroizing;

use super::detect;
use crate::format::Audit;

/// What to search a capture for.
pub(crate) struct Search {
    needles: Vec<Zeroizing<String>>,
    /// For each needle, whether it is short and so has to stand alone.
    alone: Vec<bool>,
    originals: u64,
}

impl Search {
    /// Prepares the search for `originals`. Those of fewer than [`SHORTEST`] bytes are left out:
    /// they would be found in any text.
    pub(super) fn new<'a>(originals: impl Iterator<Item = &'a str>) -> Self {
        let mut search = Self {
            needles: Vec::new(),
            alone: Vec::new(),
            originals: 0,
        };
        for original in originals.filter(|original| original.len() >= SHORTEST) {
            search.originals += 1;
            for needle in encodings(original) {
                search.needles.push(Zeroizing::new(needle));
                search.alone.push(original.len() < LONG);
            }
        }
        search
    }

    /// Searches the exchanges among a capture's lines.
    pub(crate) fn run(&self, mut lines: Box<dyn BufRead>) -> io::Result<Audit> {
        let automaton = self.automaton().map_err(io::Error::other)?;
        let mut audit = Audit {
            searched: self.originals,
            found: 0,
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => return Ok(audit),
                // A compressed file that is still being written ends without an end mark.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(audit),
                other => other?,
            };
            if line.starts_with(b"{\"type\":\"exchange\"") {
                audit.found += self.surviving(&automaton, &line) + personal_looking(&line);
            }
        }
    }

    fn automaton(&self) -> Result<AhoCorasick, BuildError> {
        AhoCorasick::new(self.needles.iter().map(|needle| needle.as_bytes()))
    }

    fn surviving(&self, automaton: &AhoCorasick, line: &[u8]) -> u64 {
        let hits = automaton.find_overlapping_iter(line).filter(|hit| {
            !self.alone[hit.pattern().as_usize()]
                || (is_edge(line.get(hit.start().wrapping_sub(1))) && is_edge(line.get(hit.end())))
        });
        hits.count() as u64
    }
}

/// The raw value, and how JSON, URLs, forms and base64 would write it.
fn encodings(original: &str) -> HashSet<String> {
    let quoted = Value::String(original.to_owned()).to_string();
    let percent = utf8_percent_encode(original, NON_ALPHANUMERIC).to_string();
    let mut all = HashSet::from([
        original.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        percent.replace("%20", "+"),
        percent,
    ]);
    if original.len() >= LONG {
        for skip in 0..3 {
            all.extend(base64_core(original.as_bytes(), skip));
        }
    }
    all
}

/// What is certain of the base64 form of something that holds `bytes` after `skip` others.
fn base64_core(bytes: &[u8], skip: usize) -> [String; 2] {
    let padded: Vec<u8> = std::iter::repeat_n(0, skip)
        .chain(bytes.iter().copied())
        .collect();
    let start = (skip * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&padded)[start..end].to_owned(),
        URL_SAFE_NO_PAD.encode(&padded)[start..end].to_owned(),
    ]
}

/// Whether a value may begin or end next to this byte.
fn is_edge(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| matches!(byte, b'"' | b'\\' | b'/' | b'=' | b'&' | b'?' | b';' | b','))
}

fn personal_looking(line: &[u8]) -> u64 {
    let mut found = 0;
    if let Ok(value) = serde_json::from_slice::<Value>(line) {
        each_text(&value, &mut |text| {
            found += detect::within(text).len() as u64;
        });
    }
    found
}

fn each_text(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found(name);
                each_text(value, found);
            }
        }
        _ => {}
    }
}

/// The shortest original that is searched for, in bytes.
const SHORTEST: usize = 4;

/// From this length on, an original is searched for inside other text too.
const LONG: usize = 8;
