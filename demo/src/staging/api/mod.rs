//! The endpoints' handlers, one file per resource.
//!
//! Plain functions from a request to an answer; access, latency and headers are settled around them.

pub(crate) mod absences;
pub(crate) mod assignments;
pub(crate) mod auth;
pub(crate) mod blocks;
pub(crate) mod generate;
pub(crate) mod health;
pub(crate) mod leave;
pub(crate) mod me;
pub(crate) mod people;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod swaps;
