//! The edge as one configuration makes it; a reload puts another in its place, as a whole.
//!
//! A request keeps the edge that it began with.

use pingora_core::upstreams::peer::HttpPeer;

use crate::access::networks::Networks;
use crate::clock::{Clock, Moment};
use crate::config::{Settings, UpstreamSettings};
use crate::gate::Gatekeeper;
use crate::metrics::{Meters, Metrics};
use crate::route::{Route, Routes};
use crate::upstream::Upstream;

pub(crate) struct Edge {
    pub(crate) trusted: Networks,
    pub(crate) routes: Routes,
    pub(crate) gate: Gatekeeper,
    pub(crate) upstreams: Vec<Upstream>,
    /// Ready-made, by route and server.
    pub(crate) peers: Vec<Vec<HttpPeer>>,
    pub(crate) meters: Meters,
}

impl Edge {
    pub(crate) fn new(settings: &Settings, clock: Clock, metrics: &Metrics) -> Self {
        let routes = Routes::new(&settings.routes, settings.load_test.enabled);
        let upstreams: Vec<_> = settings.upstreams.iter().map(Upstream::new).collect();
        let peers = routes.iter().map(|route| {
            let upstream = route.upstream;
            peers(route, &upstreams[upstream], &settings.upstreams[upstream])
        });
        Self {
            trusted: Networks::new(&settings.trusted_proxies),
            gate: Gatekeeper::new(&settings.load_test, &routes, clock),
            peers: peers.collect(),
            meters: metrics.meters(
                routes.iter().map(|route| route.name.as_str()),
                upstreams.iter().map(|upstream| upstream.name.as_str()),
            ),
            routes,
            upstreams,
        }
    }

    /// Forgets counts that no longer matter, and closes connections that nobody needs.
    pub(crate) fn sweep(&self, now: Moment) {
        self.gate.sweep(now);
        for server in self.upstreams.iter().flat_map(Upstream::servers) {
            server.pool.sweep(now);
        }
    }
}

fn peers(route: &Route, upstream: &Upstream, settings: &UpstreamSettings) -> Vec<HttpPeer> {
    let timeouts = route.timeouts;
    let peer = |address| {
        let mut peer = HttpPeer::new(address, false, String::new());
        peer.options.connection_timeout = Some(timeouts.connect);
        peer.options.total_connection_timeout = Some(timeouts.connect);
        peer.options.idle_timeout = Some(settings.keepalive_timeout);
        peer
    };
    upstream
        .servers()
        .map(|server| peer(server.address))
        .collect()
}
