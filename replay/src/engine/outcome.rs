//! A request as it goes out, and what happened to it.
//!
//! Plain data, and the names of the ways to fail.

use std::io;

/// A request as HTTP/1.1 writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    /// Everything before the body, and a short body too.
    pub(super) head: &'a [u8],
    /// The rest.
    pub(super) body: Payload<'a>,
    /// It is a HEAD request: its answer has no body.
    pub(super) is_head: bool,
    /// It may be sent again when the connection turns out to be dead.
    pub(super) is_idempotent: bool,
    /// What is wanted of the answer.
    pub(super) keep: Keep,
}

/// What is kept of an answer besides its status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Its header lines.
    pub(super) head: bool,
    /// So many bytes of its body, from the beginning.
    pub(super) body: usize,
}

impl Keep {
    /// What either of both is.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            head: self.head || other.head,
            body: self.body.max(other.body),
        }
    }

    /// What somebody looks into: values are near the beginning of a body.
    pub(super) const ALL: Self = Self {
        head: true,
        body: 1 << 20,
    };
    /// For cookies.
    pub(super) const HEAD: Self = Self {
        head: true,
        body: 0,
    };
    /// Nothing.
    pub(super) const NOTHING: Self = Self {
        head: false,
        body: 0,
    };

    /// So much of its body alone.
    pub(crate) const fn body(bytes: usize) -> Self {
        Self {
            head: false,
            body: bytes,
        }
    }
}

/// What follows the head.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    /// These bytes, maybe none.
    Bytes(&'a [u8]),
    /// So many bytes that mean nothing.
    Filler(u64),
}

impl<'a> Outgoing<'a> {
    /// Bytes of it.
    pub(super) const fn len(&self) -> u64 {
        self.head.len() as u64 + self.body.len()
    }

    /// Some of what follows its first bytes; `None` at its end.
    pub(super) fn from(&self, written: u64) -> Option<&'a [u8]> {
        match written.checked_sub(self.head.len() as u64) {
            Some(written) => self.body.from(written),
            None => usize::try_from(written).ok().map(|at| &self.head[at..]),
        }
    }
}

impl<'a> Payload<'a> {
    /// Bytes of it.
    pub(super) const fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filler(length) => *length,
        }
    }

    /// Some of what follows its first bytes; `None` at its end.
    pub(super) fn from(&self, written: u64) -> Option<&'a [u8]> {
        let left = usize::try_from(self.len().saturating_sub(written)).unwrap_or(usize::MAX);
        if left == 0 {
            return None;
        }
        Some(match self {
            Self::Bytes(bytes) => &bytes[bytes.len() - left..],
            Self::Filler(_) => &FILLER[..left.min(FILLER.len())],
        })
    }
}

/// The end of one arrival that was sent, or that could not be for want of a token.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// When neither its due time nor an answer that it depends on held it back any more, had
    /// everything before it been sent on time.
    pub(crate) ready_ns: u64,
    /// Whether it waited for the target's answer to an earlier arrival, or queued behind one that
    /// did: when it was sent was then not for the generator alone to decide.
    pub(crate) held: bool,
    /// When its first byte was written, or the connection for it was begun.
    pub(crate) sent_ns: u64,
    /// When its last byte was read, or it was given up.
    pub(crate) ended_ns: u64,
    /// What it took, step by step.
    pub(crate) steps: Steps,
    /// Bytes written.
    pub(crate) written: u64,
    /// Bytes read.
    pub(crate) read: u64,
    /// The answer, or why there is none.
    pub(crate) answer: Result<Answer, Failure>,
}

/// What a request took step by step, in nanoseconds; 0 for what it did not do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Steps {
    /// Waiting for a free connection.
    pub(crate) blocked_ns: u64,
    /// Connecting.
    pub(crate) connecting_ns: u64,
    /// From its first byte to its last.
    pub(crate) sending_ns: u64,
    /// From its last byte to the first of the answer.
    pub(crate) waiting_ns: u64,
    /// From the first byte of the answer to its last.
    pub(crate) receiving_ns: u64,
}

/// A complete answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its header lines (`name: value`), where they were asked for.
    pub(crate) head: Vec<u8>,
    /// The beginning of its body, where it was asked for.
    pub(crate) body: Vec<u8>,
}

/// Adds a header line.
pub(super) fn header_line(head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// The request carries a token and its session has none.
    Auth,
    /// No connection, for another reason.
    ConnectOther,
    /// Nobody listens.
    ConnectRefused,
    /// No connection in time.
    ConnectTimeout,
    /// The run was interrupted before the answer was complete.
    Interrupted,
    /// A value that the request uses was given by no answer, and it was not to be sent without.
    Link,
    /// The answer is no HTTP, or the request can't be written as HTTP.
    Protocol,
    /// The answer broke off.
    Read,
    /// The target reset the connection.
    Reset,
    /// No complete answer in time.
    Timeout,
    /// No answer had begun to come in time.
    TimeoutAnswer,
    /// No secure connection: a certificate, or what the target understands of TLS.
    Tls,
    /// No secure connection in time.
    TlsTimeout,
    /// The request could not be written.
    Write,
}

impl Failure {
    /// Its name in the summary.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::ConnectOther => "connect.other",
            Self::ConnectRefused => "connect.refused",
            Self::ConnectTimeout => "connect.timeout",
            Self::Interrupted => "interrupted",
            Self::Link => "link",
            Self::Protocol => "protocol",
            Self::Read => "read",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::TimeoutAnswer => "timeout.answer",
            Self::Tls => "tls",
            Self::TlsTimeout => "tls.timeout",
            Self::Write => "write",
        }
    }

    /// What a failed attempt to connect was.
    pub(super) fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::ConnectRefused,
            io::ErrorKind::TimedOut => Self::ConnectTimeout,
            // It stood, and was reset before anything could be asked of it.
            io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected => Self::Reset,
            _ => Self::ConnectOther,
        }
    }

    /// What a failed read was.
    pub(super) fn of_read(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset,
            // What TLS calls an answer that is none.
            io::ErrorKind::InvalidData => Self::Tls,
            _ => Self::Read,
        }
    }

    /// What a failed write was.
    pub(super) fn of_write(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset,
            _ => Self::Write,
        }
    }
}

/// What stands for bodies that were not kept.
const FILLER: &[u8] = &[b'x'; 16 * 1024];

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: Outgoing<'_>, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(next) = request.from(all.len() as u64) {
            all.extend_from_slice(&next[..next.len().min(step)]);
        }
        assert_eq!(all.len() as u64, request.len());
        all
    }

    #[test]
    fn a_request_comes_out_whole_in_steps_of_any_size() {
        let of = |body| Outgoing {
            head: b"HEAD",
            body,
            is_head: false,
            is_idempotent: true,
            keep: Keep::NOTHING,
        };
        for step in [1, 3, 7, 100_000] {
            assert_eq!(written(of(Payload::Bytes(b"body")), step), b"HEADbody");
            assert_eq!(written(of(Payload::Bytes(b"")), step), b"HEAD");
            let filled = written(of(Payload::Filler(40_000)), step);
            assert_eq!(filled, [&b"HEAD"[..], &[b'x'; 40_000]].concat());
        }
    }
}
