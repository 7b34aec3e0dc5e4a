//! A client's stream, in plain text, whose bytes are looked at before pingora reads them.
//!
//! It reads request lines as they were sent, and ends the wait for a client that takes too long.

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
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line::{Line, Reading, Stage};
use super::pace::Expected;
use super::pacer::Pacer;
use crate::clock::Clock;
use crate::config::ClientSettings;

/// A stream that is looked at.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    line: Arc<Line>,
    /// While a line is being read.
    reading: Option<Reading>,
    /// Bytes of HTTP/2's preface that are still to come.
    preface: usize,
    pacer: Pacer,
    /// What the pacer knows of the request.
    stage: Stage,
}

/// What HTTP/2 begins with (RFC 9113 §3.4): 24 bytes, after which there are only frames.
const PREFACE: usize = 24;

impl<S: IO> Watched<S> {
    pub(super) fn new(stream: S, line: Arc<Line>, limits: ClientSettings, clock: Clock) -> Self {
        let http2 = matches!(stream.selected_alpn_proto(), Some(ALPN::H2));
        Self {
            stream,
            line,
            reading: None,
            preface: if http2 { PREFACE } else { 0 },
            pacer: Pacer::new(limits, clock),
            stage: Stage::default(),
        }
    }

    /// Bytes have come.
    fn look(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.line.stage().expected() == Expected::Request {
            self.line.enter(Expected::Header);
            self.line.set_odd(false);
            self.reading = (self.preface == 0).then(Reading::default);
        }
        if self.preface > 0 {
            self.preface = self.preface.saturating_sub(bytes.len());
            if self.preface == 0 {
                self.line.become_frames();
            }
        }
        self.follow();
        self.pacer.came(bytes.len());
        if let Some(reading) = &mut self.reading
            && let Some(odd) = reading.read(bytes)
        {
            self.line.set_odd(odd);
            self.reading = None;
        }
    }

    /// Tells the pacer where the request is.
    fn follow(&mut self) {
        let stage = self.line.stage();
        if self.stage != stage {
            self.stage = stage;
            self.pacer.expect(stage.expected());
        }
    }
}

impl<S: IO> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_pending() {
            self.follow();
            return self.pacer.wait(context).map(Err);
        }
        self.look(&buffer.filled()[before..]);
        polled
    }
}

impl<S: IO> AsyncWrite for Watched<S> {
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
impl<S: IO> Shutdown for Watched<S> {
    async fn shutdown(&mut self) {
        // Through our own writes, so that a client that takes nothing does not hold it up.
        drop(tokio::io::AsyncWriteExt::shutdown(self).await);
    }
}

impl<S: IO> UniqueID for Watched<S> {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl<S: IO> Ssl for Watched<S> {
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

impl<S> Peek for Watched<S> {}

impl<S: IO> GetTimingDigest for Watched<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Watched<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl<S: IO> GetSocketDigest for Watched<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}
