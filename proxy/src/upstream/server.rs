//! One server of an upstream: where it is, how to connect to it, how it fares.
//!
//! Settings are new with each configuration; how a server fares stays with its address.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pingora_core::protocols::l4::socket::SocketAddr as PeerAddress;
use pingora_core::upstreams::peer::HttpPeer;

use super::balance;
use super::health::{Health, Limits, Standing};
use super::pool::Pool;
use super::trust::Trust;
use crate::clock::Moment;
use crate::config::{Address, ServerSettings, UpstreamSettings};

pub(crate) struct Server {
    pub(crate) address: Address,
    /// The address as text, for logs and metrics.
    pub(crate) label: String,
    pub(super) weight: u32,
    /// What sets it apart from others when clients are dealt out.
    pub(super) seed: u64,
    limits: Limits,
    tls: Option<Tls>,
    /// Idle connections to it.
    pub(crate) pool: Pool,
    state: Arc<State>,
}

/// What outlives a configuration.
#[derive(Default)]
struct State {
    in_flight: AtomicU32,
    health: Health,
}

#[derive(PartialEq, Eq)]
struct Tls {
    /// The name that is asked for, and that the certificate has to be for. Never empty: pingora
    /// would then verify nothing.
    name: String,
    trust: Trust,
    verify: bool,
}

/// A request's use of a server, counted for as long as this lives.
///
/// Whoever holds it says how the server did: [`Lease::answered`] or [`Lease::failed`].
pub(crate) struct Lease {
    /// Place of the server in its group.
    pub(crate) index: usize,
    pub(crate) server: Arc<Server>,
    /// Whether this request finds out if the server is back after a rest.
    trial: bool,
}

impl Server {
    /// With a predecessor at the same address, goes on from how that fares.
    pub(super) fn new(
        settings: &ServerSettings,
        group: &UpstreamSettings,
        predecessor: Option<&Self>,
    ) -> Self {
        let state = predecessor.map_or_else(Arc::default, |server| Arc::clone(&server.state));
        if group.health.is_none() {
            // Nothing would ever find it up again.
            state.health.set_down(false);
        }
        let label = settings.address.to_string();
        let tls = group.tls.as_ref().map(|tls| Tls {
            name: tls.name_of(settings),
            trust: tls.trust.clone(),
            verify: tls.verify,
        });
        let same = predecessor.filter(|server| server.tls == tls);
        Self {
            address: settings.address.clone(),
            weight: settings.weight,
            seed: balance::hash(&label),
            label,
            limits: Limits {
                max_fails: group.max_fails,
                fail_timeout: group.fail_timeout,
            },
            tls,
            pool: Pool::new(group, same.map(|server| &server.pool)),
            state,
        }
    }

    /// What pingora needs to connect, without timeouts.
    pub(crate) fn peer(&self) -> HttpPeer {
        let name = self.tls.as_ref().map(|tls| tls.name.clone());
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let mut peer = HttpPeer::new(nowhere, name.is_some(), name.unwrap_or_default());
        // Its own constructors look addresses up once more, and can fail.
        peer._address = match &self.address {
            Address::Tcp(address) => PeerAddress::Inet(*address),
            Address::Unix(address) => PeerAddress::Unix(address.clone()),
        };
        if let Some(tls) = &self.tls {
            peer.options.verify_cert = tls.verify;
            peer.options.verify_hostname = tls.verify;
            peer.options.ca = Some(tls.trust.authorities());
        }
        peer
    }

    /// Whether it is given requests now, if others could take them.
    pub(crate) fn is_up(&self, now: Moment) -> bool {
        self.standing(now) == Standing::Usable
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.state.in_flight.load(Ordering::Relaxed)
    }

    /// The name that it is asked to prove, if there is TLS.
    pub(super) fn tls_name(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.name.as_str())
    }

    pub(super) fn standing(&self, now: Moment) -> Standing {
        self.state.health.standing(now)
    }

    pub(super) fn is_down(&self) -> bool {
        self.state.health.is_down()
    }

    pub(super) fn set_down(&self, down: bool) {
        self.state.health.set_down(down);
    }
}

impl Lease {
    pub(super) fn new(index: usize, server: Arc<Server>, now: Moment) -> Self {
        server.state.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            index,
            trial: server.state.health.begin(now, server.limits),
            server,
        }
    }

    /// The server could not be reached, broke off, was too slow, or answered with a status that
    /// counts as a failure.
    pub(crate) fn failed(&self, now: Moment) {
        let health = &self.server.state.health;
        health.failed(now, self.server.limits, self.trial);
    }

    /// The head of an answer came. One success does not undo failures within `fail_timeout`, but
    /// it ends the distrust after a rest.
    pub(crate) fn answered(&self) {
        if self.trial {
            self.server.state.health.trust();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.server.state.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
