//! What limits would refuse of a plan, if answers take as long as recorded.
//!
//! Pure. Counted as the proxy counts, and nginx: a rate evenly, with a burst beyond it, and then
//! what is in flight.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::heap::Heap;

use super::{Limit, Limits, Per};

/// What was let through and what was refused so far.
#[derive(Debug)]
pub(crate) struct Refusals {
    limits: Limits,
    /// When the next request of a count would be due, if all came evenly.
    due_ns: HashMap<Count, u64>,
    /// When what is in flight ends.
    in_flight: HashMap<Count, Heap<u64, ()>>,
    /// By route of the limits.
    rows: Vec<Row>,
}

/// One count: the zone, and who is counted.
type Count = (String, Option<Client>);

/// A client as limits know it: an address, or the network of an IPv6 one; of those that have no
/// address of their own all are one.
type Client = Option<IpAddr>;

/// A request as limits see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The path, without its query.
    pub(crate) path: &'a [u8],
    /// Who sends it.
    pub(crate) address: Option<IpAddr>,
    /// When, from the run's start.
    pub(crate) due_ns: u64,
    /// How long its answer takes.
    pub(crate) took_ns: u64,
}

/// What became of the requests of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The route's name, and its limit in words.
    pub(crate) limit: String,
    /// All.
    pub(crate) requests: u64,
    /// Refused for the rate.
    pub(crate) over_rate: u64,
    /// Refused for what was in flight.
    pub(crate) over_concurrent: u64,
}

impl Refusals {
    /// Nothing was sent yet.
    pub(crate) fn new(limits: Limits) -> Self {
        let rows = limits.routes.iter().map(|route| Row {
            limit: match &route.limit {
                Some(limit) => format!("{} ({})", route.name, limit.in_words()),
                None => format!("{} (no limit)", route.name),
            },
            ..Row::default()
        });
        Self {
            rows: rows.collect(),
            limits,
            due_ns: HashMap::new(),
            in_flight: HashMap::new(),
        }
    }

    /// Takes the next request.
    pub(crate) fn add(&mut self, request: &Request<'_>) {
        let Some(index) = self.limits.route(request.path) else {
            return;
        };
        let row = &mut self.rows[index];
        row.requests += 1;
        let Some(limit) = &self.limits.routes[index].limit else {
            return;
        };
        let who = match limit.per {
            Per::Client => Some(request.address.map(client)),
            Per::Everybody => None,
        };
        if let Some(rate) = limit.rate {
            let period_ns = u64::try_from(rate.period().as_nanos()).unwrap_or(u64::MAX);
            let due_ns = self.due_ns.entry((limit.zone.clone(), who)).or_default();
            let next_ns = request.due_ns.max(*due_ns);
            if next_ns - request.due_ns > period_ns.saturating_mul(limit.burst.into()) {
                row.over_rate += 1;
                return;
            }
            *due_ns = next_ns.saturating_add(period_ns);
        }
        if let Some(most) = limit.concurrent {
            let count = (limit.concurrent_zone.clone(), who);
            let in_flight = self.in_flight.entry(count).or_default();
            while in_flight
                .pop_if(|&end_ns| end_ns <= request.due_ns)
                .is_some()
            {}
            if in_flight.len() >= most as usize {
                row.over_concurrent += 1;
            } else {
                in_flight.push(request.due_ns.saturating_add(request.took_ns), ());
            }
        }
    }

    /// What became of requests, by route, those without any apart.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.requests > 0)
    }

    /// How many were refused.
    pub(crate) fn refused(&self) -> u64 {
        let refused = self
            .rows
            .iter()
            .map(|row| row.over_rate + row.over_concurrent);
        refused.sum()
    }
}

impl Limit {
    fn in_words(&self) -> String {
        let rate = self.rate.map(|rate| match self.burst {
            0 => rate.to_string(),
            burst => format!("{rate}, burst {burst}"),
        });
        let concurrent = self.concurrent.map(|most| format!("{most} at once"));
        let words: Vec<_> = rate.into_iter().chain(concurrent).collect();
        words.join(", ")
    }
}

/// An IPv6 client has a whole /64.
fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn refusals(limit: &str) -> Refusals {
        let route = |name: &str| {
            format!("[[route]]\nname = '{name}'\nprefix = '/{name}'\nlimit = {{ {limit} }}\n")
        };
        Refusals::new(Limits::parse(&(route("a") + &route("b"))).unwrap())
    }

    fn send(refusals: &mut Refusals, path: &str, who: u8, due_ns: u64) {
        refusals.add(&Request {
            path: path.as_bytes(),
            address: Some(IpAddr::from([10, 0, 0, who])),
            due_ns,
            took_ns: SECOND,
        });
    }

    fn counted(refusals: &Refusals) -> Vec<(u64, u64, u64)> {
        let rows = refusals.rows();
        rows.map(|row| (row.requests, row.over_rate, row.over_concurrent))
            .collect()
    }

    #[test]
    fn from_idle_the_burst_and_one_pass_and_then_the_rate() {
        let mut refusals = refusals("rate = '2/s', burst = 3");
        for _ in 0..10 {
            send(&mut refusals, "/a", 1, 5 * SECOND);
        }
        assert_eq!(counted(&refusals), [(10, 6, 0)]);
        for at_ns in [5 * SECOND + 499_999_999, 5 * SECOND + 500_000_000] {
            send(&mut refusals, "/a", 1, at_ns);
        }
        assert_eq!(counted(&refusals), [(12, 7, 0)]);
        send(&mut refusals, "/a", 2, 5 * SECOND);
        send(&mut refusals, "/b", 1, 5 * SECOND);
        assert_eq!(counted(&refusals), [(13, 7, 0), (1, 0, 0)]);
        assert_eq!(refusals.refused(), 7);
    }

    #[test]
    fn a_zone_counts_its_routes_together() {
        let mut refusals = refusals("rate = '1/10s', zone = 'z'");
        send(&mut refusals, "/a", 1, 0);
        send(&mut refusals, "/b", 1, 0);
        assert_eq!(counted(&refusals), [(1, 0, 0), (1, 1, 0)]);
    }

    #[test]
    fn everybody_counts_together_where_it_is_not_by_client() {
        let mut refusals = refusals("rate = '1/min', per = 'route'");
        send(&mut refusals, "/a", 1, 0);
        send(&mut refusals, "/a", 2, 0);
        send(&mut refusals, "/b", 3, 0);
        assert_eq!(counted(&refusals), [(2, 1, 0), (1, 0, 0)]);
    }

    /// As nginx does, over all routes; what was refused is not in flight.
    #[test]
    fn what_is_in_flight_counts_until_it_ends() {
        let mut refusals = refusals("concurrent = 2");
        for at_ns in [0, 1, 2, SECOND, SECOND + 1] {
            send(&mut refusals, "/a", 1, at_ns);
        }
        send(&mut refusals, "/b", 1, SECOND + 2);
        assert_eq!(counted(&refusals), [(5, 0, 1), (1, 0, 1)]);
    }

    #[test]
    fn neighbours_of_ipv6_are_one_client() {
        let client = |text: &str| client(text.parse().unwrap());
        assert_eq!(client("2001:db8::1"), client("2001:db8::2"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
    }
}
