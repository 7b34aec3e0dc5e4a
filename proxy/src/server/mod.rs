//! The server around the proxy: listeners, workers, reload, upgrade, and the way down.
//!
//! pingora's own `Server` is not used: it sleeps through its grace period, retries a port in use
//! for half a minute, and hides the port that it bound. Its streams, TLS and HTTP/2 are.

pub(crate) mod accept;
pub(crate) mod attend;
pub(crate) mod connection;
pub(crate) mod drain;
pub(crate) mod entrance;
pub(crate) mod listen;
pub(crate) mod notify;
pub(crate) mod pace;
mod paced;
pub(crate) mod pacer;
mod reload;
pub(crate) mod serve;
pub(crate) mod served;
pub(crate) mod signals;
pub(crate) mod upgrade;
pub(crate) mod worker;
