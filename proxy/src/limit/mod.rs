//! How much of a route one client, key, … may use: a rate with a burst, and a number in flight.
//!
//! Both count by a [`LimitKey`]; both tables are bounded.

pub(crate) mod in_flight;
pub(crate) mod rate;
mod table;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::HeaderMap;

use crate::access::client::ClientNet;
use crate::access::keys::KeyId;
use crate::clock::Clock;
use crate::config::{LimitSettings, Per};
use in_flight::{InFlight, Place};
use rate::RateLimit;

/// What a limit is counted by, for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    Client(ClientNet),
    /// A hash of the header's value: values are the client's, and may be long.
    Header(u64),
    Key(KeyId),
    /// Everyone together.
    Route,
}

/// The limits of one route.
pub(crate) struct Limit {
    per: Per,
    hasher: RandomState,
    rate: Option<RateLimit<Clock>>,
    in_flight: Option<InFlight>,
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The rate and its burst are used up; the next one passes after this long.
    Rate(Duration),
    /// As many are in flight as may be.
    InFlight,
}

impl Limit {
    pub(crate) fn new(settings: &LimitSettings, clock: Clock) -> Self {
        let rate = settings.rate;
        Self {
            per: settings.per.clone(),
            hasher: RandomState::new(),
            rate: rate.map(|rate| RateLimit::new(rate, settings.burst, clock)),
            in_flight: settings.concurrent.map(InFlight::new),
        }
    }

    /// Counts a request. While the place is held, the request counts as in flight.
    pub(crate) fn admit(&self, key: LimitKey) -> Result<Option<Place>, Excess> {
        if let Some(rate) = &self.rate {
            rate.admit(key).map_err(Excess::Rate)?;
        }
        let Some(in_flight) = &self.in_flight else {
            return Ok(None);
        };
        in_flight.enter(key).map(Some).ok_or(Excess::InFlight)
    }

    /// What a request is counted by.
    pub(crate) fn key(
        &self,
        client: ClientNet,
        key: Option<KeyId>,
        headers: &HeaderMap,
    ) -> LimitKey {
        match &self.per {
            Per::Client => LimitKey::Client(client),
            Per::Header(name) => LimitKey::Header(self.hasher.hash_one(headers.get(name))),
            Per::Key => key.map_or(LimitKey::Route, LimitKey::Key),
            Per::Route => LimitKey::Route,
        }
    }

    /// Forgets whoever would be treated like a newcomer anyway.
    pub(crate) fn sweep(&self) {
        if let Some(rate) = &self.rate {
            rate.sweep();
        }
    }
}
