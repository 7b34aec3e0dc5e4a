//! What is known of a client connection for as long as it lives.
//!
//! pingora carries it along with the connection, so that a request pays nothing for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderValue, StatusCode};
use pingora_core::Result;
use pingora_core::protocols::GetProxyDigest;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_http::ResponseHeader;
use pingora_proxy::Session;

use super::line::Line;

/// A client connection.
pub(crate) struct Connection {
    /// Its number, from 1, in the order of coming.
    pub(crate) number: u64,
    /// The port that it came to.
    pub(crate) port: HeaderValue,
    pub(crate) line: Arc<Line>,
    /// Requests that it has carried.
    pub(crate) requests: AtomicU64,
}

impl Connection {
    /// The next connection to come to `port`.
    pub(crate) fn next(port: u16) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self {
            number: LAST.fetch_add(1, Ordering::Relaxed) + 1,
            port: HeaderValue::from(port),
            line: Arc::new(Line::new()),
            requests: AtomicU64::new(0),
        }
    }

    /// Puts it where [`Connection::of`] finds it. A proxy digest is the one place in pingora's
    /// connection that carries data of ours; the response header is a part it cannot do without.
    pub(crate) fn attach(self, stream: &mut Stream) -> Result<()> {
        let unused = ResponseHeader::build_no_case(StatusCode::OK, Some(0))?;
        let digest = ProxyDigest::new(Box::new(unused), Some(Box::new(self)));
        stream.set_proxy_digest(digest);
        Ok(())
    }

    /// The connection that a request came by.
    pub(crate) fn of(session: &Session) -> Option<&Self> {
        let digest = session.digest()?.proxy_digest.as_ref()?;
        digest.user_data.as_ref()?.downcast_ref()
    }
}
