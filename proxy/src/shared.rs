//! What all requests share: made once from the settings, and never replaced.
//!
//! Requests borrow it. What changes in it are atomics, and tables whose shards are locked for one
//! look-up at a time.

use std::os::fd::RawFd;

use pingora_core::upstreams::peer::HttpPeer;

use crate::access::networks::Networks;
use crate::access_log::AccessLog;
use crate::clock::Clock;
use crate::config::{Settings, UpstreamSettings};
use crate::gate::Gatekeeper;
use crate::metrics::Metrics;
use crate::recorder::control::Recorder;
use crate::route::{Route, Routes};
use crate::upstream::Upstream;
use crate::upstream::uses::Uses;

/// Everything a request needs to know.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) trusted: Networks,
    pub(crate) routes: Routes,
    pub(crate) gate: Gatekeeper,
    pub(crate) upstreams: Vec<Upstream>,
    /// Ready-made, by route and server.
    pub(crate) peers: Vec<Vec<HttpPeer>>,
    /// Requests that an upstream connection may carry, by upstream.
    most_uses: Vec<Option<u32>>,
    uses: Uses,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Recorder,
    pub(crate) access_log: AccessLog,
}

impl Shared {
    pub(crate) fn new(
        settings: &Settings,
        clock: Clock,
        recorder: Recorder,
        access_log: AccessLog,
    ) -> Result<Self, prometheus::Error> {
        let routes = Routes::new(&settings.routes, settings.load_test.enabled);
        let upstreams: Vec<_> = settings.upstreams.iter().map(Upstream::new).collect();
        let peers = routes.iter().map(|route| {
            let upstream = route.upstream;
            peers(route, &upstreams[upstream], &settings.upstreams[upstream])
        });
        Ok(Self {
            clock,
            trusted: Networks::new(&settings.trusted_proxies),
            gate: Gatekeeper::new(&settings.load_test, &routes, clock),
            peers: peers.collect(),
            most_uses: settings
                .upstreams
                .iter()
                .map(|u| u.keepalive_requests)
                .collect(),
            uses: Uses::new(),
            metrics: Metrics::new(
                routes.iter().map(|route| route.name.as_str()),
                upstreams.iter().map(|upstream| upstream.name.as_str()),
            )?,
            routes,
            upstreams,
            recorder,
            access_log,
        })
    }

    /// Counts a use of an upstream connection; true when it is the last one it may have.
    pub(crate) fn is_last_use(&self, upstream: usize, descriptor: RawFd, reused: bool) -> bool {
        self.most_uses[upstream].is_some_and(|most| self.uses.count(descriptor, reused) >= most)
    }
}

fn peers(route: &Route, upstream: &Upstream, settings: &UpstreamSettings) -> Vec<HttpPeer> {
    let timeouts = route.timeouts;
    let peer = |address| {
        let mut peer = HttpPeer::new(address, false, String::new());
        peer.options.connection_timeout = Some(timeouts.connect);
        peer.options.total_connection_timeout = Some(timeouts.connect);
        peer.options.write_timeout = Some(timeouts.write);
        peer.options.read_timeout = Some(timeouts.read);
        peer.options.idle_timeout = Some(settings.keepalive_timeout);
        peer
    };
    upstream
        .servers()
        .map(|server| peer(server.address))
        .collect()
}
