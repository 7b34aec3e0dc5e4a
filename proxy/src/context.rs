//! What the proxy knows about one request while it passes.
//!
//! Made by pingora for each request and handed to every hook.

use std::net::{IpAddr, Ipv4Addr};

use http::HeaderValue;

use crate::clock::Moment;
use crate::limit::in_flight::Place;
use crate::recorder::pending::Pending;
use crate::recorder::tap::Tap;
use crate::route::RouteId;
use crate::upstream::Lease;

/// The state of one request.
pub(crate) struct RequestContext {
    /// When its header had arrived, as near to its first byte as pingora says.
    pub(crate) started: Moment,
    /// When the answer's header came from the upstream.
    pub(crate) first_byte: Option<Moment>,
    /// Whose request it is, after trusted proxies.
    pub(crate) client: IpAddr,
    /// Whether the peer is one of the trusted proxies.
    pub(crate) peer_trusted: bool,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) route: Option<RouteId>,
    /// Its place among those in flight, given back at the end.
    pub(crate) place: Option<Place>,
    /// The server that has it now.
    pub(crate) lease: Option<Lease>,
    /// The server that could not be reached, if any.
    pub(crate) failed: Option<usize>,
    /// Attempts to reach a server.
    pub(crate) attempts: u32,
    /// Whether the upstream connection is to be closed after this request.
    pub(crate) last_use: bool,
    /// Bytes of the request's body so far.
    pub(crate) body_bytes: u64,
    /// Status of an answer that the proxy gave itself.
    pub(crate) answered: Option<u16>,
    /// Why it was not forwarded: the label of the metric.
    pub(crate) refusal: Option<&'static str>,
    /// What the recorder gets, if this request is recorded.
    pub(crate) pending: Option<Pending>,
}

impl RequestContext {
    pub(crate) const fn new(started: Moment) -> Self {
        Self {
            started,
            first_byte: None,
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            peer_trusted: false,
            request_id: None,
            route: None,
            place: None,
            lease: None,
            failed: None,
            attempts: 0,
            last_use: false,
            body_bytes: 0,
            answered: None,
            refusal: None,
            pending: None,
        }
    }

    /// Where to note what passes, if this request is recorded.
    pub(crate) fn tap(&mut self) -> Option<&mut Tap> {
        self.pending.as_mut()?.tap()
    }
}
