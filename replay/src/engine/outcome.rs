//! What happened to one arrival.
//!
//! Plain data, and the names of the ways to fail.

use std::io;

use bytes::Bytes;

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
    /// Bytes written.
    pub(crate) written: u64,
    /// Bytes read.
    pub(crate) read: u64,
    /// The answer, or why there is none.
    pub(crate) answer: Result<Answer, Failure>,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its body, where it was asked for.
    pub(crate) body: Option<Bytes>,
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
    /// The answer is no HTTP, or the request can't be written as HTTP.
    Protocol,
    /// The answer broke off.
    Read,
    /// The target reset the connection.
    Reset,
    /// No complete answer in time.
    Timeout,
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
            Self::Protocol => "protocol",
            Self::Read => "read",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Write => "write",
        }
    }

    /// What a failed attempt to connect was.
    pub(super) fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::ConnectRefused,
            io::ErrorKind::TimedOut => Self::ConnectTimeout,
            _ => Self::ConnectOther,
        }
    }

    /// What a failed exchange on a standing connection was.
    pub(super) fn of_exchange(error: &hyper::Error) -> Self {
        let source = std::error::Error::source(error);
        let io = source.and_then(|source| source.downcast_ref::<io::Error>());
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionReset) => Self::Reset,
            Some(io::ErrorKind::BrokenPipe) => Self::Write,
            _ if error.is_parse() || error.is_user() => Self::Protocol,
            _ if error.is_body_write_aborted() => Self::Write,
            _ => Self::Read,
        }
    }
}
