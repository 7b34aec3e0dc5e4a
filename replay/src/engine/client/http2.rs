//! One connection that speaks HTTP/2 (RFC 9113), many requests at a time.
//!
//! Requests come as HTTP/1.1 writes them, and are put into HTTP/2's terms here.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Ping, RecvStream};
use http::{HeaderName, HeaderValue, Request, Uri};
use tokio::task::spawn_local;

use super::super::outcome::{Answer, Failure, Keep, Outgoing, Payload, header_line};
use super::super::slots::Slot;
use super::deadline::Deadline;
use super::stream::Stream;
use super::track::Track;

/// A connection; clones are of the same one.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    /// Requests that are on their way.
    open: Rc<Cell<usize>>,
    is_dead: Rc<Cell<bool>>,
    _slot: Rc<Slot>,
}

/// Why there is no answer.
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    /// The target says that it lets the connection go and did not look at the request.
    pub(super) is_unseen: bool,
}

/// A request that counts as long as it lives.
struct Opened<'a>(&'a Cell<usize>);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Http2 {
    /// Shakes hands. Where nothing was agreed on before, an answer shows that it speaks HTTP/2 at all.
    pub(super) async fn new(stream: Stream, slot: Slot) -> Result<Self, Failure> {
        let is_agreed = matches!(stream, Stream::Tls(_));
        let handshake = h2::client::Builder::new()
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .enable_push(false)
            .handshake(stream);
        let (sender, mut connection) = handshake.await.map_err(|error| failure(&error))?;
        let pings = connection.ping_pong().filter(|_| !is_agreed);
        let is_dead = Rc::<Cell<bool>>::default();
        let ends = Rc::clone(&is_dead);
        // Its errors reach whoever waits for an answer on it.
        drop(spawn_local(async move {
            let _ended = connection.await;
            ends.set(true);
        }));
        if let Some(mut pings) = pings {
            let answer = pings.ping(Ping::opaque()).await;
            answer.map_err(|_ended| Failure::Protocol)?;
        }
        Ok(Self {
            sender,
            open: Rc::default(),
            is_dead,
            _slot: Rc::new(slot),
        })
    }

    /// Whether it can take one more request now.
    pub(super) fn has_room(&self) -> bool {
        !self.is_dead.get() && self.open.get() < self.sender.current_max_send_streams()
    }

    /// Whether it is of no use any more.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead.get()
    }

    /// Makes it of no use for more requests than those on their way.
    pub(super) fn retire(&self) {
        self.is_dead.set(true);
    }

    /// Whether no request is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.open.get() == 0
    }

    /// Sends a request and reads its answer.
    pub(super) async fn exchange(
        &mut self,
        request: Outgoing<'_>,
        scheme: &str,
        track: &Track,
        deadline: &Deadline,
    ) -> Result<Answer, Unanswered> {
        let head = translate(request.head, scheme).ok_or(Failure::Protocol)?;
        let open = Rc::clone(&self.open);
        open.set(open.get() + 1);
        let _opened = Opened(&open);
        let mut exchange = pin!(self.run(request, head, track, deadline));
        poll_fn(|context: &mut Context<'_>| {
            if let Poll::Ready(done) = exchange.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            deadline
                .poll(context)
                .map(|()| Err(deadline.failure().into()))
        })
        .await
    }

    async fn run(
        &mut self,
        request: Outgoing<'_>,
        (head, body): (Request<()>, &[u8]),
        track: &Track,
        deadline: &Deadline,
    ) -> Result<Answer, Unanswered> {
        let of = |error: h2::Error| Unanswered {
            failure: failure(&error),
            is_unseen: error.is_go_away() && error.is_remote() && !track.has_read(),
        };
        poll_fn(|context| self.sender.poll_ready(context))
            .await
            .map_err(of)?;
        let is_empty = body.is_empty() && request.body.len() == 0;
        track.sends();
        let (answer, stream) = self.sender.send_request(head, is_empty).map_err(of)?;
        track.wrote(request.head.len() - body.len());
        let mut sending = pin!(async {
            if !is_empty {
                send(stream, body, request.body, track).await?;
            }
            Ok::<_, h2::Error>(())
        });
        let mut receiving = pin!(receive(answer, request.keep, track, deadline));
        let mut is_sent = false;
        // The answer may come before the whole request is out: both go on at once.
        poll_fn(|context| {
            if !is_sent && let Poll::Ready(sent) = sending.as_mut().poll(context) {
                is_sent = true;
                // Why it could not be sent comes as the answer.
                let _why = sent;
            }
            receiving.as_mut().poll(context)
        })
        .await
        .map_err(of)
    }
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            is_unseen: false,
        }
    }
}

