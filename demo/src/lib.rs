//! A synthetic Residency Scheduler backend, and synthetic users for it.
//!
//! All people, accounts and texts in here are made up; they only look personal, so that anonymization has work to do.

mod clock;
pub mod programs;
mod random;
pub mod rehearsal;
pub mod span;
pub mod staging;
pub mod users;
