//! What is known of a request while it is on its way, from where it could go out.
//!
//! The time of the first byte is taken at the system call, so that the queueing of tasks counts as
//! lateness before it and not as the target's time.

use std::cell::Cell;

use crate::clock;

use super::super::outcome::{Answer, Failure, Outcome, Steps};

/// Times of [`crate::clock`], and bytes.
#[derive(Debug)]
pub(super) struct Track {
    /// When it could go out, apart from what was wrong with this program.
    ready_ns: Cell<u64>,
    /// It waited for a connection.
    held: Cell<bool>,
    /// When its first byte was handed to the system, or the connection for it was begun; 0 before.
    sent_ns: Cell<u64>,
    /// How long it waited for a connection that was free.
    blocked_ns: Cell<u64>,
    /// When the connection that was begun for it stood; 0 where there was one.
    connected_ns: Cell<u64>,
    /// When the last byte was written; 0 before.
    last_written_ns: Cell<u64>,
    /// When the first byte came in, and the last; 0 when none did.
    first_read_ns: Cell<u64>,
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
            blocked_ns: Cell::default(),
            connected_ns: Cell::default(),
            last_written_ns: Cell::default(),
            first_read_ns: Cell::default(),
            last_read_ns: Cell::default(),
            written: Cell::default(),
            read: Cell::default(),
        }
    }

    /// There was no connection for it until now, which is the target's doing, or was asked for.
    pub(super) fn waited(&self) {
        let (ready_ns, now_ns) = (self.ready_ns.get(), clock::now_ns());
        self.held.set(true);
        self.ready_ns.set(ready_ns.max(now_ns));
        let blocked_ns = now_ns.saturating_sub(ready_ns);
        self.blocked_ns.set(self.blocked_ns.get() + blocked_ns);
    }

    /// The first byte is handed to the system now, or the connection for it is begun.
    pub(super) fn sends(&self) {
        if self.sent_ns.get() == 0 {
            self.sent_ns.set(clock::now_ns());
        }
    }

    /// The connection that was begun for it stands.
    pub(super) fn connected(&self) {
        self.connected_ns.set(clock::now_ns());
    }

    /// So many bytes were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.last_written_ns.set(clock::now_ns());
        self.written.set(self.written.get() + bytes as u64);
    }

    /// So many bytes came in.
    pub(super) fn got(&self, bytes: usize) {
        if bytes > 0 {
            let now_ns = clock::now_ns();
            if !self.has_read() {
                self.first_read_ns.set(now_ns);
            }
            self.last_read_ns.set(now_ns);
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
            steps: self.steps(sent_ns, ended_ns),
            written: self.written.get(),
            read: self.read.get(),
            answer,
        }
    }

    fn steps(&self, sent_ns: u64, ended_ns: u64) -> Steps {
        let (written_ns, read_ns) = (self.last_written_ns.get(), self.first_read_ns.get());
        let connecting_ns = self.connected_ns.get().saturating_sub(sent_ns);
        let between = |from_ns: u64, to_ns: u64| match (from_ns, to_ns) {
            (0, _) | (_, 0) => 0,
            _ => to_ns.saturating_sub(from_ns),
        };
        Steps {
            blocked_ns: self.blocked_ns.get(),
            connecting_ns,
            sending_ns: between(sent_ns + connecting_ns, written_ns),
            waiting_ns: between(written_ns, read_ns),
            receiving_ns: between(read_ns, ended_ns),
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
    fn steps_add_up_to_the_service_time() {
        let track = Track::new(clock::now_ns());
        track.waited();
        track.sends();
        track.connected();
        track.sends();
        track.wrote(1);
        track.wrote(2);
        track.got(1);
        track.got(2);
        let outcome = track.outcome(Ok(Answer::default()));
        let steps = outcome.steps;
        let sum = steps.connecting_ns + steps.sending_ns + steps.waiting_ns + steps.receiving_ns;
        assert_eq!(sum, outcome.ended_ns - outcome.sent_ns);
        assert!(steps.blocked_ns > 0 && steps.connecting_ns > 0 && steps.waiting_ns > 0);
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
