//! The client's side: its requests as they come in, and the answers on their way out.
//!
//! Every wait for the client is bounded.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use pingora_core::protocols::Stream;
use pingora_core::server::ShutdownWatch;
use pingora_timeout::timeout;

use crate::clock::Clock;
use crate::config::ClientSettings;
use crate::http1::body::{Body, Framing, Step};
use crate::http1::connection::Connection;
use crate::http1::head::{HeadError, Request, Search, Version};
use crate::http1::write;
use crate::refusal::Refusal;
use crate::server::pace::Expected;
use crate::server::pacer::Pacer;

/// How long bytes that nobody wants are still taken, so that the client reads its answer before it
/// hears that the connection is closed.
const LINGER: Duration = Duration::from_secs(2);

/// A client's connection, and where it is in a request and its answer.
pub(crate) struct Client {
    pub(crate) wire: Connection,
    pacer: Pacer,
    search: Search,
    /// The body of the current request.
    pub(crate) body: Body,
    /// Whether the client knows nothing newer than HTTP/1.0.
    pub(crate) is_old: bool,
    keeps_alive: bool,
    /// Whether the head of a final answer has been written.
    pub(crate) has_answer: bool,
    /// Whether the answer's body goes out in chunks.
    pub(crate) chunked: bool,
}

/// What comes next on a connection.
pub(crate) enum Next {
    Request(Request),
    /// Something that is no request.
    Refused(Refusal),
    /// Nothing.
    End,
}

impl Client {
    pub(crate) fn new(stream: Stream, limits: ClientSettings, clock: Clock) -> Self {
        Self {
            wire: Connection::new(stream),
            pacer: Pacer::new(limits, clock),
            search: Search::default(),
            body: Body::new(Framing::Length(0)),
            is_old: false,
            keeps_alive: false,
            has_answer: false,
            chunked: false,
        }
    }

    /// Reads the next request, unless the proxy stops before there is one.
    pub(crate) async fn next(&mut self, stopping: &mut ShutdownWatch) -> Next {
        self.keeps_alive = false;
        self.has_answer = false;
        self.chunked = false;
        self.body = Body::new(Framing::Length(0));
        if let Some(next) = self.take() {
            return next;
        }
        if self.wire.input.is_empty() {
            self.wire.release_buffers();
            self.pacer.expect(Expected::Request);
            let first = tokio::select! {
                biased;
                first = self.fill() => first,
                () = stopped(stopping) => return Next::End,
            };
            match first {
                Ok(count) if count > 0 => {}
                _ => return Next::End,
            }
        }
        self.pacer.expect(Expected::Header);
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            match self.fill().await {
                Ok(count) if count > 0 => {}
                Err(error) if is_late(&error) => return Next::Refused(Refusal::Slow),
                _ => return Next::End,
            }
        }
    }

    fn take(&mut self) -> Option<Next> {
        match Request::take(&mut self.wire.input, &mut self.search) {
            Ok(request) => request.map(Next::Request),
            Err(error) => Some(Next::Refused(match error {
                HeadError::TooLarge => Refusal::HeadersTooLarge,
                HeadError::Version => Refusal::Version,
                HeadError::Malformed(reason) => Refusal::Ambiguous(reason),
            })),
        }
    }

    /// Whether the client, and we, mean to go on after this request.
    pub(crate) const fn keep_alive(&mut self, keeps_alive: bool) {
        self.keeps_alive = keeps_alive;
    }

    /// Begins with a request's body.
    pub(crate) fn begin(&mut self, request: &Request, framing: Framing) {
        self.is_old = request.version == Version::Http10;
        self.body = Body::new(framing);
        self.pacer.expect(if self.body.is_done() {
            Expected::Nothing
        } else {
            Expected::Body
        });
    }

    /// Reads more, in the time that the client has.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self.wire.poll_fill(context) {
            Poll::Pending => self.pacer.wait(context).map(Err),
            Poll::Ready(filled) => {
                self.pacer.came(*filled.as_ref().unwrap_or(&0));
                Poll::Ready(filled)
            }
        }
    }

    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context)).await
    }

    /// The body has been read to its end, or what comes now is not HTTP any more.
    pub(crate) const fn expect_nothing(&mut self) {
        self.pacer.expect(Expected::Nothing);
    }

    /// Sends what was written, as long as the client takes some of it.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.wire.output.len();
        let polled = self.wire.poll_flush(context);
        if self.wire.output.len() < before {
            self.pacer.took();
        }
        self.pacer.written(polled, context)
    }

    /// Reads over the body of a request that is refused; false when not all of it is there.
    pub(crate) fn skip_body(&mut self, request: &Request) -> bool {
        let Ok(framing) = Framing::of_request(request) else {
            return false;
        };
        self.body = Body::new(framing);
        let step = self.body.step(&mut self.wire.input, |_data| {});
        step == Ok(Step::Done)
    }

    /// What the answer says about the connection.
    pub(crate) const fn connection(&self) -> &'static [u8] {
        if self.keeps_alive {
            b"keep-alive"
        } else {
            b"close"
        }
    }

    /// Writes a part of the answer's body.
    pub(crate) fn put(&mut self, data: &[u8]) {
        if self.chunked {
            write::chunk(&mut self.wire.output, data);
        } else {
            self.wire.output.extend_from_slice(data);
        }
    }

    /// Writes the end of the answer's body, and sends what was not sent yet.
    pub(crate) async fn end(&mut self) -> Result<(), ClientGone> {
        if self.chunked {
            write::last_chunk(&mut self.wire.output);
        }
        self.flush().await
    }

    /// Sends what was written.
    pub(crate) async fn flush(&mut self) -> Result<(), ClientGone> {
        poll_fn(|context| self.poll_flush(context))
            .await
            .map_err(|_error| ClientGone)
    }

    /// Whether another request can follow.
    pub(crate) const fn is_reusable(&self) -> bool {
        self.keeps_alive && self.body.is_done()
    }

    /// Closes the connection so that an answer that was sent is read.
    pub(crate) async fn close(mut self) {
        let read_out = async {
            if self.flush().await.is_err() || self.wire.end_output().await.is_err() {
                return;
            }
            while self.wire.fill().await.is_ok_and(|count| count > 0) {
                self.wire.input.clear();
            }
        };
        // What is not read by then is lost.
        drop(timeout(LINGER, read_out).await);
    }
}

/// Whether it was for the time that was up.
pub(super) fn is_late(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
}

/// The client has gone, or does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientGone;

/// Returns when the proxy stops, or whoever could tell is gone.
async fn stopped(watch: &mut ShutdownWatch) {
    drop(watch.wait_for(|stop| *stop).await);
}
