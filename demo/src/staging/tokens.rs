//! Access and refresh tokens: handed out, looked up, expired, revoked.
//!
//! They look like JWTs but carry nothing; staging remembers what each stands for.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::{clock, random};

/// All tokens in force.
pub(crate) struct Tokens {
    life: Duration,
    access: HashMap<String, Grant>,
    refresh: HashMap<String, Grant>,
}

/// What a log-in or a refresh gives.
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Whom a token stands for, and until when.
#[derive(Clone, Copy)]
struct Grant {
    user: usize,
    until: Instant,
}

impl Tokens {
    pub(crate) fn new(life: Duration) -> Self {
        Self {
            life,
            access: HashMap::new(),
            refresh: HashMap::new(),
        }
    }

    /// Seconds that an access token lives, for the cookie.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// A new pair for the user with this index.
    pub(crate) fn issue(&mut self, user: usize) -> Pair {
        let now = clock::now();
        if self.access.len() > SWEEP_ABOVE {
            self.access.retain(|_, grant| grant.until > now);
            self.refresh.retain(|_, grant| grant.until > now);
        }
        let pair = Pair {
            access: token(),
            refresh: token(),
        };
        let grant = |life| Grant {
            user,
            until: now + life,
        };
        self.access.insert(pair.access.clone(), grant(self.life));
        self.refresh
            .insert(pair.refresh.clone(), grant(REFRESH_LIFE));
        pair
    }

    /// Whose access token this is, if it is one in force.
    pub(crate) fn user(&self, access: &str) -> Option<usize> {
        let grant = self.access.get(access)?;
        (grant.until > clock::now()).then_some(grant.user)
    }

    /// Takes a refresh token, which works once.
    pub(crate) fn redeem(&mut self, refresh: &str) -> Option<usize> {
        let grant = self.refresh.remove(refresh)?;
        (grant.until > clock::now()).then_some(grant.user)
    }

    /// Ends an access token before its time.
    pub(crate) fn revoke(&mut self, access: &str) {
        self.access.remove(access);
    }
}

/// Three parts of URL-safe base64, the first as in every HS256 token.
fn token() -> String {
    format!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{}.{}",
        random::letters(197),
        random::letters(43)
    )
}

const REFRESH_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
const SWEEP_ABOVE: usize = 10_000;
