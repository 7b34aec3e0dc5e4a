//! Reads the line of an exchange as the writer writes it: its fields in their order, no spaces.
//!
//! Takes nothing that JSON would not take, and says the same as the format's definition in
//! [`super::record`] does, against which it is tested. Whatever is written otherwise is left to
//! that: `None`.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use memchr::memchr2;
use memchr::memmem::Finder;

use super::record::flag_named;
use crate::exchange::{
    Body, Content, Exchange, Flag, Headers, Link, Request, Response, Shape, Timing,
};

/// Headers that were read, by their text: most exchanges have those of another one.
pub(super) struct Seen {
    headers: HashMap<Box<str>, Headers, RandomState>,
    /// Bytes of their texts.
    bytes: usize,
    /// Finds what comes after headers.
    body: Finder<'static>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            headers: HashMap::default(),
            bytes: 0,
            body: Finder::new(",\"body\":{"),
        }
    }
}

impl Seen {
    fn keep(&mut self, text: &str, headers: &Headers) {
        if self.bytes > MOST_BYTES {
            *self = Self::default();
        }
        self.bytes += text.len();
        self.headers.insert(text.into(), headers.clone());
    }
}

/// Reads a line, with its line feed if it has one.
pub(super) fn exchange(line: &[u8], seen: &mut Seen) -> Option<Exchange> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    // JSON has none inside of strings, and the writer none between them. All are looked at, many at
    // a time.
    if line
        .iter()
        .fold(false, |control, byte| control | (*byte < b' '))
    {
        return None;
    }
    let mut scan = Scan {
        rest: str::from_utf8(line).ok()?,
        seen,
    };
    let exchange = scan.exchange()?;
    scan.rest.is_empty().then_some(exchange)
}

/// A string: as it is written, or with its escapes read.
enum Raw<'a> {
    Plain(&'a str),
    Escaped(String),
}

/// What is left of a line.
struct Scan<'a, 's> {
    rest: &'a str,
    seen: &'s mut Seen,
}

