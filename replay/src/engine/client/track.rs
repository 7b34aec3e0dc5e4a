//! What is known of a request while it is on its way, from where it could go out.
//!
//! The time of the first byte is taken at the system call, so that the queueing of tasks counts as
//! lateness before it and not as the target's time.

use std::cell::Cell;

use crate::clock;

use super::super::outcome::{Answer, Failure, Outcome};

/// Times of [`crate::clock`], and bytes.
#[derive(Debug)]
pub(super) struct Track {
    /// When it could go out, apart from what was wrong with this program.
    ready_ns: Cell<u64>,
    /// It waited for a connection.
    held: Cell<bool>,
    /// When its first byte was handed to the system, or the connection for it was begun; 0 before.
    sent_ns: Cell<u64>,
    /// When the last byte came in; 0 when none did.
    last_read_ns: Cell<u64>,
    /// Bytes written.
    written: Cell<u64>,
    /// Bytes read.
    read: Cell<u64>,
}

impl Track {
    /// It could go out at this time.
    pub(super) fn new(ready_ns: u64) -> Self {
        Self {
            ready_ns: Cell::new(ready_ns),
            held: Cell::default(),
            sent_ns: Cell::default(),
            last_read_ns: Cell::default(),
            written: Cell::default(),
            read: Cell::default(),
        }
    }

    /// There was no connection for it until now, which is the target's doing, or was asked for.
    pub(super) fn waited(&self) {
        self.held.set(true);
        self.ready_ns.set(self.ready_ns.get().max(clock::now_ns()));
    }

    /// The first byte is handed to the system now, or the connection for it is begun.
    pub(super) fn sends(&self) {
        if self.sent_ns.get() == 0 {
            self.sent_ns.set(clock::now_ns());
        }
    }

    /// So many bytes were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.set(self.written.get() + bytes as u64);
    }

    /// So many bytes came in.
    pub(super) fn got(&self, bytes: usize) {
        if bytes > 0 {
            self.last_read_ns.set(clock::now_ns());
            self.read.set(self.read.get() + bytes as u64);
        }
    }

    /// Whether any byte came in.
    pub(super) fn has_read(&self) -> bool {
        self.read.get() > 0
    }

    /// What became of it.
    pub(super) fn outcome(self, answer: Result<Answer, Failure>) -> Outcome {
        let ended_ns = match (self.last_read_ns.get(), &answer) {
            (read_ns @ 1.., Ok(_)) => read_ns,
            _ => clock::now_ns(),
        };
        let sent_ns = match self.sent_ns.get() {
            0 => ended_ns,
            sent_ns => sent_ns,
        };
        Outcome {
            ready_ns: self.ready_ns.get(),
            held: self.held.get(),
            sent_ns,
            ended_ns,
            written: self.written.get(),
            read: self.read.get(),
            answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_was_sent_when_its_first_byte_was() {
        let track = Track::new(0);
        track.sends();
        let first_ns = track.sent_ns.get();
        while clock::now_ns() == first_ns {}
        track.sends();
        assert!(first_ns > 0);
        assert_eq!(track.sent_ns.get(), first_ns);
    }

    #[test]
    fn the_end_of_a_connection_is_no_byte() {
        let track = Track::new(0);
        track.got(0);
        assert_eq!((track.read.get(), track.last_read_ns.get()), (0, 0));
        track.got(3);
        track.got(4);
        assert_eq!(track.read.get(), 7);
        assert!(track.last_read_ns.get() > 0);
    }
}
