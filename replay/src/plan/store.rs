//! The plan's memory: one arena for all text, and requests as pieces of it with holes for slots.
//!
//! Equal text is kept once. Passwords and tokens are not in it, they come when a request is
//! filled; added headers are, so that it shows only its size.

use std::collections::HashMap;
use std::fmt;

use bytes::{Bytes, BytesMut};
use http::{HeaderName, Method};

use crate::slot::{self, Kind, Place};

/// A slot of the plan: what is missing, and whose or which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// What is missing.
    pub(crate) kind: Kind,
    /// An index: into the plan's identities, or of a fresh value.
    pub(crate) subject: u32,
}

/// Text with holes, as a run of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    first: u32,
    count: u32,
}

/// A request with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Its method.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: Text,
    first_header: u32,
    header_count: u32,
    /// Its body.
    pub(crate) body: Body,
    /// Whether it goes to the load-test path, and so carries the key.
    pub(crate) gated: bool,
}

/// A request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// Bytes of the original length, because its content could not be kept.
    Filler(u64),
    /// None.
    None,
    /// What was recorded.
    Text(Text),
}

/// All text of a plan.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Store {
    arena: Bytes,
    pieces: Vec<Piece>,
    headers: Vec<(u16, Text)>,
    names: Vec<HeaderName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal { at: u64, len: u32 },
    Hole { slot: Slot, place: Place },
}

/// The slot that could not be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfilled;

impl Store {
    /// The text with its holes filled.
    pub(crate) fn fill(
        &self,
        text: Text,
        value: &dyn Fn(Slot) -> Option<String>,
    ) -> Result<Bytes, Unfilled> {
        let pieces = self.pieces_of(text);
        if let [Piece::Literal { at, len }] = *pieces {
            return Ok(self.literal(at, len));
        }
        let mut filled = BytesMut::new();
        for piece in pieces {
            match *piece {
                Piece::Literal { at, len } => filled.extend_from_slice(&self.literal(at, len)),
                Piece::Hole { slot, place } => {
                    let value = value(slot).ok_or(Unfilled)?;
                    filled.extend_from_slice(slot::encode(&value, place).as_bytes());
                }
            }
        }
        Ok(filled.freeze())
    }

    /// The request's headers in order.
    pub(crate) fn headers(&self, request: &Request) -> impl Iterator<Item = (&HeaderName, Text)> {
        range(&self.headers, request.first_header, request.header_count)
            .iter()
            .map(|&(name, text)| (&self.names[usize::from(name)], text))
    }

    /// Bytes of the request on the wire, holes and the connection's own headers apart.
    pub(crate) fn size(&self, request: &Request) -> u64 {
        let headers: u64 = self
            .headers(request)
            .map(|(name, text)| name.as_str().len() as u64 + 4 + self.len(text))
            .sum();
        let body = match request.body {
            Body::Filler(bytes) => bytes,
            Body::None => 0,
            Body::Text(text) => self.len(text),
        };
        request.method.as_str().len() as u64 + self.len(request.target) + 14 + headers + body
    }

    fn len(&self, text: Text) -> u64 {
        self.pieces_of(text)
            .iter()
            .map(|piece| match *piece {
                Piece::Literal { len, .. } => u64::from(len),
                Piece::Hole { .. } => 0,
            })
            .sum()
    }

    fn literal(&self, at: u64, len: u32) -> Bytes {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        self.arena.slice(from..from + len as usize)
    }

    fn pieces_of(&self, text: Text) -> &[Piece] {
        range(&self.pieces, text.first, text.count)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} bytes)", self.arena.len())
    }
}

/// Builds a [`Store`].
#[derive(Default)]
pub(crate) struct StoreBuilder {
    arena: BytesMut,
    store: Store,
    known: HashMap<Box<[u8]>, Text>,
    known_names: HashMap<HeaderName, u16>,
}

