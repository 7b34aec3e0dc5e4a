//! What a staging backend is started with.
//!
//! Plain values with defaults; the command line is read in the binary.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::fault::Fault;
use super::latency::Latencies;

/// Settings of one staging backend.
#[derive(Clone, Debug)]
pub struct StagingConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Decides all data but the ids, and the order of latencies.
    pub seed: u64,
    /// How long an access token is good for.
    pub token_life: Duration,
    /// How long requests take.
    pub latencies: Latencies,
    /// What is wrong with this backend.
    pub faults: Vec<Fault>,
}

impl Default for StagingConfig {
    /// Port 8000 on loopback, seed 1, tokens for 15 minutes, a tenth of the baseline latencies, no faults.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            seed: 1,
            token_life: Duration::from_secs(15 * 60),
            latencies: Latencies::default(),
            faults: Vec::new(),
        }
    }
}
