//! The audit: a search of what was written for every original that was replaced, in each of the
//! encodings it could have survived in, and for personal-looking values of any origin.
//!
//! It searches values: what the format and the policy themselves say is about nobody.

use std::collections::HashSet;
use std::io::BufRead;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroizing;

use super::detect;
use crate::exchange::{Content, Exchange};
use crate::format::{Audit, ReadError, Reader};

/// What to search a capture for.
pub(crate) struct Search {
    needles: Vec<Needle>,
    originals: u64,
}

/// One form that an original may have survived in.
struct Needle {
    text: Zeroizing<String>,
    /// Whether it is short, and so has to stand alone.
    alone: bool,
}

/// What the policy and HTTP say themselves, and so what is about nobody wherever it stands.
struct Public<'a> {
    words: HashSet<&'a str>,
    text: String,
}

impl<'a> Public<'a> {
    fn new(vocabulary: impl Iterator<Item = &'a str>) -> Self {
        let phrases: Vec<&str> = vocabulary.chain(HTTP).collect();
        let words = phrases
            .iter()
            .flat_map(|phrase| phrase.split(|c: char| !c.is_alphanumeric()))
            .chain(phrases.iter().copied());
        Self {
            words: words.collect(),
            text: phrases.join("\n"),
        }
    }

    /// Whether the original is one of the words. A long one may be part of one: it is searched for
    /// inside other text too.
    fn has(&self, original: &str) -> bool {
        self.words.contains(original) || (original.len() >= LONG && self.text.contains(original))
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// What was written cannot be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is too much to search for.
    #[error("too many originals to search for")]
    Build(#[from] BuildError),
}

impl Search {
    /// Prepares the search for `originals`, but for those that are words of the `vocabulary`. Those
    /// of fewer than [`SHORTEST`] bytes are left out: they would be found in any text.
    pub(super) fn new<'a>(
        originals: impl Iterator<Item = &'a str>,
        vocabulary: impl Iterator<Item = &'a str>,
    ) -> Self {
        let public = Public::new(vocabulary);
        let mut search = Self {
            needles: Vec::new(),
            originals: 0,
        };
        for original in originals.filter(|original| original.len() >= SHORTEST) {
            if public.has(original) {
                continue;
            }
            search.originals += 1;
            let alone = original.len() < LONG;
            search
                .needles
                .extend(encodings(original).into_iter().map(|text| Needle {
                    text: Zeroizing::new(text),
                    alone,
                }));
        }
        search
    }

    /// Searches the exchanges of a capture, as often as there are batches of needles.
    pub(crate) fn run<R: BufRead>(
        &self,
        open: impl Fn() -> Result<Reader<R>, ReadError>,
    ) -> Result<Audit, SearchError> {
        let mut audit = Audit {
            searched: self.originals,
            ..Audit::default()
        };
        for exchange in open()? {
            each_text(&exchange?, &mut |text| {
                audit.found += personal_looking(text);
            });
        }
        for batch in self.needles.chunks(BATCH) {
            let automaton = automaton(batch)?;
            for exchange in open()? {
                each_text(&exchange?, &mut |text| {
                    audit.found += surviving(&automaton, batch, text);
                });
            }
        }
        Ok(audit)
    }
}

/// The kind is named because the fastest one takes quadratic time to build for some texts.
fn automaton(batch: &[Needle]) -> Result<AhoCorasick, BuildError> {
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(batch.iter().map(|needle| needle.text.as_bytes()))
}

fn surviving(automaton: &AhoCorasick, batch: &[Needle], text: &str) -> u64 {
    let bytes = text.as_bytes();
    let hits = automaton.find_overlapping_iter(bytes).filter(|hit| {
        !batch[hit.pattern().as_usize()].alone
            || (is_edge(hit.start().checked_sub(1).map(|before| bytes[before]))
                && is_edge(bytes.get(hit.end()).copied()))
    });
    hits.count() as u64
}

/// The raw value, and how JSON, URLs, forms and base64 would write it.
fn encodings(original: &str) -> HashSet<String> {
    let head = &original[..original.floor_char_boundary(LONGEST)];
    let quoted = Value::String(head.to_owned()).to_string();
    let percent = utf8_percent_encode(head, NON_ALPHANUMERIC).to_string();
    let mut all = HashSet::from([
        head.to_owned(),
        quoted[1..quoted.len() - 1].to_owned(),
        percent.replace("%20", "+"),
        percent,
    ]);
    if head.len() >= LONG {
        for skip in 0..3 {
            all.extend(base64_core(head.as_bytes(), skip));
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
fn is_edge(byte: Option<u8>) -> bool {
    byte.is_none_or(|byte| b"\"\\/=&?;,: ".contains(&byte))
}

/// Places of personal-looking values in the text, or in what it says when it is decoded.
fn personal_looking(text: &str) -> u64 {
    let plain = detect::within(text).len();
    let decoded = match percent_decode_str(text).decode_utf8_lossy() {
        std::borrow::Cow::Owned(decoded) if plain == 0 => detect::within(&decoded).len(),
        _ => 0,
    };
    (plain + decoded) as u64
}

/// Calls `found` with every text of an exchange in which a value could be.
fn each_text(exchange: &Exchange, found: &mut dyn FnMut(&str)) {
    found(&exchange.request.path);
    // Names of fields and their values, each by itself.
    exchange
        .request
        .query
        .split(['&', '='])
        .for_each(&mut *found);
    let headers = exchange
        .request
        .headers
        .iter()
        .chain(&exchange.response.headers);
    for (_, value) in headers {
        found(value);
    }
    for body in [&exchange.request.body, &exchange.response.body] {
        match &body.content {
            Content::Utf8(text) => found(text),
            Content::Shape(shape) => each_in_shape(shape, found),
            Content::Base64(_) | Content::None => {}
        }
    }
}

/// The names of fields in a shape, and what it says beyond the grammar of shapes.
fn each_in_shape(shape: &Value, found: &mut dyn FnMut(&str)) {
    match shape {
        Value::String(text) => {
            if let Some((_, value)) = text.split_once(':') {
                found(value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_in_shape(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found(name);
                each_in_shape(value, found);
            }
        }
        _ => {}
    }
}

/// The shortest original that is searched for, in bytes.
const SHORTEST: usize = 4;

/// From this length on, an original is searched for inside other text too.
const LONG: usize = 8;

/// Of a longer original its beginning is searched for.
const LONGEST: usize = 64;

/// Values of headers and methods that are words of the protocol. Fixed: what a client sends in
/// their place is searched like everything else.
const HTTP: [&str; 16] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "br",
    "charset=utf-8",
    "deflate",
    "gzip",
    "max-age",
    "multipart/form-data",
    "must-revalidate",
    "no-cache",
    "no-store",
    "private",
    "respond-async",
    "text/html",
    "text/plain",
    "zstd",
];

/// Needles that are searched for at once: bounds the memory of the search.
const BATCH: usize = 50_000;
