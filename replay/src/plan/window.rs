//! A window of the capture, compiled: requests as bytes with holes, in one piece of memory.
//!
//! What fills the holes, such as passwords and tokens, comes when a request is sent. Windows are
//! shared by all that stand for a user, and by all laps.

use std::fmt;

use crate::slot::{self, Kind, Place};

use super::entry::{Body, CookieLine, Entry, Identity, Link, Request, Source};

/// Consecutive exchanges of the capture, ready to be sent.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// In the order of time.
    pub(crate) entries: Vec<Entry>,
    /// Who needs or gets a token here for the first time.
    pub(crate) newcomers: Vec<Identity>,
    /// Values of answers that later requests use, a run of them for each entry.
    pub(crate) sources: Vec<Source>,
    /// What the link slots go back to, a run of them for each entry.
    pub(crate) links: Vec<Link>,
    cookies: Vec<CookieLine>,
    /// Recorded shapes of answers.
    shapes: Vec<Box<str>>,
    /// Bytes that are not in one piece with others.
    beside: usize,
    arena: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Text with holes, as a run of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    first: u32,
    count: u32,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// To be sent as it is.
    Literal(&'a [u8]),
    /// To be filled.
    Hole(Hole, Place),
}

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hole {
    /// The header with the client's address, as a line of its own.
    Address,
    /// The header with the session's cookies, as a line of its own.
    Cookies(u32),
    /// The headers that the load-test path asks for, each as a line of its own.
    Gate,
    /// A slot: of which kind, and the number of an identity, a fresh value or a link.
    Slot(Kind, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal { at: u32, len: u32 },
    Hole(Hole, Place),
}

impl Window {
    /// The text's pieces in order.
    pub(crate) fn parts(&self, text: Text) -> impl Iterator<Item = Part<'_>> {
        let pieces = &self.pieces[text.first as usize..][..text.count as usize];
        pieces.iter().map(|piece| match *piece {
            Piece::Literal { at, len } => Part::Literal(&self.arena[at as usize..][..len as usize]),
            Piece::Hole(hole, place) => Part::Hole(hole, place),
        })
    }

    /// The text as a whole, when it has no holes.
    pub(crate) fn literal(&self, text: Text) -> Option<&[u8]> {
        let mut parts = self.parts(text);
        match (parts.next(), parts.next()) {
            (None, _) => Some(&[]),
            (Some(Part::Literal(bytes)), None) => Some(bytes),
            _ => None,
        }
    }

    /// Bytes of the request on the wire, apart from what is in its holes.
    pub(crate) fn size(&self, request: &Request) -> u64 {
        let body = match request.body {
            Body::Filler(bytes) => bytes,
            Body::None => 0,
            Body::Text(text) => self.len(text),
        };
        self.len(request.head) + body
    }

    /// The path of a request, without its query and without what is in its holes.
    pub(crate) fn path(&self, request: &Request) -> String {
        let literals = self.parts(request.head).filter_map(|part| match part {
            Part::Literal(bytes) => Some(bytes),
            Part::Hole(..) => None,
        });
        let target = literals.flatten().skip_while(|byte| **byte != b' ').skip(1);
        let path = target.take_while(|byte| !b" ?".contains(byte));
        path.copied().map(char::from).collect()
    }

    /// What was recorded at the place of a link, as it stood there.
    pub(crate) fn recorded(&self, link: &Link) -> &[u8] {
        let (at, length) = link.recorded;
        &self.arena[at as usize..][..length as usize]
    }

    /// The cookies at this place.
    pub(crate) fn cookies(&self, place: u32) -> Option<&CookieLine> {
        self.cookies.get(place as usize)
    }

    /// The shape at this place, as JSON.
    pub(crate) fn shape(&self, place: u32) -> &str {
        self.shapes.get(place as usize).map_or("", |shape| shape)
    }

    /// Bytes that the window takes.
    pub(crate) fn weight(&self) -> usize {
        self.arena.len()
            + size_of_val(&*self.pieces)
            + size_of_val(&*self.entries)
            + size_of_val(&*self.newcomers)
            + size_of_val(&*self.sources)
            + size_of_val(&*self.links)
            + size_of_val(&*self.cookies)
            + size_of_val(&*self.shapes)
            + self.beside
    }

    /// Adds a value of an answer, whose place takes so many bytes.
    pub(super) fn source(&mut self, source: Source, bytes: usize) {
        // Each step of a pointer is a piece by itself.
        self.beside += 2 * bytes;
        self.sources.push(source);
    }

    /// Adds a link.
    pub(super) fn link(&mut self, key: u64, place: u64, recorded: &str) {
        let at = index(self.arena.len());
        self.arena.extend_from_slice(recorded.as_bytes());
        let recorded = (at, index(recorded.len()));
        self.links.push(Link {
            key,
            place,
            recorded,
        });
    }

    /// Adds a shape; tells its place.
    pub(super) fn add_shape(&mut self, shape: &str) -> u32 {
        self.beside += shape.len();
        self.shapes.push(shape.into());
        index(self.shapes.len() - 1)
    }

    /// Adds the cookies of a request; tells their place.
    pub(super) fn cookie_line(&mut self, line: CookieLine) -> u32 {
        let names = line.crumbs.iter().map(|(name, _)| name.len());
        self.beside += names.sum::<usize>() + size_of_val(&*line.crumbs) + line.path.len();
        self.cookies.push(line);
        index(self.cookies.len() - 1)
    }

    /// Begins a text.
    pub(super) fn write(&mut self) -> Writing<'_> {
        Writing {
            first: self.pieces.len(),
            window: self,
        }
    }

    fn len(&self, text: Text) -> u64 {
        let lengths = self.parts(text).map(|part| match part {
            Part::Literal(bytes) => bytes.len() as u64,
            Part::Hole(..) => 0,
        });
        lengths.sum()
    }
}

