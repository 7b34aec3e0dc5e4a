//! The real binary between real sockets: a client here, an origin here, `rehearsal-proxy` between.
//!
//! Every port is 0, every wait is for a condition, and every process is killed by its guard.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backend;
mod client;
mod origin;
mod proxy;
mod script;

mod admin;
mod cli;
mod desync;
mod forwarding;
mod gate;
mod hygiene;
mod limits;
mod recording;
mod relaying;
mod secrets;
mod shutdown;
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
