//! What a plan amounts to: requests, rates, connections, bytes.
//!
//! Pure; added up arrival by arrival. Printed by the dry run.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::clock::NANOS_PER_SECOND;
use crate::heap::Heap;
use crate::limits::{Refusals, Request};

use super::{Arrival, Body, PlanError, Planner};

/// A plan in numbers.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Overview {
    /// All requests.
    pub(crate) all: Rate,
    /// Who plays: users and those that stand for them.
    pub(crate) players: usize,
    /// Of these, how many log in as a test user.
    pub(crate) test_users: usize,
    /// Sessions.
    pub(crate) sessions: usize,
    /// Sessions that log in by themselves, outside the plan.
    pub(crate) log_in_first: usize,
    /// From the first arrival to the last.
    pub(crate) length_ns: u64,
    /// Requests that would be open at once, if answers take as long as they did.
    pub(crate) connections: usize,
    /// Bytes to send, values of slots apart.
    pub(crate) bytes: u64,
    /// Requests whose body was not kept, and that carry filler of the same length.
    pub(crate) fillers: u64,
    /// Requests that carry an identifier that the application made.
    pub(crate) identifiers: u64,
    /// By route, most requests first.
    pub(crate) routes: Vec<(String, Rate)>,
}

/// How many requests, and how many a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rate {
    /// How many.
    pub(crate) requests: u64,
    /// A second, on average.
    pub(crate) mean: f64,
    /// In the busiest second.
    pub(crate) peak: u64,
}

impl Overview {
    /// Adds up a whole plan, and what would be refused of it.
    pub(crate) fn of(
        planner: &mut Planner,
        mut refusals: Option<&mut Refusals>,
    ) -> Result<Self, PlanError> {
        let (mut overview, mut all, mut routes) = (Self::default(), Count::default(), Vec::new());
        let (mut players, mut sessions) = (HashSet::new(), HashSet::new());
        let (mut test_users, mut first) = (HashSet::new(), HashSet::new());
        let mut concurrency = Concurrency::default();
        while let Some(arrival) = planner.next()? {
            for player in planner.newcomers() {
                test_users.insert(player.player);
                if player.logs_in_first {
                    first.insert(player.identity);
                }
            }
            let entry = arrival.entry();
            players.insert(planner.player(entry.user, arrival.clone));
            sessions.insert(planner.player(entry.session, arrival.clone));
            concurrency.add(&arrival);
            all.add(arrival.due_ns);
            let route = entry.route as usize;
            if routes.len() <= route {
                routes.resize(route + 1, Count::default());
            }
            routes[route].add(arrival.due_ns);
            if let Some(refusals) = &mut refusals {
                refusals.add(&Request {
                    path: arrival.window.path(&entry.request).as_bytes(),
                    address: planner.address(&arrival),
                    due_ns: arrival.due_ns,
                    took_ns: entry.took_ns,
                });
            }
            overview.bytes += arrival.window.size(&entry.request);
            overview.fillers += u64::from(matches!(entry.request.body, Body::Filler(_)));
            overview.identifiers += u64::from(entry.identifier);
        }
        if all.requests == 0 {
            return Err(PlanError::Empty);
        }
        let length_ns = all.last_ns - all.first_ns;
        let names = planner.routes().iter();
        let mut routes: Vec<_> = names
            .zip(&routes)
            .filter(|(_, count)| count.requests > 0)
            .map(|(name, count)| (name.clone(), count.rate(length_ns)))
            .collect();
        routes.sort_by(|a, b| (Reverse(a.1.requests), &a.0).cmp(&(Reverse(b.1.requests), &b.0)));
        Ok(Self {
            all: all.rate(length_ns),
            players: players.len(),
            test_users: test_users.len(),
            sessions: sessions.len(),
            log_in_first: first.len(),
            length_ns,
            connections: concurrency.most,
            routes,
            ..overview
        })
    }
}

/// Requests, in the order in which they are due.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    requests: u64,
    first_ns: u64,
    last_ns: u64,
    /// In the second of the last one.
    current: u64,
    peak: u64,
}

impl Count {
    fn add(&mut self, due_ns: u64) {
        if self.requests == 0 {
            self.first_ns = due_ns;
        }
        if due_ns / NANOS_PER_SECOND != self.last_ns / NANOS_PER_SECOND {
            self.current = 0;
        }
        self.requests += 1;
        self.current += 1;
        self.peak = self.peak.max(self.current);
        self.last_ns = due_ns;
    }

    fn rate(&self, length_ns: u64) -> Rate {
        let seconds = length_ns.max(NANOS_PER_SECOND) as f64 / NANOS_PER_SECOND as f64;
        Rate {
            requests: self.requests,
            mean: self.requests as f64 / seconds,
            peak: self.peak,
        }
    }
}

/// How many arrivals are open at once, if answers take as long as they did.
#[derive(Default)]
pub(crate) struct Concurrency {
    /// By when they end.
    open: Heap<u64, ()>,
    /// The most there were.
    pub(crate) most: usize,
}

impl Concurrency {
    /// Takes the next one.
    pub(crate) fn add(&mut self, arrival: &Arrival) {
        while self
            .open
            .pop_if(|&end_ns| end_ns < arrival.due_ns)
            .is_some()
        {}
        let took_ns = arrival.entry().took_ns;
        self.open.push(arrival.due_ns.saturating_add(took_ns), ());
        self.most = self.most.max(self.open.len());
    }
}