async fn send(
    mut stream: h2::SendStream<Bytes>,
    body: &[u8],
    rest: Payload<'_>,
    track: &Track,
) -> Result<(), h2::Error> {
    let mut written = 0;
    let length = body.len() as u64 + rest.len();
    while written < length {
        let bytes = match written.checked_sub(body.len() as u64) {
            Some(written) => rest.from(written).unwrap_or_default(),
            None => &body[usize::try_from(written).unwrap_or(body.len())..],
        };
        stream.reserve_capacity(bytes.len());
        let room = poll_fn(|context| stream.poll_capacity(context)).await;
        let room = room.unwrap_or(Ok(0))?.min(bytes.len());
        if room == 0 {
            return Ok(());
        }
        written += room as u64;
        track.wrote(room);
        let bytes = Bytes::copy_from_slice(&bytes[..room]);
        stream.send_data(bytes, written == length)?;
    }
    Ok(())
}

async fn receive(
    answer: ResponseFuture,
    keep: Keep,
    track: &Track,
    deadline: &Deadline,
) -> Result<Answer, h2::Error> {
    let answer = answer.await?;
    track.got(1);
    deadline.has_answer();
    let status = answer.status().as_u16();
    let mut head = Vec::new();
    if keep.head {
        for (name, value) in answer.headers() {
            header_line(&mut head, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    let body = drain(answer.into_body(), keep.body, track).await?;
    Ok(Answer { status, head, body })
}

async fn drain(mut stream: RecvStream, keep: usize, track: &Track) -> Result<Vec<u8>, h2::Error> {
    let mut kept = Vec::new();
    while let Some(bytes) = stream.data().await.transpose()? {
        track.got(bytes.len());
        let wanted = keep.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..wanted]);
        stream.flow_control().release_capacity(bytes.len())?;
    }
    if stream.trailers().await?.is_some() {
        track.got(1);
    }
    Ok(kept)
}

/// The request in HTTP/2's terms, and what of its body is behind its head.
fn translate<'a>(bytes: &'a [u8], scheme: &str) -> Option<(Request<()>, &'a [u8])> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).ok()? else {
        return None;
    };
    let host = head.headers.iter().find(|header| header.name == "host")?;
    let host = str::from_utf8(host.value).ok()?;
    let uri = format!("{scheme}://{host}{}", head.path?);
    let mut request = Request::new(());
    *request.method_mut() = head.method?.parse().ok()?;
    *request.uri_mut() = uri.parse::<Uri>().ok()?;
    *request.version_mut() = http::Version::HTTP_2;
    for header in head.headers.iter().filter(|header| header.name != "host") {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(header.value).ok()?;
        request.headers_mut().append(name, value);
    }
    Some((request, &bytes[length..]))
}

fn failure(error: &h2::Error) -> Failure {
    match error.get_io().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => Failure::Reset,
        // What h2 calls the end of a connection, too: it does not tell on which side it broke.
        Some(_) => Failure::Read,
        None if error.is_reset() && error.is_remote() => Failure::Reset,
        None if error.is_go_away() && error.is_remote() => Failure::Reset,
        None => Failure::Protocol,
    }
}

/// Bytes that may come in before they are used: answers are drained at once.
const WINDOW: u32 = 16 << 20;
/// Headers of a request.
const MOST_HEADERS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_put_into_the_terms_of_http_2() {
        let bytes = b"POST /a?b=c HTTP/1.1\r\nhost: h:1\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}";
        let (request, body) = translate(bytes, "https").unwrap();
        assert_eq!(request.uri(), "https://h:1/a?b=c");
        assert_eq!(request.method(), "POST");
        assert_eq!(request.headers()["x-a"], "1");
        assert!(!request.headers().contains_key("host"));
        assert_eq!(body, b"{}");
        assert!(translate(b"GET / HTTP/1.1\r\n\r\n", "http").is_none());
    }
}
