//! The plan: every request of a run, when it is due, and who sends it.
//!
//! Pure: no I/O and no clock. The same capture, settings and seed give the same plan.

mod assign;
mod build;
mod compile;
pub(crate) mod overview;
mod roles;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub(crate) use build::{PlanError, Wanted, build};
pub(crate) use compile::{USER_AGENT, loadtest_path};
pub(crate) use store::{Body, Request, Slot, Store};

/// Every request of a run, compiled before the clock starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In the order in which they are due.
    pub(crate) arrivals: Vec<Arrival>,
    /// How many sessions there are.
    pub(crate) sessions: u32,
    /// Who logs in where.
    pub(crate) identities: Vec<Identity>,
    /// The people behind the sessions.
    pub(crate) users: Vec<User>,
    /// Method and path template of each route, such as `GET /api/v1/people/{id}`.
    pub(crate) routes: Vec<String>,
    /// How many fresh values a run needs.
    pub(crate) fresh: u32,
    /// From the first arrival to the last, at the plan's speed.
    pub(crate) length_ns: u64,
    /// The text of all requests.
    pub(crate) store: Store,
}

/// A request with the moment when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Nanoseconds from the run's start.
    pub(crate) due_ns: u64,
    /// Whose: an index from 0.
    pub(crate) session: u32,
    /// What: an index into [`Plan::routes`].
    pub(crate) route: u32,
    /// What is sent.
    pub(crate) request: Request,
    /// The identity whose token the request carries.
    pub(crate) needs: Option<u32>,
    /// The identity that the answer gives a token to.
    pub(crate) gives: Option<u32>,
    /// The recorded status; 0 when the recorded client left before there was one.
    pub(crate) status: u16,
    /// How long the recorded answer took.
    pub(crate) took_ns: u64,
    /// Whether the request carries an identifier that the application made.
    pub(crate) identifier: bool,
}

/// A user within a session: what has a token of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The session.
    pub(crate) session: u32,
    /// An index into [`Plan::users`].
    pub(crate) user: u32,
    /// Whether it needs a token before it logs in by itself.
    pub(crate) logs_in_first: bool,
}

/// A person behind sessions, and who stands for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// An index into the pool of test users; `None` when the user never logs in.
    pub(crate) test_user: Option<usize>,
    /// The address that the target is told.
    pub(crate) address: Option<IpAddr>,
}