/// The parts of a request, before they are stored.
pub(crate) struct Draft {
    /// Its method.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: Text,
    /// Its headers in order.
    pub(crate) headers: Vec<(HeaderName, Text)>,
    /// Its body.
    pub(crate) body: Body,
    /// Whether it goes to the load-test path.
    pub(crate) gated: bool,
}

impl StoreBuilder {
    /// Stores a request.
    pub(crate) fn request(&mut self, draft: Draft) -> Request {
        let first_header = index(self.store.headers.len());
        let header_count = index(draft.headers.len());
        for (name, text) in draft.headers {
            let name = self.name(name);
            self.store.headers.push((name, text));
        }
        Request {
            method: draft.method,
            target: draft.target,
            first_header,
            header_count,
            body: draft.body,
            gated: draft.gated,
        }
    }

    /// Stores bytes that have no holes.
    pub(crate) fn literal(&mut self, bytes: &[u8]) -> Text {
        if let Some(&text) = self.known.get(bytes) {
            return text;
        }
        let piece = self.append(bytes);
        let text = self.text(&[piece]);
        self.known.insert(bytes.into(), text);
        text
    }

    /// Stores text with its slots as holes; `subject` tells whose or which a slot is.
    pub(crate) fn template(
        &mut self,
        text: &str,
        place: Place,
        mut subject: impl FnMut(Kind, &str) -> u32,
    ) -> Text {
        let parts = slot::parts(text);
        if parts
            .iter()
            .all(|part| matches!(part, slot::Part::Literal(_)))
        {
            return self.literal(text.as_bytes());
        }
        let pieces: Vec<_> = parts
            .into_iter()
            .map(|part| match part {
                slot::Part::Literal(literal) => self.append(literal.as_bytes()),
                slot::Part::Slot { kind, name } => Piece::Hole {
                    slot: Slot {
                        kind,
                        subject: subject(kind, name),
                    },
                    place,
                },
            })
            .collect();
        self.text(&pieces)
    }

    /// Everything stored so far.
    pub(crate) fn finish(self) -> Store {
        Store {
            arena: self.arena.freeze(),
            ..self.store
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Piece {
        let at = self.arena.len() as u64;
        self.arena.extend_from_slice(bytes);
        Piece::Literal {
            at,
            len: index(bytes.len()),
        }
    }

    fn text(&mut self, pieces: &[Piece]) -> Text {
        let first = index(self.store.pieces.len());
        self.store.pieces.extend_from_slice(pieces);
        Text {
            first,
            count: index(pieces.len()),
        }
    }

    fn name(&mut self, name: HeaderName) -> u16 {
        let next = u16::try_from(self.store.names.len()).unwrap_or(u16::MAX);
        *self.known_names.entry(name).or_insert_with_key(|name| {
            self.store.names.push(name.clone());
            next
        })
    }
}

/// An index into the plan; four billion pieces would not fit in memory.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn range<T>(items: &[T], first: u32, count: u32) -> &[T] {
    &items[first as usize..][..count as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_with_its_holes_filled() {
        let mut builder = StoreBuilder::default();
        let plain = builder.literal(b"/a?b=c");
        let slotted = builder.template("{\"p\":\"{{password:u1}}\"}", Place::Json, |_, _| 7);
        let store = builder.finish();
        let none = |_: Slot| None;
        assert_eq!(store.fill(plain, &none).unwrap(), "/a?b=c");
        assert_eq!(store.fill(slotted, &none), Err(Unfilled));
        let value = |slot: Slot| (slot.subject == 7).then(|| "a\"b".to_owned());
        assert_eq!(store.fill(slotted, &value).unwrap(), "{\"p\":\"a\\\"b\"}");
    }

    #[test]
    fn equal_text_is_kept_once() {
        let mut builder = StoreBuilder::default();
        assert_eq!(builder.literal(b"same"), builder.literal(b"same"));
        assert_eq!(builder.finish().arena, "same");
    }
}
