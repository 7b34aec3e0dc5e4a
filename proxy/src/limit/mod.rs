//! How much of a route one client, key, … may use: a rate with a burst, and a number in flight.
//!
//! Both count by a [`LimitKey`]; both tables are bounded.

mod allowance;
pub(crate) mod in_flight;
mod pace;
mod rate;
mod set;

#[cfg(test)]
mod hours_tests;
#[cfg(test)]
mod nginx_tests;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::civil::Time;

use crate::access::client::ClientNet;
use crate::access::keys::KeyId;
use crate::clock::Moment;
use crate::config::{Per, Rate};
use crate::http1::fields::Fields;
use allowance::Allowance;
use in_flight::Place;
pub(crate) use set::Limits;

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

/// Whose request is to be counted.
pub(crate) struct Asker<'r> {
    pub(crate) client: ClientNet,
    /// The key that opened the gate, if one did.
    pub(crate) key: Option<KeyId>,
    pub(crate) fields: &'r Fields,
}

/// The limits of one route.
pub(crate) struct Limit {
    per: Per,
    hasher: RandomState,
    general: Allowance,
    /// What the header's listed values have of their own.
    values: HashMap<Box<[u8]>, Allowance>,
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
    /// Counts a request. While the place is held, the request counts as in flight.
    pub(crate) fn admit(&self, asker: &Asker<'_>, now: Moment) -> Result<Option<Place>, Excess> {
        let (allowance, key) = self.counted(asker);
        allowance.admit(key, now)
    }

    /// What a request is counted by, and against what.
    ///
    /// Where values are listed, any other counts by client: nobody gets more by inventing some.
    fn counted(&self, asker: &Asker<'_>) -> (&Allowance, LimitKey) {
        let client = LimitKey::Client(asker.client);
        let key = match &self.per {
            Per::Client => client,
            Per::Header(name) if self.values.is_empty() => {
                LimitKey::Header(self.hasher.hash_one(asker.fields.only(name.as_str())))
            }
            Per::Header(name) => {
                let value = asker.fields.only(name.as_str());
                return match value.and_then(|value| self.values.get(value)) {
                    Some(own) => (own, LimitKey::Route),
                    None => (&self.general, client),
                };
            }
            Per::Key => asker.key.map_or(LimitKey::Route, LimitKey::Key),
            Per::Route => LimitKey::Route,
        };
        (&self.general, key)
    }

    fn turn(&self, time: Time, now: Moment) {
        self.general.turn(time, now);
        for allowance in self.values.values() {
            allowance.turn(time, now);
        }
    }
}
