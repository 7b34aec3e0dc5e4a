//! What a run of synthetic users is started with.
//!
//! Plain values; [`UsersConfig::new`] fills in what a demo wants.

use std::net::SocketAddr;
use std::time::Duration;

use super::plan::Curve;
use crate::staging::{Credentials, real_accounts};

/// Settings of one run.
#[derive(Clone, Debug)]
pub struct UsersConfig {
    /// Where the users connect to.
    pub target: SocketAddr,
    /// Whom they log in as; users beyond the accounts of a role share them.
    pub accounts: Vec<Credentials>,
    /// How many there are.
    pub users: usize,
    /// From the first log-in to the last screen.
    pub duration: Duration,
    /// About how many requests they make together.
    pub requests: usize,
    /// How the rate rises and falls.
    pub curve: Curve,
    /// Whether they send the cookie beside the bearer token, as browsers do.
    pub cookies: bool,
    /// Decides screens and think times.
    pub seed: u64,
}

impl UsersConfig {
    /// Real accounts of staging's seed 1, cookies on, seed 1.
    ///
    /// A user makes 15 requests for coming and first looks, and 0.57 a second after that:
    /// 800 for 30 users in 20 s, 2,200 for 44 users in a minute.
    pub fn new(target: SocketAddr, users: usize, duration: Duration) -> Self {
        let later = usize::try_from(duration.as_millis() * 57 / 100_000).unwrap_or(usize::MAX);
        let per_user = later.saturating_add(15);
        Self {
            target,
            accounts: real_accounts(1),
            users,
            duration,
            requests: users.saturating_mul(per_user),
            curve: Curve::default(),
            cookies: true,
            seed: 1,
        }
    }
}
