//! What the connections of one listener have in common.
//!
//! A reload makes new ones, for the connections that come after it.

use std::sync::Arc;

use http::HeaderValue;
use pingora_core::listeners::tls::Acceptor;

use crate::clock::Clock;
use crate::config::{ClientSettings, TlsSettings};

/// Where connections come in.
pub(crate) struct Entrance {
    /// The port that they come to.
    pub(super) port: HeaderValue,
    /// Plain text when absent.
    pub(super) tls: Option<Acceptor>,
    pub(super) client: ClientSettings,
    pub(super) clock: Clock,
}

impl Entrance {
    pub(crate) fn new(
        port: u16,
        tls: Option<&TlsSettings>,
        client: ClientSettings,
        clock: Clock,
    ) -> Self {
        Self {
            port: port.into(),
            tls: tls.map(|tls| Acceptor::from_server_config(Arc::clone(&tls.server))),
            client,
            clock,
        }
    }

    pub(super) const fn scheme(&self) -> &'static str {
        match self.tls {
            Some(_) => "https",
            None => "http",
        }
    }
}
