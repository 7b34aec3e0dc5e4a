//! End to end: real programs, real sockets, real files.
//!
//! Tests that need an external program are marked so and run by `make test`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod around_nginx;
mod clients;
mod follows;
mod ledger;
mod links;
mod live;
mod reliability;
mod report;
mod shipped;
mod todo;
mod whole_loop;
