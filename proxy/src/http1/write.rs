//! Heads and chunks as bytes to send.
//!
//! Nothing is checked here: what is written came through the parser, or is our own.

use bytes::{BufMut as _, BytesMut};

/// A field to send.
pub(crate) type Field<'a> = (&'a [u8], &'a [u8]);

/// The first line of a request.
pub(crate) fn request_line(out: &mut BytesMut, method: &[u8], target: &[&[u8]]) {
    out.reserve(1024);
    out.put_slice(method);
    out.put_u8(b' ');
    for part in target {
        out.put_slice(part);
    }
    out.put_slice(b" HTTP/1.1\r\n");
}

/// The first line of an answer.
pub(crate) fn status_line(out: &mut BytesMut, status: u16, reason: &[u8]) {
    out.reserve(1024);
    out.put_slice(b"HTTP/1.1 ");
    number(out, u64::from(status));
    out.put_u8(b' ');
    out.put_slice(reason);
    out.put_slice(b"\r\n");
}

pub(crate) fn field(out: &mut BytesMut, (name, value): Field<'_>) {
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

pub(crate) fn head_end(out: &mut BytesMut) {
    out.put_slice(b"\r\n");
}

/// A chunk with data; an empty one would end the body.
pub(crate) fn chunk(out: &mut BytesMut, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let mut digits = [0; 16];
    let mut start = digits.len();
    let mut left = data.len();
    while left > 0 {
        start -= 1;
        digits[start] = b"0123456789abcdef"[left & 15];
        left >>= 4;
    }
    out.reserve(data.len() + 20);
    out.put_slice(&digits[start..]);
    out.put_slice(b"\r\n");
    out.put_slice(data);
    out.put_slice(b"\r\n");
}

pub(crate) fn last_chunk(out: &mut BytesMut) {
    out.put_slice(b"0\r\n\r\n");
}

/// A number in decimal digits.
pub(crate) fn number(out: &mut BytesMut, number: u64) {
    let mut digits = itoa::Buffer::new();
    out.put_slice(digits.format(number).as_bytes());
}
