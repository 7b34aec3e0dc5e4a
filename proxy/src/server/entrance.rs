//! What the connections of one listener have in common.
//!
//! A reload makes new ones, for the connections that come after it.

use std::sync::Arc;

use pingora_core::listeners::tls::Acceptor;

use crate::clock::Clock;
use crate::config::{ClientSettings, TlsSettings};

/// Where connections come in.
pub(crate) struct Entrance {
    /// Plain text when absent.
    pub(super) tls: Option<Acceptor>,
    pub(super) client: ClientSettings,
    pub(super) clock: Clock,
}

impl Entrance {
    pub(crate) fn new(tls: Option<&TlsSettings>, client: ClientSettings, clock: Clock) -> Self {
        Self {
            tls: tls.map(|tls| Acceptor::from_server_config(Arc::clone(&tls.server))),
            client,
            clock,
        }
    }
}
