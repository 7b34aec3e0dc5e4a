//! HTTP/2: each stream becomes an HTTP/1 request within the process, and its answer a stream again.
//!
//! So there is one way through the gate for both, and no trick with pseudo-headers that the rules
//! for HTTP/1 do not see.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use pingora_core::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::http::v2::server::{H2Options, HttpSession};
use pingora_core::server::ShutdownWatch;
use pingora_http::{RequestHeader, ResponseHeader};
use tokio::io::duplex;

use super::Handler;
use crate::config::ClientSettings;
use crate::http1::body::{Body, Framing, Step};
use crate::http1::connection::{Connection as Wire, ENOUGH};
use crate::http1::head::{Response, Search};
use crate::http1::write;
use crate::server::connection::Connection;
use crate::server::serve::{h2_options, http_options};

/// Serves a connection that has agreed on HTTP/2.
pub(super) async fn serve(
    handler: Arc<Handler>,
    stream: Stream,
    connection: Connection,
    shutdown: &ShutdownWatch,
) {
    let limits = handler.shared.edge.load().client;
    let app = Arc::new(Http2 {
        handler,
        connection,
        limits,
        options: http_options(&limits),
    });
    // None comes back: a connection ends with its last stream.
    drop(app.process_new(stream, shutdown).await);
}

/// One connection.
struct Http2 {
    handler: Arc<Handler>,
    connection: Connection,
    limits: ClientSettings,
    options: HttpServerOptions,
}

#[async_trait]
impl HttpServerApp for Http2 {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        _shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let ServerSession::H2(mut session) = session else {
            return None;
        };
        let (near, far) = duplex(ENOUGH);
        // A stream that was opened is served: pingora tells the client when no more may come.
        let (_goes_on, never) = tokio::sync::watch::channel(false);
        let served = self.handler.serve(Box::new(far), &self.connection, &never);
        session.set_write_timeout(Some(self.limits.send_timeout));
        let translated = translate(session, Wire::new(Box::new(near)));
        tokio::join!(served, translated);
        None
    }

    fn h2_options(&self) -> Option<H2Options> {
        Some(h2_options())
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}

/// One stream, and its other end within the process.
struct Translation {
    session: HttpSession,
    wire: Wire,
    request_done: bool,
    chunked: bool,
}

async fn translate(session: HttpSession, wire: Wire) {
    let mut translation = Translation {
        request_done: session.is_body_empty(),
        session,
        wire,
        chunked: false,
    };
    if translation.run().await.is_none() {
        // The answer was cut short, and so is the stream.
        translation.session.shutdown();
    }
}

impl Translation {
    /// None when either side broke off.
    async fn run(&mut self) -> Option<()> {
        self.chunked = !self.request_done;
        let header = self.session.req_header();
        self.chunked &= !header.headers.contains_key(http::header::CONTENT_LENGTH);
        write_request(&mut self.wire.output, header, self.chunked);
        let is_head = header.method == http::Method::HEAD;
        let response = self.head().await?;
        let method: &[u8] = if is_head { b"HEAD" } else { b"GET" };
        let framing = Framing::of_response(&response, method).ok()?;
        let mut body = Body::new(framing);
        let done = body.is_done();
        let header = response_header(&response)?;
        self.session
            .write_response_header(Box::new(header), done)
            .ok()?;
        while !body.is_done() {
            let mut data = Vec::new();
            let step = body.step(&mut self.wire.input, |piece| data.extend_from_slice(piece));
            let done = step.ok()? == Step::Done;
            if done || !data.is_empty() {
                self.session
                    .write_body(Bytes::from(data), done)
                    .await
                    .ok()?;
            }
            if !done {
                self.wait().await?;
            }
        }
        Some(())
    }

    /// The head of the final answer; HTTP/2 here has no others.
    async fn head(&mut self) -> Option<Response> {
        let mut search = Search::default();
        loop {
            self.wait().await?;
            while let Some(response) = Response::take(&mut self.wire.input, &mut search).ok()? {
                if response.status >= 200 {
                    return Some(response);
                }
            }
        }
    }

    async fn wait(&mut self) -> Option<()> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        let mut moved = false;
        if self.wire.has_output()
            && let Poll::Ready(flushed) = self.wire.poll_flush(context)
        {
            moved = true;
            if flushed.is_err() {
                // The answer may be there already.
                self.request_done = true;
                self.wire.output.clear();
            }
        }
        if let Poll::Ready(filled) = self.wire.poll_fill(context) {
            moved = true;
            if !matches!(filled, Ok(count) if count > 0) {
                return Poll::Ready(None);
            }
        }
        if self.request_done {
            // Only its reset can come from the client now.
            if Pin::new(&mut self.session.idle()).poll(context).is_ready() {
                return Poll::Ready(None);
            }
        } else if self.wire.has_room()
            && let Poll::Ready(piece) = self.session.poll_read_body_bytes(context)
        {
            moved = true;
            match piece {
                Some(Ok(data)) if self.chunked => write::chunk(&mut self.wire.output, &data),
                Some(Ok(data)) => self.wire.output.extend_from_slice(&data),
                Some(Err(_reset)) => return Poll::Ready(None),
                None => {
                    self.request_done = true;
                    if self.chunked {
                        write::last_chunk(&mut self.wire.output);
                    }
                }
            }
        }
        if moved {
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}

fn write_request(out: &mut bytes::BytesMut, header: &RequestHeader, chunked: bool) {
    write::request_line(out, header.method.as_str().as_bytes(), &[header.raw_path()]);
    // A Host beside it says the same, or the request is refused for having two.
    if let Some(authority) = header.uri.authority() {
        write::field(out, (b"host", authority.as_str().as_bytes()));
    }
    let authority = header
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let mut crumbs = header.headers.get_all(http::header::COOKIE).iter();
    if let Some(first) = crumbs.next() {
        // Cookies may come in crumbs (RFC 9113 §8.2.3).
        out.extend_from_slice(b"cookie: ");
        out.extend_from_slice(first.as_bytes());
        for crumb in crumbs {
            out.extend_from_slice(b"; ");
            out.extend_from_slice(crumb.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
    for (name, value) in &header.headers {
        let same_host = name == http::header::HOST && Some(value.as_bytes()) == authority;
        if name != http::header::COOKIE && !same_host {
            write::field(out, (name.as_str().as_bytes(), value.as_bytes()));
        }
    }
    if chunked {
        write::field(out, (b"transfer-encoding", b"chunked"));
    }
    write::head_end(out);
}

fn response_header(response: &Response) -> Option<ResponseHeader> {
    let mut header =
        ResponseHeader::build_no_case(response.status, Some(response.fields.places().len()))
            .ok()?;
    for (name, value) in response.fields.iter() {
        let name = http::HeaderName::from_bytes(name).ok()?;
        header.append_header(name, value).ok()?;
    }
    Some(header)
}

#[cfg(test)]
mod tests;