impl<'a> Scan<'a, '_> {
    fn exchange(&mut self) -> Option<Exchange> {
        self.skip("{\"type\":\"exchange\",\"seq\":")?;
        Some(Exchange {
            seq: self.number()?,
            at_ns: self.after(",\"at_ns\":")?.number()?,
            session: self.after(",\"session\":")?.string()?,
            user: self.after(",\"user\":")?.string()?,
            connection: self.after(",\"connection\":")?.number()?,
            route: self.after(",\"route\":")?.string()?,
            request: self.after(",\"request\":{")?.request()?,
            response: self.after("},\"response\":{")?.response()?,
            timing: self.after("},\"timing\":{")?.timing()?,
            links: self.after("},\"links\":")?.links()?,
            flags: self.after(",\"flags\":")?.flags()?,
        })
        .filter(|_| self.skip("}").is_some())
    }

    fn request(&mut self) -> Option<Request> {
        Some(Request {
            version: self.after("\"version\":")?.string()?,
            method: self.after(",\"method\":")?.string()?,
            path: self.after(",\"path\":")?.string()?,
            query: self.after(",\"query\":")?.string()?,
            headers: self.after(",\"headers\":")?.headers()?,
            body: self.after(",\"body\":")?.body()?,
        })
    }

    fn response(&mut self) -> Option<Response> {
        Some(Response {
            status: self.after("\"status\":")?.number()?.try_into().ok()?,
            headers: self.after(",\"headers\":")?.headers()?,
            body: self.after(",\"body\":")?.body()?,
        })
    }

    fn timing(&mut self) -> Option<Timing> {
        Some(Timing {
            first_byte_ns: self.after("\"first_byte_ns\":")?.number()?,
            total_ns: self.after(",\"total_ns\":")?.number()?,
        })
    }

    /// Their text ends before the body's name: a string has its quotes escaped.
    fn headers(&mut self) -> Option<Headers> {
        let end = self.seen.body.find(self.rest.as_bytes())?;
        let (text, after) = self.rest.split_at(end);
        if let Some(headers) = self.seen.headers.get(text) {
            self.rest = after;
            return Some(headers.clone());
        }
        let pairs = self.list(|scan| {
            let name = scan.after("[")?.string()?;
            let value = scan.after(",")?.string()?;
            scan.skip("]")?;
            Some((name, value))
        })?;
        let headers = Headers::from(pairs);
        if self.rest.len() == after.len() {
            self.seen.keep(text, &headers);
        }
        Some(headers)
    }

    fn links(&mut self) -> Option<Vec<Link>> {
        self.list(|scan| {
            let link = Link {
                from: scan.after("{\"from\":")?.number()?,
                source: scan.after(",\"source\":")?.string()?,
                into: scan.after(",\"into\":")?.string()?,
            };
            scan.skip("}")?;
            Some(link)
        })
    }

    fn flags(&mut self) -> Option<Vec<Flag>> {
        let named = self.list(|scan| scan.string().map(|name| flag_named(&name)))?;
        Some(named.into_iter().flatten().collect())
    }

    /// Bodies of bytes that are no text are rare, and left to others.
    fn body(&mut self) -> Option<Body> {
        self.skip("{\"encoding\":\"")?;
        let kind = ["none", "shape", "utf8"]
            .into_iter()
            .find(|kind| self.skip(kind).is_some())?;
        let bytes = self.after("\",\"bytes\":")?.number()?;
        let content = match kind {
            "shape" => {
                let shape = self.after(",\"shape\":")?.shape()?;
                let ids = match self.skip(",\"ids\":") {
                    Some(()) => self.shape()?,
                    None => "",
                };
                Content::Shape(Shape::of_text(shape, ids))
            }
            "utf8" => Content::Utf8(self.after(",\"text\":")?.string()?),
            _ => Content::None,
        };
        self.skip("}")?;
        Some(Body { bytes, content })
    }

    /// A value of objects, arrays and strings.
    fn shape(&mut self) -> Option<&'a str> {
        let all = self.rest;
        let mut depth = Vec::new();
        loop {
            // A value begins.
            match self.rest.as_bytes().first()? {
                b'"' => {
                    self.raw_string()?;
                }
                open @ (b'{' | b'[') if depth.len() < DEEPEST => {
                    let (name, empty) = if *open == b'{' {
                        (true, "{}")
                    } else {
                        (false, "[]")
                    };
                    if self.skip(empty).is_none() {
                        self.rest = &self.rest[1..];
                        depth.push(name);
                        self.name_in(name)?;
                        continue;
                    }
                }
                _ => return None,
            }
            // A value has ended: what it is in goes on, or ends too.
            loop {
                let Some(name) = depth.last() else {
                    return Some(&all[..all.len() - self.rest.len()]);
                };
                if self.skip(",").is_some() {
                    self.name_in(*name)?;
                    break;
                }
                self.skip(if *name { "}" } else { "]" })?;
                depth.pop();
            }
        }
    }

    /// The name of the next value, where it has one.
    fn name_in(&mut self, object: bool) -> Option<()> {
        if object {
            self.raw_string()?;
            self.skip(":")?;
        }
        Some(())
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if self.skip("[]").is_some() {
            return Some(Vec::new());
        }
        self.skip("[")?;
        let mut items = vec![item(self)?];
        while self.skip(",").is_some() {
            items.push(item(self)?);
        }
        self.skip("]")?;
        Some(items)
    }

    fn string(&mut self) -> Option<String> {
        match self.raw_string()? {
            Raw::Plain(text) => Some(text.to_owned()),
            Raw::Escaped(text) => Some(text),
        }
    }

    fn raw_string(&mut self) -> Option<Raw<'a>> {
        let all = self.rest;
        let bytes = all.as_bytes();
        if *bytes.first()? != b'"' {
            return None;
        }
        let mut end = 1;
        let mut escaped = false;
        loop {
            end += quote_or_escape(&bytes[end..])?;
            if bytes[end] == b'"' {
                break;
            }
            escaped = true;
            // What an escape begins with is one byte, and never the end.
            end += 2;
            bytes.get(end)?;
        }
        self.rest = &all[end + 1..];
        if escaped {
            serde_json::from_str(&all[..=end]).ok().map(Raw::Escaped)
        } else {
            Some(Raw::Plain(&all[1..end]))
        }
    }

    /// A number as the writer writes it: digits.
    fn number(&mut self) -> Option<u64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        if digits > 1 && number.starts_with('0') {
            return None;
        }
        self.rest = rest;
        number.parse().ok()
    }

    fn after(&mut self, text: &str) -> Option<&mut Self> {
        self.skip(text)?;
        Some(self)
    }

    fn skip(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }
}

/// Where the next quote or backslash is. Most are near, which [`memchr2`] is not made for.
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<WORD>();
    for (word, at) in words.iter().take(NEAR / WORD).zip((0..).step_by(WORD)) {
        let word = u64::from_le_bytes(*word);
        let found = is_byte(word, b'"') | is_byte(word, b'\\');
        if found != 0 {
            // Below 64.
            return Some(at + found.trailing_zeros() as usize / 8);
        }
    }
    let near = words.len().min(NEAR / WORD) * WORD;
    Some(near + memchr2(b'"', b'\\', &bytes[near..])?)
}

