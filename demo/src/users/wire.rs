//! One user's connection: HTTP/1.1, kept alive, opened anew when the other side has closed it.
//!
//! Knows nothing of sessions; sends one request and reads one whole answer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A connection to one address.
pub(super) struct Wire {
    target: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// An answer, read to the end.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) cookie: Option<Cookie>,
    /// The entity tag.
    pub(super) tag: Option<String>,
    pub(super) body: Bytes,
}

/// What `Set-Cookie` said.
pub(super) struct Cookie {
    /// Name and value, as they are sent back.
    pub(super) pair: String,
    /// How long it is good for.
    pub(super) max_age: Option<Duration>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("cannot connect to {target}: {source}")]
    Connect {
        target: SocketAddr,
        source: std::io::Error,
    },
    #[error("no answer: {0}")]
    Exchange(#[from] hyper::Error),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Timeout,
    #[error("not a request: {0}")]
    Request(#[from] hyper::http::Error),
}

impl Wire {
    pub(super) fn new(target: SocketAddr) -> Self {
        Self {
            target,
            sender: None,
        }
    }

    /// Sends `request` and reads the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Received, WireError> {
        let exchange = self.exchange(request);
        timeout(PATIENCE, exchange)
            .await
            .map_err(|_elapsed| WireError::Timeout)?
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Received, WireError> {
        if let Some(mut sender) = self.sender.take() {
            let sent = match sender.ready().await {
                Ok(()) => sender.send_request(request.clone()).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(response) => return self.receive(sender, response).await,
                // Closed while idle, which any server may do; browsers send again too.
                Err(error)
                    if error.is_closed()
                        || error.is_canceled()
                        || error.is_incomplete_message() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(request).await?;
        self.receive(sender, response).await
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, WireError> {
        let failed = |source| WireError::Connect {
            target: self.target,
            source,
        };
        let stream = TcpStream::connect(self.target).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its errors reach us through the sender.
        tokio::spawn(async { connection.await.ok() });
        Ok(sender)
    }

    async fn receive(
        &mut self,
        sender: SendRequest<Full<Bytes>>,
        response: hyper::Response<hyper::body::Incoming>,
    ) -> Result<Received, WireError> {
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        let header = |name: &str| head.headers.get(name)?.to_str().ok();
        Ok(Received {
            status: head.status,
            cookie: header("set-cookie").map(Cookie::read),
            tag: header("etag").map(str::to_owned),
            body,
        })
    }
}

impl Cookie {
    fn read(line: &str) -> Self {
        let mut parts = line.split("; ");
        let pair = parts.next().unwrap_or_default().to_owned();
        let age = parts.find_map(|part| part.strip_prefix("Max-Age=")?.parse().ok());
        Self {
            pair,
            max_age: age.map(Duration::from_secs),
        }
    }
}

/// How long a user waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
