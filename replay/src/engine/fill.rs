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
use super::outcome::{Failure, KEPT_BODY, Outgoing, Payload};
use super::players::Players;

/// Fills a request's holes. Its head is written to `head`, a short body with it.
pub(super) fn fill<'a>(
    job: &Job,
    players: &Players,
    arrival: &'a Arrival,
    head: &'a mut Vec<u8>,
    body: &'a mut Vec<u8>,
) -> Result<Outgoing<'a>, Failure> {
    head.clear();
    let filling = Filling {
        job,
        players,
        arrival,
    };
    let entry = arrival.entry();
    let request = &entry.request;
    filling.write(request.head, head)?;
    let rest = match request.body {
        Body::None => Payload::Bytes(&[]),
        Body::Filler(length) => Payload::Filler(length),
        Body::Text(text) => match arrival.window.literal(text) {
            Some(bytes) => Payload::Bytes(bytes),
            None => {
                body.clear();
                filling.write(text, body)?;
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
        keep: if entry.gives.is_some() { KEPT_BODY } else { 0 },
    })
}

/// Where the holes of one request get their values.
struct Filling<'a> {
    job: &'a Job,
    players: &'a Players,
    arrival: &'a Arrival,
}

impl Filling<'_> {
    fn write(&self, text: Text, out: &mut Vec<u8>) -> Result<(), Failure> {
        for part in self.arrival.window.parts(text) {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Hole(Hole::Address, _) => self.address(out),
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
        if kind == Kind::Fresh {
            let fresh = self
                .job
                .run
                .fresh(number, self.arrival.clone, self.arrival.lap);
            out.extend_from_slice(fresh.as_bytes());
            return Ok(());
        }
        let identity = number * self.job.clones + self.arrival.clone;
        let user = || self.players.test_user(self.job, identity);
        let found = match kind {
            Kind::Auth => self
                .players
                .access(identity, |token| put(token, place, out)),
            Kind::Refresh => self
                .players
                .refresh(identity, |token| put(token, place, out)),
            Kind::Password => user().map(|user| put(user.password.expose_secret(), place, out)),
            Kind::Username => user().map(|user| put(&user.username, place, out)),
            Kind::Fresh => None,
        };
        found.unwrap_or(Err(Failure::Auth))
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

    /// A value that no other run has, and no other clone or lap, and the same for the same number.
    fn fresh(&self, number: u32, clone: u32, lap: u32) -> String {
        let mut hash = Sha256::new();
        hash.update(self.id.as_bytes());
        for part in [number, clone, lap] {
            hash.update(part.to_le_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }
}

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
