//! The edge as one configuration makes it; a reload puts another in its place, as a whole.
//!
//! A request keeps the edge that it began with.

use std::fmt::Write as _;
use std::sync::Arc;

use pingora_core::upstreams::peer::HttpPeer;

use crate::access::networks::Networks;
use crate::clock::{Clock, Moment};
use crate::config::Settings;
use crate::gate::Gatekeeper;
use crate::metrics::{Meters, Metrics};
use crate::route::Routes;
use crate::upstream::Upstream;

pub(crate) struct Edge {
    pub(crate) trusted: Networks,
    pub(crate) routes: Routes,
    pub(crate) gate: Gatekeeper,
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    /// Ready-made, by route and server.
    pub(crate) peers: Vec<Vec<HttpPeer>>,
    pub(crate) meters: Meters,
}

impl Edge {
    /// Goes on with what servers and clients did under a previous edge.
    pub(crate) fn new(
        settings: &Settings,
        clock: Clock,
        metrics: &Metrics,
        previous: Option<&Self>,
    ) -> Self {
        let before = previous.map_or(&[][..], |edge| &edge.upstreams);
        let routes = Routes::new(&settings.routes, settings.load_test.enabled);
        let upstreams = Upstream::all(&settings.upstreams, before);
        let peers = routes.iter().map(|route| match route.upstream() {
            Some(upstream) => upstreams[upstream].peers(&route.timeouts),
            None => Vec::new(),
        });
        Self {
            trusted: Networks::new(&settings.trusted_proxies),
            gate: Gatekeeper::new(settings, &routes, clock, previous.map(|edge| &edge.gate)),
            peers: peers.collect(),
            meters: metrics.meters(
                routes.iter().map(|route| route.name.as_str()),
                upstreams.iter().map(|upstream| upstream.name.as_str()),
            ),
            routes,
            upstreams,
        }
    }

    /// The upstreams' servers, and whether each is given requests, in Prometheus's text format.
    pub(crate) fn servers(&self, now: Moment) -> String {
        let mut text = String::from(
            "# HELP rehearsal_upstream_up Whether a server is given requests.\n\
             # TYPE rehearsal_upstream_up gauge\n",
        );
        for upstream in &self.upstreams {
            for server in upstream.servers() {
                let (name, label) = (&upstream.name, &server.label);
                let up = u8::from(server.is_up(now));
                // Writing to a text cannot fail.
                let _written = writeln!(
                    text,
                    "rehearsal_upstream_up{{upstream={name:?},server={label:?}}} {up}"
                );
            }
        }
        text
    }

    /// Forgets counts that no longer matter, and closes connections that nobody needs.
    pub(crate) fn sweep(&self, now: Moment) {
        self.gate.sweep(now);
        for server in self
            .upstreams
            .iter()
            .flat_map(|upstream| upstream.servers())
        {
            server.pool.sweep(now);
        }
    }
}
