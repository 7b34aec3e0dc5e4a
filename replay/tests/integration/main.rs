//! The real binary against a small server on loopback: one test binary, a file per subject.
//!
//! Nothing here waits by sleeping; servers that are slow on purpose sleep as part of their answer.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod capture;
mod checks;
mod compares;
mod connections;
mod cookies;
mod divergence;
mod errors;
mod hangs_up;
mod hostile;
mod http2;
mod inspects;
mod judges;
mod links;
mod load;
mod login;
mod metrics;
mod outputs;
mod program;
mod raw;
mod secure;
mod sends;
mod server;
mod shares;
mod shows;
mod streams;
mod timing;
mod tokens;
mod unique;
mod upkeep;
mod watched;
