//! A client's stream whose request lines are looked at before pingora reads them.
//!
//! pingora repairs a line that its parser refuses: it escapes what stands between the first space
//! and the last, and shows only the repaired line. Others refuse such a line, or cut it elsewhere.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora_core::protocols::l4::stream::Stream;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is known of the line of a connection's current request.
#[derive(Debug)]
pub(crate) struct Line {
    /// Whether the next byte to come is a line's first.
    begins: AtomicBool,
    odd: AtomicBool,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self {
            begins: AtomicBool::new(true),
            odd: AtomicBool::new(false),
        }
    }

    /// A request has ended: what comes now is the next one's line.
    pub(crate) fn begin(&self) {
        self.begins.store(true, Ordering::Relaxed);
    }

    /// Whether the line is not just three words.
    pub(crate) fn is_odd(&self) -> bool {
        self.odd.load(Ordering::Relaxed)
    }
}

/// A stream that notes what its request lines are like.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    line: Arc<Line>,
    /// While a line is being read.
    reading: Option<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    spaces: usize,
    last: u8,
}

impl Watched {
    pub(super) const fn new(stream: Stream, line: Arc<Line>) -> Self {
        Self {
            stream,
            line,
            reading: None,
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.line.begins.swap(false, Ordering::Relaxed) {
            self.line.odd.store(false, Ordering::Relaxed);
            self.reading = Some(Reading::default());
        }
        let Some(reading) = &mut self.reading else {
            return;
        };
        if let Some(odd) = reading.read(bytes) {
            self.line.odd.store(odd, Ordering::Relaxed);
            self.reading = None;
        }
    }
}

impl Reading {
    /// Goes on with the line; at its end, or as soon as that is clear, says whether it is odd.
    fn read(&mut self, bytes: &[u8]) -> Option<bool> {
        for &byte in bytes {
            let last = std::mem::replace(&mut self.last, byte);
            match byte {
                // Empty lines may come before it (RFC 9112 §2.2).
                b'\r' | b'\n' if matches!(last, 0 | b'\n') => self.last = 0,
                b'\n' => return Some(self.spaces != 2),
                b'\r' => {}
                _ if last == b'\r' => return Some(true),
                b' ' => self.spaces += 1,
                0..=0x1f | 0x7f => return Some(true),
                _ => {}
            }
        }
        None
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.look(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for Watched {
    async fn shutdown(&mut self) {
        Shutdown::shutdown(&mut self.stream).await;
    }
}

impl UniqueID for Watched {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

/// Listeners speak plain TCP only.
impl Ssl for Watched {}

impl Peek for Watched {}

impl GetTimingDigest for Watched {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Watched {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Watched {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<bool>) {
        assert_eq!(
            Reading::default().read(line.as_bytes()),
            expected,
            "{line:?}"
        );
        // In pieces it is the same.
        let mut reading = Reading::default();
        let read = line
            .as_bytes()
            .chunks(1)
            .find_map(|byte| reading.read(byte));
        assert_eq!(read, expected, "{line:?}");
    }

    #[test]
    fn a_line_is_three_words() {
        check("GET /a?b=c%20d HTTP/1.1\r\nX: y z\r\n", Some(false));
        check("\r\n\r\nGET / HTTP/1.1\r\n", Some(false));
        check("GET / HTTP/1.1\n", Some(false));
        check("GET / HTTP", None);
        check("GET /a b HTTP/1.1\r\n", Some(true));
        check("GET /a?b=c d HTTP/1.1\r\n", Some(true));
        check("GET  / HTTP/1.1\r\n", Some(true));
        check("GET /\r\n", Some(true));
        check("GET /a?\tb HTTP/1.1\r\n", Some(true));
        check("GET /a?\x7f HTTP/1.1\r\n", Some(true));
        check("GET /a?\0 HTTP/1.1\r\n", Some(true));
        check("GET /a?\rb HTTP/1.1\r\n", Some(true));
    }
}
