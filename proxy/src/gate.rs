//! The gate and the limits, in their order: address, failed keys, key, rate, concurrency.
//!
//! Says yes or why not; answering is the handler's.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::access::client::{Client, ClientNet};
use crate::access::failures::Failures;
use crate::access::keys::{KeyId, Keys};
use crate::access::networks::Networks;
use crate::clock::{self, Clock, Moment};
use crate::config::{Gate, Settings};
use crate::http1::fields::Fields;
use crate::limit::in_flight::Place;
use crate::limit::{Asker, Excess, Limits};
use crate::refusal::{Limited, Quota, Refusal};
use crate::route::{Route, RouteId, Routes};

const KEY: &str = "x-load-test-key";

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
    pub(crate) fields: &'r Fields,
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
            fields: visitor.fields,
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::IpAddr;
    use std::path::Path;

    use trace::anonymize::{LoadError, Policy};

    use super::*;
    use crate::config::{self, Surroundings};
    use crate::upstream::trust::Trust;

    struct Fake;

    impl Surroundings for Fake {
        fn variable(&self, name: &str) -> Option<String> {
            Some(format!("{name:-<32}"))
        }

        fn file(&self, _path: &str) -> io::Result<String> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn policy(&self, path: &Path) -> Result<Policy, LoadError> {
            Policy::load(path)
        }

        fn authorities(&self) -> Result<Trust, String> {
            Err("the system has none".to_owned())
        }

        fn timezone(&self, _name: &str) -> Option<TimeZone> {
            None
        }
    }

    /// A gated route with this limit, and its gatekeeper.
    fn edge(
        keys: &str,
        limit: &str,
        clock: Clock,
        old: Option<&Gatekeeper>,
    ) -> (Routes, Gatekeeper) {
        let file = format!(
            "[upstream.s]\nservers = [{{ address = \"127.0.0.1:1\" }}]\n[load_test]\nallow = [\"::/0\", \"0.0.0.0/0\"]\nkeys = [{keys}]\n[[route]]\nname = \"r\"\nprefix = \"/\"\nupstream = \"s\"\ngate = \"key\"\nlimit = {limit}\n"
        );
        let settings = config::parse(&file, &Fake).unwrap();
        let routes = Routes::new(&settings.routes, true);
        let gate = Gatekeeper::new(&settings, &routes, clock, old);
        (routes, gate)
    }

    fn ask((routes, gate): &(Routes, Gatekeeper), key: &str, now: Moment) -> Option<Refusal> {
        let fields = Fields::sent(&format!("{KEY}: {key:-<32}\r\n"));
        let visitor = Visitor {
            client: Client {
                address: IpAddr::from([192, 0, 2, 1]),
                certain: true,
            },
            fields: &fields,
            now,
        };
        let id = routes.find(b"/").unwrap();
        gate.admit(id, routes.get(id), &visitor).err()
    }

    const A: &str = "{ name = \"a\", env = \"A\" }";

    #[test]
    fn a_reload_forgets_no_guess() {
        let clock = Clock::start();
        let now = clock.now();
        let old = edge(A, "{ rate = \"9/s\" }", clock, None);
        for _ in 0..10 {
            assert_eq!(ask(&old, "guess", now), Some(Refusal::Key));
        }
        let new = edge(A, "{ rate = \"8/s\" }", clock, Some(&old.1));
        assert!(matches!(ask(&new, "A", now), Some(Refusal::FailedKeys(_))));
    }

    /// Keys are counted by what they are, not by their place in the list.
    #[test]
    fn a_key_keeps_its_count_when_others_come_and_go() {
        let clock = Clock::start();
        let now = clock.now();
        let limit = "{ rate = \"1/h\", per = \"key\" }";
        let old = edge(A, limit, clock, None);
        assert_eq!(ask(&old, "A", now), None);
        let more = format!("{{ name = \"b\", env = \"B\" }}, {A}");
        let new = edge(&more, limit, clock, Some(&old.1));
        assert!(matches!(ask(&new, "A", now), Some(Refusal::Limited(_))));
        assert_eq!(ask(&new, "B", now), None);
    }

    #[test]
    fn a_new_configuration_begins_with_the_numbers_of_the_hour() {
        // Whatever hour it is, one of these holds and the base does not.
        let hours = r#"hours = [{ from = "00:00", to = "12:00", burst = 2 }, { from = "12:00", to = "24:00", burst = 2 }]"#;
        let clock = Clock::start();
        let now = clock.now();
        let limit = format!("{{ rate = \"1/h\", {hours} }}");
        let edge = edge(A, &limit, clock, None);
        let passed = (0..9).filter(|_| ask(&edge, "A", now).is_none());
        assert_eq!(passed.count(), 3);
        edge.1.sweep(now);
        assert!(ask(&edge, "A", now).is_some());
    }
}
