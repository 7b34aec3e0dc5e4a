//! The client's side: its requests as they come in, and the answers on their way out.
//!
//! Every wait for the client is bounded.

use std::time::Duration;

use pingora_core::protocols::Stream;
use pingora_core::server::ShutdownWatch;
use pingora_timeout::timeout;

use crate::http1::body::{Body, Framing, Step};
use crate::http1::connection::Connection;
use crate::http1::head::{HeadError, Request, Search, Version};
use crate::http1::write;
use crate::refusal::Refusal;

/// How long a connection may idle: nginx's 65 s.
const IDLE: Duration = Duration::from_secs(65);

/// How long a head may take from its first byte to its last.
const HEAD: Duration = Duration::from_secs(60);

/// How long a client may take to read some of an answer.
pub(crate) const SEND: Duration = Duration::from_secs(60);

/// The longest pause in the middle of a request's body.
pub(crate) const BODY: Duration = Duration::from_secs(60);

/// How long bytes that nobody wants are still taken, so that the client reads its answer before it
/// hears that the connection is closed.
const LINGER: Duration = Duration::from_secs(2);

/// A client's connection, and where it is in a request and its answer.
pub(crate) struct Client {
    pub(crate) wire: Connection,
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
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            wire: Connection::new(stream),
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
            let first = tokio::select! {
                biased;
                first = timeout(IDLE, self.wire.fill()) => first,
                () = stopped(stopping) => return Next::End,
            };
            match first {
                Ok(Ok(count)) if count > 0 => {}
                _ => return Next::End,
            }
        }
        match timeout(HEAD, self.whole()).await {
            Ok(next) => next,
            Err(_elapsed) => Next::Refused(Refusal::Slow),
        }
    }

    async fn whole(&mut self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            match self.wire.fill().await {
                Ok(count) if count > 0 => {}
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
        loop {
            let before = self.wire.output.len();
            match timeout(SEND, self.wire.flush()).await {
                Ok(flushed) => return flushed.map_err(|_error| ClientGone),
                Err(_elapsed) if self.wire.output.len() < before => {}
                Err(_elapsed) => return Err(ClientGone),
            }
        }
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

/// The client has gone, or does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientGone;

/// Returns when the proxy stops, or whoever could tell is gone.
async fn stopped(watch: &mut ShutdownWatch) {
    drop(watch.wait_for(|stop| *stop).await);
}
