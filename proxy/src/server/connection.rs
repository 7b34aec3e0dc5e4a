//! What is known of a client connection for as long as it lives.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use pingora_core::protocols::Stream;
use pingora_core::protocols::l4::socket::SocketAddr;

/// A client connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number, from 1, in the order of coming.
    pub(crate) number: u64,
    /// The address at its other end.
    pub(crate) peer: IpAddr,
    /// [`Connection::peer`] as text.
    pub(crate) peer_text: String,
    /// The port that it came to, as text.
    pub(crate) port: String,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// `1` or `2`.
    pub(crate) protocol: Protocol,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Connection {
    /// The next connection.
    pub(crate) fn next(stream: &Stream, protocol: Protocol) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let digest = stream.get_socket_digest();
        let peer = digest.as_ref().and_then(|digest| match digest.peer_addr() {
            Some(SocketAddr::Inet(address)) => Some(address.ip().to_canonical()),
            _ => None,
        });
        let port = digest
            .as_ref()
            .and_then(|digest| match digest.local_addr() {
                Some(SocketAddr::Inet(address)) => Some(address.port()),
                _ => None,
            });
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self {
            number: LAST.fetch_add(1, Ordering::Relaxed) + 1,
            peer,
            peer_text: peer.to_string(),
            port: port.unwrap_or(0).to_string(),
            scheme: if stream.get_ssl_digest().is_some() {
                "https"
            } else {
                "http"
            },
            protocol,
        }
    }
}
