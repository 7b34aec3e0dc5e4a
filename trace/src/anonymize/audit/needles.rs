//! The originals to search for, and the search for all of them at once.
//!
//! Every form of an original begins with eight bytes, by which an index finds it: a text is looked
//! up at each of its bytes, and only what is found there is compared. The originals are not copied;
//! the index has 16 bytes for each form, seven of them an original, and 32 bits of a filter.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::format::writer::hex;

/// An original that is searched for.
#[derive(Clone, Copy)]
pub(super) struct Needle<'a> {
    /// What the footer calls it.
    pub(super) kind: &'static str,
    /// The original.
    pub(super) text: &'a str,
    /// Whether it is meant in any letter case.
    pub(super) any_case: bool,
}

/// All of them, ready to be searched for.
pub(super) struct Needles<'a> {
    all: Vec<Needle<'a>>,
    /// Sorted.
    index: Vec<Entry>,
    /// A bit for each hash of a key that is in the index: most texts have none.
    filter: Vec<u64>,
}

/// One form of one original, by how it begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The first bytes of the form in lower case.
    key: u64,
    needle: u32,
    form: Form,
}

/// A form that an original may have survived in, besides those that are decoded before a search.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// As it is, and so short that it must stand alone.
    Alone,
    /// As it is.
    Plain,
    /// Somewhere in a run of hexadecimal digits.
    Hex,
    /// Somewhere in a run of base64, after so many other bytes.
    Base64(u8),
    /// The same in the alphabet for URLs.
    Base64Url(u8),
}

impl<'a> Needles<'a> {
    /// Prepares the search.
    pub(super) fn new(all: Vec<Needle<'a>>) -> Self {
        let mut index = Vec::with_capacity(7 * all.len());
        for (number, needle) in (0_u32..).zip(&all) {
            for form in Form::of(needle) {
                let text = form.of_head(head(needle.text));
                let lower = Zeroizing::new(lowered(str::from_utf8(&text).unwrap_or_default()));
                index.push(Entry {
                    key: key(lower.as_bytes(), LONG),
                    needle: number,
                    form,
                });
            }
        }
        index.sort_unstable();
        let words = (index.len() / 2).next_power_of_two();
        let mut needles = Self {
            all,
            index,
            filter: vec![0; words],
        };
        for entry in 0..needles.index.len() {
            let (word, bit) = needles.bit(needles.index[entry].key);
            needles.filter[word] |= bit;
        }
        needles
    }

    /// The one of this number.
    pub(super) fn get(&self, number: usize) -> &Needle<'a> {
        &self.all[number]
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Needle<'a>> {
        self.all.iter()
    }

    /// Calls `found` with the number of each original that is in `text`, and where it begins, as often
    /// as it is there.
    pub(super) fn search(&self, text: &str, found: &mut dyn FnMut(usize, usize)) {
        if self.index.is_empty() || text.len() < SHORTEST {
            return;
        }
        let lower = lowered(text);
        let lower = lower.as_bytes();
        let mut at_edge = true;
        for start in 0..=lower.len() - SHORTEST {
            self.at(text, lower, start, at_edge, found);
            at_edge = is_edge(lower[start]);
        }
    }

    /// What begins at `start`.
    fn at(
        &self,
        text: &str,
        lower: &[u8],
        start: usize,
        at_edge: bool,
        found: &mut dyn FnMut(usize, usize),
    ) {
        let rest = &lower[start..];
        if at_edge {
            for length in SHORTEST..LONG.min(rest.len() + 1) {
                if rest.get(length).is_none_or(|byte| is_edge(*byte)) {
                    self.candidates(key(&rest[..length], length), |entry| {
                        if entry.form == Form::Alone && self.is(entry, text, lower, start, length) {
                            found(entry.needle as usize, start);
                        }
                    });
                }
            }
        }
        if rest.len() >= LONG {
            self.candidates(key(rest, LONG), |entry| {
                if entry.form != Form::Alone && self.is(entry, text, lower, start, rest.len()) {
                    found(entry.needle as usize, start);
                }
            });
        }
    }

    fn candidates(&self, key: u64, mut take: impl FnMut(&Entry)) {
        let (word, bit) = self.bit(key);
        if self.filter[word] & bit == 0 {
            return;
        }
        let first = self.index.partition_point(|entry| entry.key < key);
        let same = self.index[first..]
            .iter()
            .take_while(|entry| entry.key == key);
        same.for_each(&mut take);
    }

    /// Whether the form stands at `start`, where `length` bytes are left to it.
    fn is(&self, entry: &Entry, text: &str, lower: &[u8], start: usize, length: usize) -> bool {
        let needle = &self.all[entry.needle as usize];
        let wanted = entry.form.of_head(head(needle.text));
        if wanted.len() > length || (entry.form == Form::Alone && wanted.len() != length) {
            return false;
        }
        let range = start..start + wanted.len();
        match entry.form {
            Form::Alone | Form::Plain if needle.any_case => {
                let wanted = str::from_utf8(&wanted).unwrap_or_default();
                lower[range] == *Zeroizing::new(lowered(wanted)).as_bytes()
            }
            Form::Hex => lower[range] == **wanted,
            _ => text.as_bytes()[range] == **wanted,
        }
    }

    fn bit(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = (hash >> 32) as usize & (self.filter.len() - 1);
        (word, 1 << (hash >> 58))
    }
}

