//! What a plan amounts to: requests, rates, connections, bytes.
//!
//! Pure; printed by the dry run and used to size a run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::clock::NANOS_PER_SECOND;

use super::{Arrival, Body, Plan};

/// A plan in numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct Overview {
    /// All requests.
    pub(crate) all: Rate,
    /// Users behind the sessions.
    pub(crate) users: usize,
    /// Users that log in as a test user.
    pub(crate) test_users: usize,
    /// Sessions.
    pub(crate) sessions: u32,
    /// Sessions that log in before the run starts.
    pub(crate) log_in_first: usize,
    /// From the first arrival to the last.
    pub(crate) length_ns: u64,
    /// Requests that would be open at once, if answers take as long as they did.
    pub(crate) connections: usize,
    /// Bytes to send, values of slots apart.
    pub(crate) bytes: u64,
    /// Requests whose body was not kept, and that carry filler of the same length.
    pub(crate) fillers: usize,
    /// Requests that carry an identifier that the application made.
    pub(crate) identifiers: usize,
    /// By route, most requests first.
    pub(crate) routes: Vec<(String, Rate)>,
}

/// How many requests, and how many a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// How many.
    pub(crate) requests: u64,
    /// A second, on average.
    pub(crate) mean: f64,
    /// In the busiest second.
    pub(crate) peak: u64,
}

impl Overview {
    /// Adds up a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut routes = vec![Vec::new(); plan.routes.len()];
        for arrival in &plan.arrivals {
            routes[arrival.route as usize].push(arrival.due_ns);
        }
        let rate = |due: &[u64]| Rate::of(due, plan.length_ns);
        let mut routes: Vec<_> = plan
            .routes
            .iter()
            .zip(&routes)
            .map(|(name, due)| (name.clone(), rate(due)))
            .collect();
        routes.sort_by(|a, b| (Reverse(a.1.requests), &a.0).cmp(&(Reverse(b.1.requests), &b.0)));
        let all: Vec<_> = plan.arrivals.iter().map(|arrival| arrival.due_ns).collect();
        let count = |test: &dyn Fn(&Arrival) -> bool| {
            plan.arrivals.iter().filter(|arrival| test(arrival)).count()
        };
        Self {
            all: rate(&all),
            users: plan.users.len(),
            test_users: plan
                .users
                .iter()
                .filter(|user| user.test_user.is_some())
                .count(),
            sessions: plan.sessions,
            log_in_first: plan
                .identities
                .iter()
                .filter(|identity| identity.logs_in_first)
                .count(),
            length_ns: plan.length_ns,
            connections: connections(plan.arrivals.iter()),
            bytes: plan
                .arrivals
                .iter()
                .map(|arrival| plan.store.size(&arrival.request))
                .sum(),
            fillers: count(&|arrival| matches!(arrival.request.body, Body::Filler(_))),
            identifiers: count(&|arrival| arrival.identifier),
            routes,
        }
    }
}

impl Rate {
    fn of(due: &[u64], length_ns: u64) -> Self {
        let (mut peak, mut current, mut second) = (0, 0, u64::MAX);
        for due_ns in due {
            if due_ns / NANOS_PER_SECOND != second {
                (current, second) = (0, due_ns / NANOS_PER_SECOND);
            }
            current += 1;
            peak = peak.max(current);
        }
        let requests = due.len() as u64;
        let seconds = length_ns.max(NANOS_PER_SECOND) as f64 / NANOS_PER_SECOND as f64;
        Self {
            requests,
            mean: requests as f64 / seconds,
            peak,
        }
    }
}

/// How many of these arrivals would be open at once, if answers take as long as they did.
pub(crate) fn connections<'a>(arrivals: impl Iterator<Item = &'a Arrival>) -> usize {
    let mut open: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut most = 0;
    for arrival in arrivals {
        while open.peek().is_some_and(|end| end.0 < arrival.due_ns) {
            open.pop();
        }
        open.push(Reverse(arrival.due_ns.saturating_add(arrival.took_ns)));
        most = most.max(open.len());
    }
    most
}