/// A text that is being written.
pub(super) struct Writing<'a> {
    window: &'a mut Window,
    first: usize,
}

impl Writing<'_> {
    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        let Window { arena, pieces, .. } = &mut *self.window;
        let at = index(arena.len());
        arena.extend_from_slice(bytes);
        let length = index(bytes.len());
        match &mut pieces[self.first..] {
            // Nothing else was written in between.
            [.., Piece::Literal { len, .. }] => *len += length,
            _ if length == 0 => {}
            _ => pieces.push(Piece::Literal { at, len: length }),
        }
        self
    }

    /// Adds a hole.
    pub(super) fn hole(&mut self, hole: Hole, place: Place) -> &mut Self {
        self.window.pieces.push(Piece::Hole(hole, place));
        self
    }

    /// Adds text with the slots of the capture in it; `number` tells whose or which a slot is.
    pub(super) fn template(
        &mut self,
        text: &str,
        place: Place,
        number: &mut dyn FnMut(Kind, &str) -> u32,
    ) -> &mut Self {
        if !text.contains("{{") {
            return self.add(text);
        }
        for part in slot::parts(text) {
            match part {
                slot::Part::Literal(literal) => self.add(literal),
                slot::Part::Slot { kind, name } => {
                    let place = match kind {
                        Kind::Number => Place::Number,
                        _ => place,
                    };
                    self.hole(Hole::Slot(kind, number(kind, name)), place)
                }
            };
        }
        self
    }

    /// The text.
    pub(super) fn end(&self) -> Text {
        Text {
            first: index(self.first),
            count: index(self.window.pieces.len() - self.first),
        }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Added headers may be secret.
        write!(
            f,
            "Window({} entries, {} bytes)",
            self.entries.len(),
            self.arena.len()
        )
    }
}

/// An index into the plan; four billion pieces would not fit in memory.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_with_its_holes() {
        let mut window = Window::default();
        let plain = window.write().add("/a").add("?b=c").end();
        let text = "{\"p\":\"{{password:u1}}\"}";
        let slotted = window
            .write()
            .template(text, Place::Json, &mut |_, _| 7)
            .end();
        let empty = window.write().add("").end();
        assert_eq!(window.literal(plain), Some(&b"/a?b=c"[..]));
        assert_eq!(window.literal(empty), Some(&b""[..]));
        assert_eq!(window.literal(slotted), None);
        let parts: Vec<_> = window.parts(slotted).collect();
        let hole = Hole::Slot(Kind::Password, 7);
        assert_eq!(
            parts,
            [
                Part::Literal(b"{\"p\":\""),
                Part::Hole(hole, Place::Json),
                Part::Literal(b"\"}")
            ]
        );
    }
}
