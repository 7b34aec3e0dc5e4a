//! What is known of a request while it is on its way.
//!
//! The time of the first byte is taken at the system call, so that the queueing of tasks counts as
//! lateness before it and not as the target's time.

use std::cell::Cell;

use crate::clock;

/// Times of [`crate::clock`], and bytes.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// When its first byte was handed to the system, or the connection for it was begun; 0 before.
    pub(super) sent_ns: Cell<u64>,
    /// When the last byte came in; 0 when none did.
    pub(super) last_read_ns: Cell<u64>,
    /// Bytes written.
    pub(super) written: Cell<u64>,
    /// Bytes read.
    pub(super) read: Cell<u64>,
}

impl Track {
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
}
