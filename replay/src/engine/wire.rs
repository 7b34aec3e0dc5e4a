//! A connection's bytes, stamped as they pass: when the first was written, when the last was read.
//!
//! The stamps are taken at the system call, so that the queueing of tasks counts as lateness
//! before it and not as the target's time.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::clock;

/// A stream that keeps stamps.
pub(super) struct Wire {
    stream: TcpStream,
    stamps: Rc<Stamps>,
}

/// What passed on a connection since the last [`Stamps::reset`].
#[derive(Default)]
pub(super) struct Stamps {
    /// When the first byte was handed to the system; 0 when none was.
    pub(super) first_write_ns: Cell<u64>,
    /// When the last byte came in; 0 when none did.
    pub(super) last_read_ns: Cell<u64>,
    /// Bytes written.
    pub(super) written: Cell<u64>,
    /// Bytes read.
    pub(super) read: Cell<u64>,
}

impl Wire {
    /// Stamps what passes on the stream.
    pub(super) fn new(stream: TcpStream, stamps: Rc<Stamps>) -> Self {
        Self { stream, stamps }
    }
}

impl Stamps {
    /// Forgets what passed.
    pub(super) fn reset(&self) {
        self.first_write_ns.set(0);
        self.last_read_ns.set(0);
        self.written.set(0);
        self.read.set(0);
    }

    fn before_write(&self) {
        if self.first_write_ns.get() == 0 {
            self.first_write_ns.set(clock::now_ns());
        }
    }

    fn after_write(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.written.set(self.written.get() + *bytes as u64);
        }
    }

    fn after_read(&self, bytes: usize) {
        if bytes > 0 {
            self.last_read_ns.set(clock::now_ns());
            self.read.set(self.read.get() + bytes as u64);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.stamps.after_read(buffer.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stamps.before_write();
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.stamps.after_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stamps.before_write();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.stamps.after_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
