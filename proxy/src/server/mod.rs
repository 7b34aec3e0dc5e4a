//! The server around the proxy: listeners, workers, and the way down.
//!
//! pingora's own `Server` is not used: it sleeps through its grace period, retries a port in use
//! for half a minute, and hides the port that it bound. Its connections and requests are.

pub(crate) mod accept;
pub(crate) mod attend;
pub(crate) mod connection;
pub(crate) mod listen;
pub(crate) mod serve;
pub(crate) mod worker;
