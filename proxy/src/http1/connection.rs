//! A connection with what was read from it and what is to be written to it.
//!
//! Reading and writing are polled apart, so that one task can do both in both directions and a
//! peer that does not read never keeps us from hearing it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use pingora_core::protocols::Stream;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

/// Bytes that are read at once.
const READ: usize = 16 * 1024;

/// Bytes that may wait to be written before no more is read for it.
pub(crate) const ENOUGH: usize = 64 * 1024;

pub(crate) struct Connection {
    stream: Stream,
    /// Read, and not used yet.
    pub(crate) input: BytesMut,
    /// To be written.
    pub(crate) output: BytesMut,
    /// Whether the stream may hold back some of what was written.
    unflushed: bool,
    /// Whether the peer has said anything since it was last asked something.
    pub(crate) heard: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            unflushed: false,
            heard: false,
        }
    }

    /// Whether there is something to write.
    pub(crate) fn has_output(&self) -> bool {
        self.unflushed || !self.output.is_empty()
    }

    /// Whether there is room for more to write.
    pub(crate) fn has_room(&self) -> bool {
        self.output.len() < ENOUGH
    }

    /// Reads more. 0 bytes is the end of what the peer sends.
    ///
    /// The bytes pass over the stack, so that a connection which waits needs no buffer.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::<u8>::uninit() }; READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        self.input.extend_from_slice(buffer.filled());
        self.heard |= !buffer.filled().is_empty();
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Writes all there is.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.output))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(written);
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        std::future::poll_fn(|context| self.poll_fill(context)).await
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_flush(context)).await
    }

    /// Tells the peer that nothing more will be written.
    pub(crate) async fn end_output(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| Pin::new(&mut self.stream).poll_shutdown(context)).await
    }

    /// Gives back the buffers that are empty.
    pub(crate) fn release_buffers(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        if self.output.is_empty() {
            self.output = BytesMut::new();
        }
    }

    /// Whether the peer is still there and has said nothing that was not asked for.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.input.is_empty() && !self.has_output() && self.poll_fill(&mut context).is_pending()
    }
}