/// A word whose lowest set bit is in the first of the word's bytes that is `byte`; zero when none
/// is (Hacker's Delight, §6-1).
const fn is_byte(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ u64::from_ne_bytes([byte; WORD]);
    zero_where_equal.wrapping_sub(u64::from_ne_bytes([1; WORD]))
        & !zero_where_equal
        & u64::from_ne_bytes([0x80; WORD])
}

/// Bytes that are looked at together, and how far that is done.
const WORD: usize = 8;
const NEAR: usize = 40;

/// Bytes of headers' texts that are remembered; then it begins anew.
const MOST_BYTES: usize = 1 << 20;

/// How deep shapes are read here; serde_json goes as far.
const DEEPEST: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::super::record::ExchangeRecord;
    use super::*;
    use crate::format::tests::{any_exchange, exchange as numbered, line_of};

    fn sample() -> Exchange {
        numbered(1)
    }

    fn by_definition(line: &[u8]) -> Option<Exchange> {
        let record: ExchangeRecord<'_> = serde_json::from_slice(line).ok()?;
        record.into_exchange().ok()
    }

    #[test]
    fn what_the_recorder_writes_is_read_here() {
        let shipped = include_bytes!("../../../captures/peak.jsonl");
        let lines = shipped.split_inclusive(|byte| *byte == b'\n');
        let exchanges = lines.filter(|line| line.starts_with(b"{\"type\":\"exchange\""));
        let (mut read, mut seen) = (0, Seen::default());
        for line in exchanges {
            let quick = exchange(line, &mut seen);
            read += usize::from(quick.is_some());
            assert_eq!(quick, by_definition(line));
        }
        assert!(read > 1000);
    }

    #[test]
    fn only_headers_are_remembered() {
        let line = String::from_utf8(line_of(&sample())).unwrap();
        let mut seen = Seen::default();
        let odd = line.replace("\"headers\":[]", "\"headers\":[],\"new\":x");
        for _ in 0..2 {
            assert_eq!(exchange(odd.as_bytes(), &mut seen), None);
            let same = exchange(line.as_bytes(), &mut seen).unwrap();
            assert_eq!(same, sample());
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        for number in 0..2000 {
            let mut other = sample();
            other.response.headers = vec![("x".to_owned(), format!("{number:01000}"))].into();
            assert_eq!(exchange(&line_of(&other), &mut seen), Some(other));
            assert!(seen.bytes <= MOST_BYTES + 2000 && seen.headers.len() <= 1100);
        }
    }

    #[test]
    fn the_end_of_a_string_is_found_wherever_it_is() {
        for before in 0..100 {
            for end in ["\"", "\\", "\"\\", "\\\""] {
                for after in [0, 1, 7, 8, 50] {
                    let text = "é".repeat(before / 2) + &"a".repeat(before % 2) + end;
                    let text = text + &"b\"".repeat(after);
                    assert_eq!(quote_or_escape(text.as_bytes()), Some(before), "{text}");
                }
            }
            assert_eq!(quote_or_escape("#".repeat(before).as_bytes()), None);
        }
    }

    #[test]
    fn shapes_that_are_not_json_are_left_to_others() {
        let read = |shape: &str| {
            let mut scan = Scan {
                rest: shape,
                seen: &mut Seen::default(),
            };
            scan.shape().map(str::len)
        };
        for shape in ["\"date\"", "{}", "[]", r#"{"a":["b",{"c\n":"d"},[]]}"#] {
            assert_eq!(read(shape), Some(shape.len()), "{shape}");
        }
        for shape in [
            "", "{", "[\"a\"", "[,]", "{\"a\"}", "[\"a\",]", "1", "\"\\x\"", "\"a", "]",
        ] {
            assert_eq!(read(shape), None, "{shape}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(read(&deep), None);
    }

    proptest! {
        #[test]
        fn it_says_what_the_definition_says(
            sent in any_exchange(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            flip in any::<bool>(),
        ) {
            let mut line = line_of(&sent);
            // What was read before must not be taken for what is there now.
            let mut seen = Seen::default();
            exchange(&line, &mut seen);
            if flip {
                let at = at.index(line.len());
                line[at] = byte;
            }
            if let Some(read) = exchange(&line, &mut seen) {
                prop_assert_eq!(Some(read), by_definition(&line));
            } else if !flip {
                let others = [&sent.request.body, &sent.response.body];
                prop_assert_eq!(
                    others.iter().filter(|it| matches!(it.content, Content::Base64(_))).count() > 0,
                    true
                );
            }
        }
    }
}