impl Form {
    /// The forms of an original.
    fn of(needle: &Needle<'_>) -> impl Iterator<Item = Self> {
        let plain = if needle.text.len() < LONG {
            Self::Alone
        } else {
            Self::Plain
        };
        let long = needle.text.len() >= LONG;
        let packed = (0..3).flat_map(|skip| [Self::Base64(skip), Self::Base64Url(skip)]);
        [plain, Self::Hex]
            .into_iter()
            .chain(packed.filter(move |_| long))
    }

    /// What `head` is in this form, as far as that is certain.
    fn of_head(self, head: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Alone | Self::Plain => head.as_bytes().to_vec(),
            Self::Hex => hex(head.as_bytes()).into_bytes(),
            Self::Base64(skip) => base64_core(&STANDARD_NO_PAD, head, skip),
            Self::Base64Url(skip) => base64_core(&URL_SAFE_NO_PAD, head, skip),
        })
    }
}

/// What is certain of the base64 form of something that holds `head` after `skip` other bytes.
fn base64_core(engine: &impl base64::Engine, head: &str, skip: u8) -> Vec<u8> {
    let skip = usize::from(skip);
    let padded: Zeroizing<Vec<u8>> = Zeroizing::new([&[0; 3][..skip], head.as_bytes()].concat());
    let all = Zeroizing::new(engine.encode(&padded));
    all.as_bytes()[(skip * 8).div_ceil(6)..padded.len() * 8 / 6].to_vec()
}

/// Of a long original its beginning is searched for.
fn head(original: &str) -> &str {
    &original[..original.floor_char_boundary(LONGEST)]
}

/// Up to eight bytes as a number.
fn key(bytes: &[u8], most: usize) -> u64 {
    let mut key = [0; 8];
    let length = bytes.len().min(most).min(key.len());
    key[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(key)
}

/// The text in lower case, of the same length: a letter stays that would become longer or shorter.
fn lowered(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(only), None) if only.len_utf8() == c.len_utf8() => only,
                _ => c,
            }
        })
        .collect()
}

/// Whether a value may begin or end next to this byte.
fn is_edge(byte: u8) -> bool {
    b"\"'\\/=&?;,: \n\t[]<>".contains(&byte)
}

/// The shortest original that is searched for, in bytes.
pub(super) const SHORTEST: usize = 4;

/// From this length on, an original is searched for inside other text too.
pub(super) const LONG: usize = 8;

/// Of a longer original its beginning is searched for, in bytes.
const LONGEST: usize = 64;
