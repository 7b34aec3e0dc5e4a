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

use crate::access::client::ClientNet;
use crate::access::keys::KeyId;
use crate::clock::Clock;
use crate::config::{LimitSettings, Per, Rate};
use crate::http1::fields::Fields;
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
    rate: Option<(Rate, RateLimit<Clock>)>,
    in_flight: Option<InFlight>,
}

/// Why a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// This rate and its burst are used up; the next one passes after this long.
    Rate(Rate, Duration),
    /// This many are in flight, and no more may be.
    InFlight(u32),
}

impl Limit {
    pub(crate) fn new(settings: &LimitSettings, clock: Clock) -> Self {
        let limited = |rate| (rate, RateLimit::new(rate, settings.burst, clock));
        Self {
            per: settings.per.clone(),
            hasher: RandomState::new(),
            rate: settings.rate.map(limited),
            in_flight: settings.concurrent.map(InFlight::new),
        }
    }

    /// Counts a request. While the place is held, the request counts as in flight.
    ///
    /// The place comes first, so that a request without one does not use up the rate as well.
    /// Where both are used up, the rate is what is told: it is the longer wait.
    pub(crate) fn admit(&self, key: LimitKey) -> Result<Option<Place>, Excess> {
        let mut place = None;
        if let Some(in_flight) = &self.in_flight {
            place = in_flight.enter(key);
            if place.is_none() {
                self.rate(|rate| rate.would_admit(key))?;
                return Err(Excess::InFlight(in_flight.most));
            }
        }
        self.rate(|rate| rate.admit(key))?;
        Ok(place)
    }

    fn rate(
        &self,
        ask: impl FnOnce(&RateLimit<Clock>) -> Result<(), Duration>,
    ) -> Result<(), Excess> {
        match &self.rate {
            Some((rate, limit)) => ask(limit).map_err(|wait| Excess::Rate(*rate, wait)),
            None => Ok(()),
        }
    }

    /// What a request is counted by.
    pub(crate) fn key(&self, client: ClientNet, key: Option<KeyId>, fields: &Fields) -> LimitKey {
        match &self.per {
            Per::Client => LimitKey::Client(client),
            Per::Header(name) => {
                LimitKey::Header(self.hasher.hash_one(fields.first(name.as_str())))
            }
            Per::Key => key.map_or(LimitKey::Route, LimitKey::Key),
            Per::Route => LimitKey::Route,
        }
    }

    /// Forgets whoever would be treated like a newcomer anyway.
    pub(crate) fn sweep(&self) {
        if let Some((_, limit)) = &self.rate {
            limit.sweep();
        }
    }
}
