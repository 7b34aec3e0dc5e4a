//! Makes a request of the plan ready to be sent: fills its holes.
//!
//! The one place where secrets are written into requests.

use std::io::Write as _;

use http::HeaderValue;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::plan::{Arrival, Body, Hole, Part, Text, address};
use crate::slot::{self, Kind, Place};

use super::Job;
use super::jar::Crumb;
use super::memory::{Memory, Values};
use super::outcome::{Failure, Keep, Outgoing, Payload};

/// Where the holes of one request get their values.
pub(super) struct Filling<'a> {
    pub(super) job: &'a Job,
    pub(super) memory: &'a Memory,
    /// The place of the arrival's session.
    pub(super) session: usize,
    pub(super) arrival: &'a Arrival,
    /// What its links lead to.
    pub(super) values: &'a Values,
    /// What is wanted of its answer.
    pub(super) keep: Keep,
}

impl<'a> Filling<'a> {
    /// Fills a request's holes. Its head is written to `head`, a short body with it.
    pub(super) fn fill(
        &self,
        head: &'a mut Vec<u8>,
        body: &'a mut Vec<u8>,
    ) -> Result<Outgoing<'a>, Failure> {
        head.clear();
        let request = &self.arrival.entry().request;
        self.write(request.head, head)?;
        let rest = match request.body {
            Body::None => Payload::Bytes(&[]),
            Body::Filler(length) => Payload::Filler(length),
            Body::Text(text) => match self.arrival.window.literal(text) {
                Some(bytes) => Payload::Bytes(bytes),
                None => {
                    body.clear();
                    self.write(text, body)?;
                    // The head ends where the length was not known.
                    append(head, format_args!("content-length: {}\r\n\r\n", body.len()));
                    Payload::Bytes(body)
                }
            },
        };
        let rest = match rest {
            Payload::Bytes(bytes) if bytes.len() <= SHORT => {
                head.extend_from_slice(bytes);
                Payload::Bytes(&[])
            }
            rest => rest,
        };
        Ok(Outgoing {
            head,
            body: rest,
            is_head: request.method.head,
            is_idempotent: request.method.idempotent,
            keep: self.keep,
        })
    }

    fn write(&self, text: Text, out: &mut Vec<u8>) -> Result<(), Failure> {
        for part in self.arrival.window.parts(text) {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Hole(Hole::Address, _) => self.address(out),
                Part::Hole(Hole::Cookies(place), _) => self.cookies(place, out)?,
                Part::Hole(Hole::Gate, _) => mark(self.job, out),
                Part::Hole(Hole::Slot(kind, number), place) => {
                    self.slot(kind, number, place, out)?;
                }
            }
        }
        Ok(())
    }

    fn slot(
        &self,
        kind: Kind,
        number: u32,
        place: Place,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Arrival { clone, lap, .. } = *self.arrival;
        match kind {
            Kind::Fresh => {
                let fresh = self.job.run.fresh(number, clone, lap);
                out.extend_from_slice(fresh.as_bytes());
                Ok(())
            }
            Kind::Unique => {
                out.extend_from_slice(self.job.run.unique(clone, lap).as_bytes());
                Ok(())
            }
            Kind::Link | Kind::Number => self.link(number, place, out),
            Kind::Auth | Kind::Password | Kind::Refresh | Kind::Username => {
                self.credential(kind, number, place, out)
            }
        }
    }

    fn credential(
        &self,
        kind: Kind,
        number: u32,
        place: Place,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let identity = self.job.identity(number, self.arrival);
        let players = &self.memory.players;
        let user = || players.test_user(self.job, identity);
        let found = match kind {
            Kind::Auth => players.access(identity, |token| put(token, place, out)),
            Kind::Refresh => players.refresh(identity, |token| put(token, place, out)),
            Kind::Password => user().map(|user| put(user.password.expose_secret(), place, out)),
            _ => user().map(|user| put(&user.username, place, out)),
        };
        found.unwrap_or(Err(Failure::Auth))
    }

    /// The live value of a link, or what was recorded.
    fn link(&self, number: u32, place_of: Place, out: &mut Vec<u8>) -> Result<(), Failure> {
        let (window, links) = (&self.arrival.window, self.arrival.entry().links);
        let place = links.places().position(|place| place == number);
        // A capture that somebody else wrote may have a slot of no link.
        let place = place.ok_or(Failure::Link)?;
        match &self.values.all[place] {
            Some(live) => put(live, place_of, out),
            None => {
                out.extend_from_slice(window.recorded(&links.of(&window.links)[place]));
                Ok(())
            }
        }
    }

    /// The cookies that were recorded, each with its live value where the target set one.
    fn cookies(&self, place: u32, out: &mut Vec<u8>) -> Result<(), Failure> {
        let Some(line) = self.arrival.window.cookies(place) else {
            return Ok(());
        };
        let start = out.len();
        out.extend_from_slice(b"cookie: ");
        let empty = out.len();
        for (name, recorded) in &line.crumbs {
            let before = out.len();
            if before > empty {
                out.extend_from_slice(b"; ");
            }
            if !name.is_empty() {
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
            }
            let is_sent = self.crumb(name, *recorded, &line.path, out)?;
            if !is_sent {
                out.truncate(before);
            }
        }
        if out.len() == empty {
            out.truncate(start);
        } else {
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    /// Writes a cookie's value; tells whether there is one.
    fn crumb(
        &self,
        name: &str,
        recorded: Text,
        path: &str,
        out: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        let secure = self.job.is_secure();
        let live = |crumb: Crumb<'_>| match crumb {
            Crumb::Unknown => None,
            Crumb::Gone => Some(Ok(false)),
            Crumb::Value(value) => Some(put(value, Place::Plain, out).map(|()| true)),
        };
        let known = self.memory.cookie(self.session, name, path, secure, live);
        known.unwrap_or_else(|| self.write(recorded, out).map(|()| true))
    }

    fn address(&self, out: &mut Vec<u8>) {
        let player = self.arrival.entry().user * self.job.clones + self.arrival.clone;
        if let Some(address) = self.job.addresses.and_then(|range| address(range, player)) {
            append(out, format_args!("x-forwarded-for: {address}\r\n"));
        }
    }
}

