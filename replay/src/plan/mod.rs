//! The plan: every request of a run, when it is due, and who sends it.
//!
//! Pure: no clock, and no I/O but for the exchanges that come in. The same capture, settings and
//! seed give the same plan. [`planner::Planner`] makes it, arrival by arrival: `script` compiles
//! the capture window by window, `crowd` says who takes part, `schedule` when, and `cast` who logs
//! in as whom.

mod adapt;
mod address;
mod carry;
mod cast;
mod compile;
mod cookies;
mod crowd;
mod curve;
mod entry;
mod known;
mod links;
mod names;
pub(crate) mod overview;
mod planner;
mod roles;
mod schedule;
mod script;
#[cfg(test)]
pub(crate) mod tests;
mod week;
pub(crate) mod window;

use ipnet::IpNet;
use trace::exchange::Exchange;
use trace::format::Used;

pub(crate) use adapt::has_address;
pub(crate) use address::address;
pub(crate) use cast::AssignError;
pub(crate) use compile::{Rules, USER_AGENT, Unsendable, loadtest_path};
pub(crate) use entry::{Body, Entry, Link};
pub(crate) use planner::{Arrival, Input, Planner, Wanted};
pub(crate) use roles::Roles;
pub(crate) use script::Selection;
pub(crate) use week::Weeks;
pub(crate) use window::{Hole, Part, Text, Window};

/// An exchange of the capture, and what later ones use of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Itself.
    pub(crate) exchange: Exchange,
    /// Values of its answer.
    pub(crate) used: Vec<Used>,
}

#[cfg(test)]
impl From<Exchange> for Recorded {
    fn from(exchange: Exchange) -> Self {
        let used = Vec::new();
        Self { exchange, used }
    }
}

/// One who needs or gets a token: a user of the capture within a session, or a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Player {
    /// Its number as one who has a token.
    pub(crate) identity: u32,
    /// Its session.
    pub(crate) session: u32,
    /// Its number as a user.
    pub(crate) player: u32,
    /// The index of the test user that it logs in as.
    pub(crate) test_user: usize,
    /// Whether it needs a token before it logs in by itself.
    pub(crate) logs_in_first: bool,
}

/// Why there is no plan, or no more of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// Not enough client addresses.
    #[error(
        "{network} has too few addresses for {needed} users, give `--client-addresses` a larger range"
    )]
    Addresses {
        /// The range.
        network: IpNet,
        /// How many are needed.
        needed: usize,
    },
    /// Not enough test users.
    #[error(transparent)]
    Assign(#[from] AssignError),
    /// Nothing to play.
    #[error(
        "there is nothing to play: the capture, or what `--filter`, `--limit` and `--duration` \
         leave of it, holds no exchange"
    )]
    Empty,
    /// Nobody said how to log in.
    #[error(
        "{sessions} sessions were recorded without their log-in; set `login` under `[auth]` in {config}"
    )]
    NoLogin {
        /// How many.
        sessions: usize,
        /// The configuration file.
        config: String,
    },
    /// The capture can't be read on.
    #[error("{0}")]
    Read(String),
    /// A request that HTTP does not allow.
    #[error("exchange {seq} of the capture {problem}")]
    Unsendable {
        /// Its number.
        seq: u64,
        /// What is wrong with it.
        problem: Unsendable,
    },
}
