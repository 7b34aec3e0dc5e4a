//! The capture: what was recorded, how it is made safe to share, and how it is kept in a file.
//!
//! "Trace" is the load-testing word for a recorded sequence of requests; this is not distributed
//! tracing. The crate knows neither tokio nor pingora: the proxy hands it [`raw::RawExchange`]s,
//! and replay reads [`exchange::Exchange`]s from it.

pub mod anonymize;
pub mod coding;
pub mod dates;
pub mod exchange;
pub mod format;
mod links;
pub mod pattern;
pub mod rate;
pub mod raw;
mod recent;
pub mod recording;

/// What `fuzz/` tries.
#[cfg(fuzzing)]
pub use anonymize::fuzzing;
