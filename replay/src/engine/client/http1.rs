//! One connection that speaks HTTP/1.1, one request at a time.
//!
//! Requests come as the bytes that they are. Answers are drained and checked, and kept only where
//! somebody wants them.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::super::outcome::{Failure, Outgoing};
use super::answer::Answering;
use super::deadline::Deadline;
use super::stream::Stream;
use super::track::Track;

/// A connection.
pub(super) struct Http1 {
    stream: Stream,
    /// What came in and is not used yet, such as half a head.
    rest: Vec<u8>,
    deadline: Rc<Deadline>,
    /// Whether it carried a request before.
    pub(super) used: bool,
}

/// Where bytes are read into, one for all connections of a worker.
pub(super) type Scratch = RefCell<Box<[u8]>>;

/// A request that is on its way.
struct Sending<'a> {
    request: Outgoing<'a>,
    /// How much of it is written.
    written: u64,
    /// Nothing more can be written: what comes may still be an answer.
    broken: Option<Failure>,
    flushed: bool,
}

impl Http1 {
    /// A connection that stands.
    pub(super) const fn new(stream: Stream, deadline: Rc<Deadline>) -> Self {
        Self {
            stream,
            rest: Vec::new(),
            deadline,
            used: false,
        }
    }

    /// Whether nothing came in, not even its end, while nobody asked for anything.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut context = Context::from_waker(Waker::noop());
        let mut buffer = ReadBuf::new(&mut byte);
        let polled = Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer);
        polled.is_pending()
    }

    /// Sends a request and reads its answer; tells whether another one can follow.
    pub(super) async fn exchange(
        &mut self,
        request: Outgoing<'_>,
        answering: &mut Answering,
        track: &Track,
        scratch: &Scratch,
    ) -> Result<bool, Failure> {
        let mut sending = Sending {
            request,
            written: 0,
            broken: None,
            flushed: false,
        };
        self.used = true;
        poll_fn(|context| self.poll_exchange(context, &mut sending, answering, track, scratch))
            .await?;
        let is_complete = sending.is_done() && sending.broken.is_none();
        Ok(is_complete && answering.is_reusable() && self.rest.is_empty())
    }

    fn poll_exchange(
        &mut self,
        context: &mut Context<'_>,
        sending: &mut Sending<'_>,
        answering: &mut Answering,
        track: &Track,
        scratch: &Scratch,
    ) -> Poll<Result<(), Failure>> {
        // The answer may come before the whole request is out: both go on at once.
        if sending.broken.is_none()
            && let Poll::Ready(Err(error)) = self.poll_send(context, sending, track)
        {
            sending.broken = Some(Failure::of_write(&error));
        }
        if let Poll::Ready(read) = self.poll_receive(context, answering, track, scratch) {
            // A request that could not be written is the cause of whatever follows.
            return Poll::Ready(read.map_err(|failure| sending.broken.unwrap_or(failure)));
        }
        let late = self.deadline.poll(context);
        late.map(|()| Err(self.deadline.failure()))
    }

    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        sending: &mut Sending<'_>,
        track: &Track,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        while let Some(bytes) = sending.next() {
            track.sends();
            let written = ready!(stream.as_mut().poll_write(context, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            sending.written += written as u64;
            track.wrote(written);
        }
        if !sending.flushed {
            ready!(stream.poll_flush(context))?;
            sending.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        answering: &mut Answering,
        track: &Track,
        scratch: &Scratch,
    ) -> Poll<Result<(), Failure>> {
        let scratch = &mut *scratch.borrow_mut();
        loop {
            let mut buffer = ReadBuf::new(scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            let bytes = match read {
                Ok(()) => buffer.filled(),
                Err(error) => return Poll::Ready(Err(Failure::of_read(&error))),
            };
            track.got(bytes.len());
            if bytes.is_empty() {
                let complete = answering.end();
                return Poll::Ready(complete.then_some(()).ok_or(Failure::Read));
            }
            if self.take(bytes, answering).is_err() {
                return Poll::Ready(Err(Failure::Protocol));
            }
            if answering.is_done() {
                return Poll::Ready(Ok(()));
            }
            if answering.has_head() {
                self.deadline.has_answer();
            }
        }
    }

    /// Feeds the answer, and keeps what it does not use yet.
    fn take(
        &mut self,
        bytes: &[u8],
        answering: &mut Answering,
    ) -> Result<(), super::answer::Broken> {
        if self.rest.is_empty() {
            let used = answering.feed(bytes)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            self.rest.extend_from_slice(bytes);
            let used = answering.feed(&self.rest)?;
            self.rest.drain(..used);
        }
        Ok(())
    }

    /// Sets until when the answer has to be there.
    pub(super) fn deadline(&self) -> &Deadline {
        &self.deadline
    }
}

impl Sending<'_> {
    fn is_done(&self) -> bool {
        self.written == self.request.len() && self.flushed
    }

    /// What is to be written next.
    fn next(&self) -> Option<&[u8]> {
        self.request.from(self.written)
    }
}
