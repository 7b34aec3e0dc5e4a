//! The proxy in front of staging: gate, limits, tag, forward, record.
//!
//! [`run::run`] is the whole of it; the binary only parses the command line. A request comes by a
//! connection of `server`, is read by `http1` and goes through `handler`, which asks `hygiene`,
//! `access`, `route`, `gate` and `limit`, relays it to a server of `upstream`, and leaves what
//! passed to `recorder` and `access_log`. `edge` is what a reload replaces, `shared` what stays.

mod access;
mod access_log;
mod admin;
mod bounded;
pub mod cli;
mod clock;
mod complaints;
mod config;
mod edge;
mod exchange;
pub mod exit;
mod gate;
mod handler;
mod http1;
mod hygiene;
mod limit;
mod limits;
mod logging;
mod manual;
mod metrics;
mod output;
mod panics;
mod recorder;
mod refusal;
mod route;
pub mod run;
mod server;
mod shared;
mod shelf;
mod upstream;
