//! Writes the line of an exchange piece by piece, in the order of its fields.
//!
//! Says the same as [`super::record::ExchangeRecord`] does, which is the format's definition and
//! against which it is tested, without a value being built first.

use serde::Serialize;

use super::record::flag_name;
use crate::exchange::{Flag, Link, Timing};

/// A line in the making. The next piece is what its method says; whoever leaves one out has no
/// JSON.
#[derive(Default)]
pub(crate) struct Line {
    text: Vec<u8>,
}

/// Who and when: what a line begins with.
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) at_ns: u64,
    pub(crate) session: u32,
    pub(crate) user: u32,
    pub(crate) connection: u64,
}

impl Line {
    /// Begins the line anew.
    pub(crate) fn start(&mut self, head: &Head) {
        self.text.clear();
        self.put("{\"type\":\"exchange\",\"seq\":");
        number(&mut self.text, head.seq);
        self.put(",\"at_ns\":");
        number(&mut self.text, head.at_ns);
        self.put(",\"session\":\"s");
        number(&mut self.text, head.session.into());
        self.put("\",\"user\":\"u");
        number(&mut self.text, head.user.into());
        self.put("\",\"connection\":");
        number(&mut self.text, head.connection);
    }

    /// The route, whose template is the inside of a JSON string, and the request's first fields.
    pub(crate) fn request(&mut self, version: &str, method: &str, template: &str) {
        self.put(",\"route\":\"");
        self.put(method);
        self.put(" ");
        self.put(template);
        self.put("\",\"request\":{\"version\":\"");
        self.put(version);
        self.put("\",\"method\":\"");
        self.put(method);
        self.put("\"");
    }

    /// Where the path goes, as a JSON string.
    pub(crate) fn path(&mut self) -> &mut Vec<u8> {
        self.put(",\"path\":");
        &mut self.text
    }

    /// Where the query goes, as a JSON string.
    pub(crate) fn query(&mut self) -> &mut Vec<u8> {
        self.put(",\"query\":");
        &mut self.text
    }

    /// Where headers go, as JSON pairs with a comma after each.
    pub(crate) fn headers(&mut self) -> &mut Vec<u8> {
        self.put(",\"headers\":[");
        &mut self.text
    }

    /// Where the body goes, after the headers.
    pub(crate) fn body(&mut self) -> &mut Vec<u8> {
        if self.text.ends_with(b",") {
            self.text.pop();
        }
        self.put("],\"body\":");
        &mut self.text
    }

    /// The answer as far as its headers.
    pub(crate) fn response(&mut self, status: u16) {
        self.put("},\"response\":{\"status\":");
        number(&mut self.text, status.into());
    }

    /// The tokens of the last body that its shape does not show, by their places in it.
    pub(crate) fn ids<'a>(&mut self, ids: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut before = ",\"ids\":{";
        for (place, token) in ids {
            if before.len() > 1 {
                // The body goes on.
                self.text.pop();
            }
            self.put(before);
            before = ",";
            quoted(&mut self.text, place);
            self.put(":");
            quoted(&mut self.text, token);
        }
        if before.len() == 1 {
            self.put("}}");
        }
    }

    /// What comes after the answer, and the end of the line.
    pub(crate) fn finish(
        &mut self,
        timing: &Timing,
        links: &[Link],
        flags: impl Iterator<Item = Flag>,
    ) {
        self.put("},\"timing\":{\"first_byte_ns\":");
        number(&mut self.text, timing.first_byte_ns);
        self.put(",\"total_ns\":");
        number(&mut self.text, timing.total_ns);
        self.put("},\"links\":[");
        for (place, link) in links.iter().enumerate() {
            self.put(if place > 0 {
                ",{\"from\":"
            } else {
                "{\"from\":"
            });
            number(&mut self.text, link.from);
            self.put(",\"source\":");
            quoted(&mut self.text, &link.source);
            self.put(",\"into\":");
            quoted(&mut self.text, &link.into);
            self.put("}");
        }
        self.put("],\"flags\":[");
        for (place, flag) in flags.enumerate() {
            self.put(if place > 0 { ",\"" } else { "\"" });
            self.put(flag_name(flag));
            self.put("\"");
        }
        self.put("]}\n");
    }

    /// What was written since [`Line::start`].
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}

/// Writes a header as a JSON pair, and a comma.
pub(crate) fn header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b'[');
    quoted(out, name);
    out.push(b',');
    quoted(out, value);
    out.extend_from_slice(b"],");
}

/// Writes that there is no body.
pub(crate) fn no_body(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"encoding\":\"none\",\"bytes\":0}");
}

/// Writes a body of which text was kept.
pub(crate) fn text_body(out: &mut Vec<u8>, bytes: u64, text: &str) {
    out.extend_from_slice(b"{\"encoding\":\"utf8\",\"bytes\":");
    number(out, bytes);
    out.extend_from_slice(b",\"text\":");
    quoted(out, text);
    out.push(b'}');
}

/// Writes a body of which the shape was kept; `shape` writes that as JSON.
pub(crate) fn shape_body(out: &mut Vec<u8>, bytes: u64, shape: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"{\"encoding\":\"shape\",\"bytes\":");
    number(out, bytes);
    out.extend_from_slice(b",\"shape\":");
    shape(out);
    out.push(b'}');
}

/// Writes a JSON string.
pub(crate) fn quoted(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        return json(out, &text);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes what is inside the quotes of a JSON string.
pub(crate) fn inside(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    quoted(out, text);
    out.remove(start);
    out.pop();
}

/// Writes a number.
pub(crate) fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes anything as JSON.
pub(crate) fn json<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "memory takes all");
}
