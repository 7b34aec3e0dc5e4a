//! What the proxy knows about one request and its answer while they pass.
//!
//! It ends with the request, however that ends.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::{Clock, Moment};
use crate::edge::Edge;
use crate::http1::head::Request;
use crate::limit::in_flight::Place;
use crate::recorder::pending::Pending;
use crate::recorder::tap::Tap;
use crate::route::{Route, RouteId};
use crate::server::connection::Connection;
use crate::upstream::retry::Tried;
use crate::upstream::{Lease, Upstream};

/// An exchange that has not ended yet.
pub(crate) struct Exchange<'c> {
    /// The edge that it began with.
    pub(crate) edge: Arc<Edge>,
    clock: Clock,
    /// The client connection that it came by.
    pub(crate) connection: &'c Connection,
    pub(crate) request: Request,
    /// When its head had arrived.
    pub(crate) started: Moment,
    /// When the answer's head came from the upstream.
    pub(crate) first_byte: Option<Moment>,
    /// Whose request it is, after trusted proxies.
    pub(crate) client: IpAddr,
    /// Whether the peer is one of the trusted proxies.
    pub(crate) peer_trusted: bool,
    /// A UUID or 32 hex digits.
    pub(crate) id: Box<str>,
    pub(crate) route: Option<RouteId>,
    /// Its place among those in flight, given back at the end.
    pub(crate) place: Option<Place>,
    /// The server that has it now.
    pub(crate) lease: Option<Lease>,
    /// Servers that it was sent to in vain.
    pub(crate) tried: Tried,
    /// Servers that it was sent to.
    pub(crate) tries: u32,
    /// Whether the next try has to be by a new connection.
    pub(crate) anew: bool,
    /// Bytes of the request's body so far.
    pub(crate) body_bytes: u64,
    /// Status of the answer that the client got; 0 while there is none.
    pub(crate) status: u16,
    /// Whether the proxy gave the answer itself.
    pub(crate) answered_here: bool,
    /// What the recorder gets, if this request is recorded.
    pub(crate) pending: Option<Pending>,
}

impl<'c> Exchange<'c> {
    pub(crate) fn new(
        edge: Arc<Edge>,
        connection: &'c Connection,
        request: Request,
        clock: Clock,
    ) -> Self {
        Self {
            peer_trusted: edge.trusted.contains(connection.peer),
            edge,
            clock,
            client: connection.peer,
            connection,
            request,
            started: clock.now(),
            first_byte: None,
            id: Box::default(),
            route: None,
            place: None,
            lease: None,
            tried: Tried::default(),
            tries: 0,
            anew: false,
            body_bytes: 0,
            status: 0,
            answered_here: false,
            pending: None,
        }
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn route(&self) -> Option<&Route> {
        self.route.map(|id| self.edge.routes.get(id))
    }

    pub(crate) fn upstream(&self) -> Option<&Arc<Upstream>> {
        let upstream = self.route()?.upstream()?;
        Some(&self.edge.upstreams[upstream])
    }

    /// Where to note what passes, if this request is recorded.
    pub(crate) fn tap(&mut self) -> Option<&mut Tap> {
        self.pending.as_mut()?.tap()
    }
}
