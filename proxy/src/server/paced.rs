//! An HTTP/2 client's stream: it has to begin in time, and to take what it is sent.
//!
//! What pingora makes of the frames is kept to its time elsewhere; these two it would wait for
//! without end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::tls::{SslDigest, TlsRef};
use pingora_core::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::pace::Expected;
use super::pacer::Pacer;
use crate::clock::Clock;
use crate::config::ClientSettings;

/// A stream that is kept to its time.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    /// Bytes of the preface that are still to come.
    preface: usize,
    pacer: Pacer,
}

/// What HTTP/2 begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl<S> Paced<S> {
    pub(super) fn new(stream: S, limits: ClientSettings, clock: Clock) -> Self {
        let mut pacer = Pacer::new(limits, clock);
        pacer.expect(Expected::Header);
        Self {
            stream,
            preface: PREFACE.len(),
            pacer,
        }
    }

    fn came(&mut self, bytes: usize) {
        if self.preface > 0 {
            self.preface = self.preface.saturating_sub(bytes);
            if self.preface == 0 {
                self.pacer.expect(Expected::Nothing);
            }
        }
    }
}

impl<S: IO> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_pending() {
            return self.pacer.wait(context).map(Err);
        }
        self.came(buffer.filled().len() - before);
        polled
    }
}

impl<S: IO> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pacer.written(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.pacer.written(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.pacer.written(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pacer.written(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl<S: IO> Shutdown for Paced<S> {
    async fn shutdown(&mut self) {
        // Through our own writes, so that a client that takes nothing does not hold it up.
        drop(AsyncWriteExt::shutdown(self).await);
    }
}

impl<S: IO> UniqueID for Paced<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl<S: IO> Ssl for Paced<S> {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.stream.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl<S> Peek for Paced<S> {}

impl<S: IO> GetTimingDigest for Paced<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Paced<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl<S: IO> GetSocketDigest for Paced<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}