/// Adds what the load-test path asks for.
pub(super) fn mark(job: &Job, out: &mut Vec<u8>) {
    if let Some(key) = &job.key {
        out.extend_from_slice(b"x-load-test-key: ");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    append(out, format_args!("x-load-test-run: {}\r\n", job.run.id));
}

/// A value as it must be written at that place. One that would end a header is refused.
fn put(value: &str, place: Place, out: &mut Vec<u8>) -> Result<(), Failure> {
    if place == Place::Plain && HeaderValue::from_str(value).is_err() {
        return Err(Failure::Protocol);
    }
    out.extend_from_slice(slot::encode(value, place).as_bytes());
    Ok(())
}

/// Memory takes all.
pub(super) fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _written = out.write_fmt(text);
}

/// The run's name, and the values that are new in it.
pub(crate) struct Run {
    /// Its name.
    pub(crate) id: String,
}

impl Run {
    /// A run that no other is called.
    pub(crate) fn new() -> Self {
        Self {
            id: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// Letters that no other run has, and no other clone or lap.
    fn unique(&self, clone: u32, lap: u32) -> String {
        let bytes = self.hash([u32::MAX, clone, lap]);
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        bytes[..UNIQUE].iter().map(letter).collect()
    }

    /// A value that no other run has, and no other clone or lap, and the same for the same number.
    fn fresh(&self, number: u32, clone: u32, lap: u32) -> String {
        let bytes = self.hash([number, clone, lap]);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    fn hash(&self, parts: [u32; 3]) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.id.as_bytes());
        for part in parts {
            hash.update(part.to_le_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes
    }
}

/// What unique letters are drawn from, and how many there are: two of a million runs may agree.
const LETTERS: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345678";
const UNIQUE: usize = 8;

/// Bodies up to here are written together with their head.
const SHORT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_values_are_equal_for_equal_numbers_and_new_in_every_run() {
        let (run, other) = (Run::new(), Run::new());
        assert_eq!(run.fresh(1, 0, 0), run.fresh(1, 0, 0));
        for different in [
            run.fresh(2, 0, 0),
            run.fresh(1, 1, 0),
            run.fresh(1, 0, 1),
            other.fresh(1, 0, 0),
        ] {
            assert_ne!(run.fresh(1, 0, 0), different);
        }
    }

    #[test]
    fn a_token_cannot_end_a_header() {
        let mut out = Vec::new();
        let split = put("a\r\nx: y", Place::Plain, &mut out);
        assert_eq!((split, out.len()), (Err(Failure::Protocol), 0));
        assert_eq!(put("a\"b", Place::Json, &mut out), Ok(()));
        assert_eq!(out, b"a\\\"b");
    }
}
