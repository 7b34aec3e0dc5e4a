//! The proxy as pingora calls it: one file for each group of hooks, delegated to from here.
//!
//! pingora's types end here; what these files decide with knows nothing of them.

mod answer;
mod body;
mod failure;
mod finish;
mod forward;
mod request;
mod response;
mod upstream;

use std::os::fd::RawFd;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderName;
use pingora_core::modules::http::HttpModules;
use pingora_core::protocols::Digest;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use std::time::Duration;

use crate::context::RequestContext;
use crate::shared::Shared;

/// The handler of requests; one for each worker.
pub(crate) struct Handler {
    shared: Arc<Shared>,
}

impl Handler {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

/// Whether a header is one of ours. `_` counts as `-`, because many backends make both one.
pub(crate) fn is_load_test_header(name: &HeaderName) -> bool {
    const PREFIX: &[u8] = b"x-load-test";
    let name = name.as_str().as_bytes();
    name.len() >= PREFIX.len()
        && name
            .iter()
            .zip(PREFIX)
            .all(|(a, b)| a == b || (*a == b'_' && *b == b'-'))
}

#[async_trait]
impl ProxyHttp for Handler {
    type CTX = RequestContext;

    fn new_ctx(&self) -> RequestContext {
        RequestContext::new(self.shared.clock.now())
    }

    /// None: pingora's default would add a compression module that nothing turns on.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn request_filter(&self, s: &mut Session, ctx: &mut RequestContext) -> Result<bool> {
        request::filter(&self.shared, s, ctx).await
    }

    async fn upstream_peer(
        &self,
        _s: &mut Session,
        ctx: &mut RequestContext,
    ) -> Result<Box<HttpPeer>> {
        upstream::peer(&self.shared, ctx)
    }

    async fn connected_to_upstream(
        &self,
        _s: &mut Session,
        reused: bool,
        _peer: &HttpPeer,
        descriptor: RawFd,
        _digest: Option<&Digest>,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        upstream::connected(&self.shared, ctx, descriptor, reused);
        Ok(())
    }

    fn fail_to_connect(
        &self,
        s: &mut Session,
        _peer: &HttpPeer,
        ctx: &mut RequestContext,
        error: Box<Error>,
    ) -> Box<Error> {
        upstream::unreachable(&self.shared, s, ctx, error)
    }

    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        s: &mut Session,
        error: Box<Error>,
        ctx: &mut RequestContext,
        reused: bool,
    ) -> Box<Error> {
        upstream::broken(&self.shared, s, ctx, error, reused)
    }

    async fn upstream_request_filter(
        &self,
        s: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        forward::request(&self.shared, s, ctx, request)
    }

    async fn request_body_filter(
        &self,
        s: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        body::request(&self.shared, s, ctx, body.as_ref())
    }

    async fn upstream_response_filter(
        &self,
        _s: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        response::header(&self.shared, ctx, response)
    }

    async fn response_filter(
        &self,
        s: &mut Session,
        response: &mut ResponseHeader,
        _ctx: &mut RequestContext,
    ) -> Result<()> {
        response::leaving(s, response);
        Ok(())
    }

    fn response_body_filter(
        &self,
        s: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        ctx: &mut RequestContext,
    ) -> Result<Option<Duration>> {
        body::response(s, ctx, body.as_ref());
        Ok(None)
    }

    async fn fail_to_proxy(
        &self,
        s: &mut Session,
        error: &Error,
        ctx: &mut RequestContext,
    ) -> FailToProxy {
        failure::answer(&self.shared, s, ctx, error).await
    }

    async fn logging(&self, s: &mut Session, error: Option<&Error>, ctx: &mut RequestContext) {
        finish::finish(&self.shared, s, ctx, error);
    }

    /// pingora's own lines could carry a path or a query; failures are counted and logged here.
    fn suppress_error_log(&self, _s: &Session, _ctx: &RequestContext, _error: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _s: &Session,
        _ctx: &RequestContext,
        _error: &Error,
        _context: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    fn request_summary(&self, _s: &Session, _ctx: &RequestContext) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_our_headers_is_ours() {
        let ours = |name: &'static str| is_load_test_header(&HeaderName::from_static(name));
        for name in [
            "x-load-test",
            "x-load-test-key",
            "x_load_test_key",
            "x-load_test-run",
        ] {
            assert!(ours(name), "{name}");
        }
        for name in ["x-load", "x-request-id", "load-test", "host"] {
            assert!(!ours(name), "{name}");
        }
    }
}
