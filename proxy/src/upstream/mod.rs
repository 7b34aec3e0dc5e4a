//! Upstreams: groups of servers, and which of them gets the next request.
//!
//! A choice costs a few atomic reads; nothing is locked.

mod health;
pub(crate) mod pool;

#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::clock::Moment;
use crate::config::{Balance, UpstreamSettings};
use crate::server::worker;
use health::Health;
use pool::Pool;

/// A group of equal servers.
pub(crate) struct Upstream {
    pub(crate) name: String,
    balance: Balance,
    servers: Vec<Arc<Server>>,
    /// Indices of the servers, each as often as its weight, well mixed.
    turns: Vec<usize>,
    turn: AtomicUsize,
}

/// One server of a group.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    weight: u32,
    in_flight: AtomicU32,
    pub(crate) health: Health,
    pub(crate) pool: Pool,
}

/// A request's use of a server, counted for as long as this lives.
pub(crate) struct Lease {
    /// Place of the server in its group.
    pub(crate) index: usize,
    pub(crate) server: Arc<Server>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.server.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Upstream {
    pub(crate) fn new(settings: &UpstreamSettings) -> Self {
        let servers = settings.servers.iter().map(|server| Server {
            address: server.address,
            weight: server.weight,
            in_flight: AtomicU32::new(0),
            health: Health::new(settings.max_fails, settings.fail_timeout),
            pool: Pool::new(settings, worker::count()),
        });
        let weights: Vec<_> = settings
            .servers
            .iter()
            .map(|server| server.weight)
            .collect();
        Self {
            name: settings.name.clone(),
            balance: settings.balance,
            servers: servers.map(Arc::new).collect(),
            turns: turns(&weights),
            turn: AtomicUsize::new(0),
        }
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().map(AsRef::as_ref)
    }

    /// Takes the server that is next. One that failed this request already, or that is left
    /// alone after failures, is taken only when there is no other.
    pub(crate) fn take(&self, client: IpAddr, now: Moment, failed: Option<usize>) -> Lease {
        let usable = |index: usize| Some(index) != failed && self.servers[index].health.usable(now);
        let index = if let [_] = self.servers.as_slice() {
            0
        } else {
            match self.balance {
                Balance::ClientHash => self.at_turn(hash(client), usable),
                Balance::LeastConnections => self.least(usable),
                Balance::RoundRobin => self.at_turn(self.next_turn(), usable),
            }
        };
        let server = Arc::clone(&self.servers[index]);
        server.in_flight.fetch_add(1, Ordering::Relaxed);
        Lease { index, server }
    }

    /// Whether another server could do what one failed to.
    pub(crate) fn has_other(&self, failed: usize, now: Moment) -> bool {
        (0..self.servers.len()).any(|i| i != failed && self.servers[i].health.usable(now))
    }

    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    fn at_turn(&self, turn: usize, usable: impl Fn(usize) -> bool) -> usize {
        let start = turn % self.turns.len();
        let (before, after) = self.turns.split_at(start);
        let mut order = after.iter().chain(before);
        order
            .find(|index| usable(**index))
            .copied()
            .unwrap_or(self.turns[start])
    }

    /// The server with the fewest requests for its weight; equal ones take turns.
    fn least(&self, usable: impl Fn(usize) -> bool) -> usize {
        let start = self.at_turn(self.next_turn(), &usable);
        let load = |index: usize| {
            let server = &self.servers[index];
            let in_flight = u64::from(server.in_flight.load(Ordering::Relaxed));
            (in_flight + 1) * 1_000_000 / u64::from(server.weight)
        };
        let others = (0..self.servers.len()).filter(|index| *index != start && usable(*index));
        others.fold(start, |best, index| {
            if load(index) < load(best) {
                index
            } else {
                best
            }
        })
    }
}

/// nginx's smooth weighted round robin, written down once.
fn turns(weights: &[u32]) -> Vec<usize> {
    let divisor = weights
        .iter()
        .copied()
        .fold(0, greatest_common_divisor)
        .max(1);
    let weights: Vec<i64> = weights.iter().map(|w| i64::from(w / divisor)).collect();
    let total: i64 = weights.iter().sum();
    let mut current = vec![0; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..total {
        for (value, weight) in current.iter_mut().zip(&weights) {
            *value += weight;
        }
        let chosen = (0..current.len()).rev().max_by_key(|index| current[*index]);
        if let Some(chosen) = chosen {
            current[chosen] -= total;
            turns.push(chosen);
        }
    }
    turns
}

const fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The same client gets the same number in every process.
#[expect(
    clippy::cast_possible_truncation,
    reason = "any part of a hash is a hash"
)]
fn hash(client: IpAddr) -> usize {
    let mut hasher = DefaultHasher::new();
    client.hash(&mut hasher);
    hasher.finish() as usize
}
