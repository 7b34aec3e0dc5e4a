//! The proxy in front of staging: gate, limits, tag, forward, record.
//!
//! [`run::run`] is the whole of it; the binary only parses the command line. A request goes
//! through `handler`, which asks `hygiene`, `access`, `route`, `gate` and `limit`, sends it to a
//! server of `upstream`, and offers what passed to `recorder`.

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
mod logging;
mod metrics;
mod output;
mod recorder;
mod refusal;
mod route;
pub mod run;
mod server;
mod shared;
mod upstream;
