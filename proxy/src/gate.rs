//! The gate and the limits, in their order: address, failed keys, key, rate, concurrency.
//!
//! Says yes or why not; answering is the handler's.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use jiff::tz::TimeZone;

use crate::access::client::{Client, ClientNet};
use crate::access::failures::Failures;
use crate::access::keys::{KeyId, Keys};
use crate::access::networks::Networks;
use crate::clock::{self, Clock, Moment};
use crate::config::{Gate, Settings};
use crate::limit::in_flight::Place;
use crate::limit::{Asker, Excess, Limits};
use crate::refusal::{Limited, Quota, Refusal};
use crate::route::{Route, RouteId, Routes};

pub(crate) const KEY: HeaderName = HeaderName::from_static("x-load-test-key");

/// Who may pass, and how often.
pub(crate) struct Gatekeeper {
    allow: Networks,
    keys: Keys,
    /// Nobody gets more guesses by having the configuration read anew.
    failures: Arc<Failures>,
    limits: Limits,
    timezone: TimeZone,
}

/// Who asks to pass.
pub(crate) struct Visitor<'r> {
    pub(crate) client: Client,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) now: Moment,
}

impl Gatekeeper {
    /// Goes on counting where the gatekeeper before it left off: failed keys always, limits where
    /// they still mean the same. Places in flight that the old one gave are given back to both.
    pub(crate) fn new(
        settings: &Settings,
        routes: &Routes,
        clock: Clock,
        old: Option<&Self>,
    ) -> Self {
        let load_test = &settings.load_test;
        let limited: Vec<_> = routes
            .iter()
            .map(|route| (route.name.as_str(), route.limit.as_ref()))
            .collect();
        let gatekeeper = Self {
            allow: Networks::new(load_test.allow.iter().map(|allowed| &allowed.net)),
            keys: Keys::new(&load_test.keys, clock::unix_seconds(), clock.now()),
            failures: old.map_or_else(Arc::default, |old| Arc::clone(&old.failures)),
            limits: Limits::new(&limited, old.map(|old| &old.limits)),
            timezone: settings.timezone.clone(),
        };
        gatekeeper.turn(clock.now());
        gatekeeper
    }

    /// Lets a visitor onto a route. While the place is held, it counts as in flight.
    pub(crate) fn admit(
        &self,
        id: RouteId,
        route: &Route,
        visitor: &Visitor<'_>,
    ) -> Result<Option<Place>, Refusal> {
        let client = ClientNet::from(visitor.client.address);
        let key = self.open(route.gate, client, visitor)?;
        let Some(limit) = self.limits.get(id.index()) else {
            return Ok(None);
        };
        let asker = Asker {
            client,
            key,
            headers: visitor.headers,
        };
        limit
            .admit(&asker, visitor.now)
            .map_err(|excess| limited(route, excess))
    }

    /// Lets the numbers of this hour hold, and forgets clients whose counts no longer matter.
    pub(crate) fn sweep(&self, now: Moment) {
        self.turn(now);
        self.failures.sweep(now);
        self.limits.sweep(now);
    }

    fn turn(&self, now: Moment) {
        self.limits.turn(clock::time_of_day(&self.timezone), now);
    }

    fn open(
        &self,
        gate: Gate,
        client: ClientNet,
        visitor: &Visitor<'_>,
    ) -> Result<Option<KeyId>, Refusal> {
        if gate == Gate::None {
            return Ok(None);
        }
        let Client { address, certain } = visitor.client;
        if !certain || !self.allow.contains(address) {
            return Err(Refusal::Address);
        }
        if gate == Gate::Address {
            return Ok(None);
        }
        if let Some(wait) = self.failures.wait(client, visitor.now) {
            return Err(Refusal::FailedKeys(wait));
        }
        let mut presented = visitor.headers.get_all(&KEY).iter();
        let only = presented.next().filter(|_| presented.next().is_none());
        let key = only.and_then(|key| self.keys.find(key.as_bytes(), visitor.now));
        if key.is_none() {
            self.failures.note(client, visitor.now);
            return Err(Refusal::Key);
        }
        Ok(key)
    }
}

fn limited(route: &Route, excess: Excess) -> Refusal {
    let (quota, wait) = match excess {
        Excess::Rate(rate, wait) => (Quota::Rate(rate), wait),
        Excess::InFlight(most) => (Quota::InFlight(most), Duration::ZERO),
    };
    Refusal::Limited(Limited {
        name: route.name.clone(),
        quota,
        wait,
    })
}
