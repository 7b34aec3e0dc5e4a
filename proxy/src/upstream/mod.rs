//! Upstreams: groups of servers, and which of them gets the next request.
//!
//! A choice costs a few atomic reads; nothing is locked.

mod balance;
pub(crate) mod check;
mod health;
pub(crate) mod pool;
pub(crate) mod retry;
mod server;
pub(crate) mod trust;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pingora_core::upstreams::peer::HttpPeer;

use crate::clock::Moment;
use crate::config::{Balance, CheckSettings, ServerSettings, Timeouts, UpstreamSettings};
use health::Standing;
use retry::{Retry, Tried};
pub(crate) use server::{Lease, Server};

/// A group of equal servers.
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) retry: Retry,
    balance: Balance,
    check: Option<CheckSettings>,
    servers: Vec<Arc<Server>>,
    /// Indices of the servers, each as often as its weight, well mixed.
    turns: Vec<usize>,
    turn: AtomicUsize,
}

impl Upstream {
    /// All upstreams of a configuration. A server that one of the same name had before goes on
    /// with its health and its requests in flight.
    pub(crate) fn all(settings: &[UpstreamSettings], previous: &[Arc<Self>]) -> Vec<Arc<Self>> {
        let one = |settings: &UpstreamSettings| {
            let previous = previous.iter().find(|p| p.name == settings.name);
            Arc::new(Self::new(settings, previous.map(AsRef::as_ref)))
        };
        settings.iter().map(one).collect()
    }

    pub(crate) fn new(settings: &UpstreamSettings, previous: Option<&Self>) -> Self {
        if settings.tls.as_ref().is_some_and(|tls| !tls.verify) {
            tracing::warn!(
                upstream = settings.name,
                "certificates of this upstream are not verified: anyone could pose as it"
            );
        }
        let server = |server: &ServerSettings| {
            let mut former = previous.into_iter().flat_map(Self::servers);
            let predecessor = former.find(|former| former.address == server.address);
            Arc::new(Server::new(server, settings, predecessor))
        };
        let servers: Vec<_> = settings.servers.iter().map(server).collect();
        let weights: Vec<_> = servers.iter().map(|server| server.weight).collect();
        Self {
            name: settings.name.clone(),
            retry: settings.retry.clone(),
            balance: settings.balance,
            check: settings.health.clone(),
            servers,
            turns: balance::turns(&weights),
            turn: AtomicUsize::new(0),
        }
    }

    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().map(AsRef::as_ref)
    }

    /// What pingora needs to connect to each server in turn, for requests with these timeouts.
    pub(crate) fn peers(&self, timeouts: &Timeouts) -> Vec<HttpPeer> {
        let peer = |server: &Server| {
            let mut peer = server.peer();
            peer.options.connection_timeout = Some(timeouts.connect);
            peer.options.total_connection_timeout = Some(timeouts.connect);
            peer
        };
        self.servers().map(peer).collect()
    }

    /// Takes the server that is next. One that this request tried already is taken only when all
    /// were; one that rests or is down only when no other is left.
    ///
    /// Drop the lease of a failed try first, so that it does not weigh on the choice.
    pub(crate) fn take(&self, client: IpAddr, now: Moment, tried: &Tried) -> Lease {
        let index = match self.servers.as_slice() {
            [_] => 0,
            _ => self.choose(client, now, tried),
        };
        Lease::new(index, Arc::clone(&self.servers[index]), now)
    }

    /// Whether a usable server is left that the request was not sent to.
    pub(crate) fn has_untried(&self, tried: &Tried, now: Moment) -> bool {
        let best = (false, Standing::Usable);
        (0..self.servers.len()).any(|index| self.grade(index, now, tried) == best)
    }

    fn choose(&self, client: IpAddr, now: Moment, tried: &Tried) -> usize {
        let grade = |index| self.grade(index, now, tried);
        let best = (0..self.servers.len()).map(grade).min();
        let fit = |index: usize| Some(grade(index)) == best;
        match self.balance {
            Balance::ClientHash => self.nearest(client, fit),
            Balance::LeastConnections => self.least(fit),
            Balance::RoundRobin => self.next(fit),
        }
    }

    /// The less, the better.
    fn grade(&self, index: usize, now: Moment, tried: &Tried) -> (bool, Standing) {
        (tried.contains(index), self.servers[index].standing(now))
    }

    fn next(&self, fit: impl Fn(usize) -> bool) -> usize {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.turns.len();
        let (before, after) = self.turns.split_at(turn);
        let mut order = after.iter().chain(before).copied();
        order.find(|index| fit(*index)).unwrap_or(self.turns[turn])
    }

    /// The server with the fewest requests for its weight; equal ones take turns.
    fn least(&self, fit: impl Fn(usize) -> bool) -> usize {
        let load = |index: usize| {
            let server = &self.servers[index];
            (u64::from(server.in_flight()) + 1) * 1_000_000 / u64::from(server.weight)
        };
        let start = self.next(&fit);
        let others = (0..self.servers.len()).filter(|index| *index != start && fit(*index));
        others.fold(start, |best, index| {
            if load(index) < load(best) {
                index
            } else {
                best
            }
        })
    }

    fn nearest(&self, client: IpAddr, fit: impl Fn(usize) -> bool) -> usize {
        let client = balance::hash(&client);
        let distance = |index: usize| {
            let server = &self.servers[index];
            (balance::distance(client, server.seed, server.weight), index)
        };
        let nearest = (0..self.servers.len())
            .filter(|index| fit(*index))
            .map(distance)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map_or(0, |(_, index)| index)
    }
}
