//! HTTP/1 as bytes: heads, bodies and chunks, read strictly and written plainly (RFC 9112).
//!
//! Everything here but [`connection`] is pure: bytes in, parts out. What two parsers could read
//! differently is refused, never repaired.

pub(crate) mod body;
mod chunked;
pub(crate) mod connection;
pub(crate) mod fields;
pub(crate) mod head;
pub(crate) mod write;

#[cfg(test)]
mod stream_tests;
