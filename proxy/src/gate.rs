//! The gate and the limits, in their order: address, failed keys, key, rate, concurrency.
//!
//! Says yes or why not; answering is the handler's.

use std::time::Duration;

use crate::access::client::{Client, ClientNet};
use crate::access::failures::Failures;
use crate::access::keys::{KeyId, Keys};
use crate::access::networks::Networks;
use crate::clock::{self, Clock, Moment};
use crate::config::{Gate, LoadTestSettings};
use crate::http1::fields::Fields;
use crate::limit::in_flight::Place;
use crate::limit::{Excess, Limit};
use crate::refusal::{Limited, Quota, Refusal};
use crate::route::{Route, RouteId, Routes};

const KEY: &str = "x-load-test-key";

/// Who may pass, and how often.
pub(crate) struct Gatekeeper {
    allow: Networks,
    keys: Keys,
    failures: Failures,
    /// By route.
    limits: Vec<Option<Limit>>,
}

/// Who asks to pass.
pub(crate) struct Visitor<'r> {
    pub(crate) client: Client,
    pub(crate) fields: &'r Fields,
    pub(crate) now: Moment,
}

impl Gatekeeper {
    pub(crate) fn new(settings: &LoadTestSettings, routes: &Routes, clock: Clock) -> Self {
        let limits = routes.iter().map(|route| {
            let limit = route.limit.as_ref();
            limit.map(|limit| Limit::new(limit, clock))
        });
        Self {
            allow: Networks::new(settings.allow.iter().map(|allowed| &allowed.net)),
            keys: Keys::new(&settings.keys, clock::unix_seconds(), clock.now()),
            failures: Failures::new(),
            limits: limits.collect(),
        }
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
        let Some(limit) = &self.limits[id.index()] else {
            return Ok(None);
        };
        let counted_by = limit.key(client, key, visitor.fields);
        limit
            .admit(counted_by)
            .map_err(|excess| limited(route, excess))
    }

    /// Forgets clients whose counts no longer matter.
    pub(crate) fn sweep(&self, now: Moment) {
        self.failures.sweep(now);
        for limit in self.limits.iter().flatten() {
            limit.sweep();
        }
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
        let presented = visitor.fields.only(KEY);
        let key = presented.and_then(|key| self.keys.find(key, visitor.now));
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
