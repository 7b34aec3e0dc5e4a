//! The real binary between real sockets: a client here, an origin here, `rehearsal-proxy` between.
//!
//! Every port is 0, every wait is for a condition, and every process is killed by its guard.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backend;
mod client;
mod load;
mod origin;
mod proxy;
mod script;
mod service;

mod access_log;
mod admin;
mod cli;
mod desync;
mod forwarding;
mod gate;
mod http2;
mod http2_streams;
mod hygiene;
mod limits;
mod orders;
mod recording;
mod recording_accounts;
mod recording_kinds;
mod recording_part;
mod recording_rotation;
mod relaying;
mod reload;
mod secrets;
mod shutdown;
mod slow;
mod tls;
mod unit;
mod upgrade;
mod upstream;

use std::thread;
use std::time::Duration;

/// Waits until something holds; fails after five seconds.
#[track_caller]
fn eventually<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(value) = check() {
            return value;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}
