//! An exchange as it is played, and what it takes of other exchanges and gives to them.
//!
//! Plain data; texts are in the window that the entry is of.

use std::ops::Range;

use crate::locator::Locator;

use super::window::{Text, index};

/// An exchange of the capture, as it is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Nanoseconds from the first one.
    pub(crate) at_ns: u64,
    /// From the end of its session's previous answer to here, in recorded nanoseconds; `None` when
    /// its session begins with it.
    pub(crate) pause_ns: Option<u64>,
    /// Its session's number, from 0.
    pub(crate) session: u32,
    /// The number of who was behind that.
    pub(crate) user: u32,
    /// The recorded connection.
    pub(crate) connection: u64,
    /// Its route's number.
    pub(crate) route: u32,
    /// What is sent.
    pub(crate) request: Request,
    /// The identity whose token the request carries.
    pub(crate) needs: Option<u32>,
    /// The identity that the answer gives a token to.
    pub(crate) gives: Option<u32>,
    /// Whether it gets that token for a refresh token.
    pub(crate) refreshes: bool,
    /// The recorded status; 0 when the recorded client left before there was one.
    pub(crate) status: u16,
    /// How long the recorded answer took.
    pub(crate) took_ns: u64,
    /// Whether the request carries an identifier that the application made.
    pub(crate) identifier: bool,
    /// What later requests use of its answer.
    pub(crate) sources: Run,
    /// What it uses of earlier ones.
    pub(crate) links: Run,
    /// The place of its cookies, where its session has any at all.
    pub(crate) cookies: Option<u32>,
    /// The place of its answer's recorded shape, where it may be compared.
    pub(crate) shape: Option<u32>,
}

/// Some that follow each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Run {
    first: u32,
    count: u32,
}

impl Run {
    /// What was added to a list since it had this length.
    pub(super) fn since<T>(length: usize, list: &[T]) -> Self {
        Self {
            first: index(length),
            count: index(list.len() - length),
        }
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Their places.
    pub(crate) fn places(self) -> Range<u32> {
        self.first..self.first + self.count
    }

    /// Those of a list.
    pub(crate) fn of<T>(self, list: &[T]) -> &[T] {
        &list[self.first as usize..][..self.count as usize]
    }
}

/// A value of an answer that later requests use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// What it is known by.
    pub(crate) key: u64,
    /// Where it is; `None` for a place that no answer has.
    pub(crate) place: Option<Locator>,
    /// By how many places.
    pub(crate) uses: u32,
}

/// A place of a request at which a value of an earlier answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// What the value is known by.
    pub(crate) key: u64,
    /// What the place is known by, the same in all requests of the route.
    pub(crate) place: u64,
    pub(super) recorded: (u32, u32),
}

/// The cookies of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CookieLine {
    /// The path that they are for, as the application knows it.
    pub(crate) path: Box<str>,
    /// Names, and what was recorded of their values.
    pub(crate) crumbs: Box<[(Box<str>, Text)]>,
}

/// A user within a session: what has a token of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its number.
    pub(crate) number: u32,
    /// The session.
    pub(crate) session: u32,
    /// The user.
    pub(crate) user: u32,
    /// Whether it needs a token before it logs in by itself.
    pub(crate) logs_in_first: bool,
}

/// A request with holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    /// Everything before the body, as HTTP/1.1 writes it; where the body has holes, its length and
    /// the empty line are still to come.
    pub(crate) head: Text,
    /// The body.
    pub(crate) body: Body,
    /// What its method means to who sends it.
    pub(crate) method: Method,
}

/// What a method means to who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    /// It is HEAD: the answer has no body.
    pub(crate) head: bool,
    /// It may be sent again when a connection turns out to be dead (RFC 9110, 9.2.2).
    pub(crate) idempotent: bool,
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
