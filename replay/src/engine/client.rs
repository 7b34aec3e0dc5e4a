//! Sends one request on one of a worker's connections and takes the answer.
//!
//! Knows HTTP and the target; knows nothing of plans, users or due times.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use crate::clock;
use crate::target::Target;

use super::outcome::{Answer, Failure, Outcome};
use super::wire::{Stamps, Wire};

/// A worker's connections to the target.
pub(super) struct Client {
    target: Target,
    timeout: Duration,
    // Last in, first out: the connection that was used last is the least likely to be closed.
    idle: RefCell<Vec<Connection>>,
    opened: Cell<u64>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    stamps: Rc<Stamps>,
}

/// How far an attempt came, readable when it is cut short.
#[derive(Default)]
struct Track {
    connect_ns: Cell<u64>,
    connecting: Cell<bool>,
    stamps: RefCell<Option<Rc<Stamps>>>,
}

impl Client {
    /// A client without connections.
    pub(super) fn new(target: Target, timeout: Duration) -> Self {
        Self {
            target,
            timeout,
            idle: RefCell::default(),
            opened: Cell::default(),
        }
    }

    /// Opens connections ahead of time.
    pub(super) async fn open(&self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            let connection = tokio::time::timeout(self.timeout, self.connect());
            let connection = connection.await.map_err(io::Error::from)??;
            self.idle.borrow_mut().push(connection);
        }
        Ok(())
    }

    /// How many connections were opened.
    pub(super) fn opened(&self) -> u64 {
        self.opened.get()
    }

    /// Sends a request that was ready at that moment, and waits for the end of its answer.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        ready_ns: u64,
        keep_body: bool,
    ) -> Outcome {
        let track = Track::default();
        let attempt = self.attempt(request, keep_body, &track);
        let answer = match tokio::time::timeout(self.timeout, attempt).await {
            Ok(answer) => answer,
            Err(_elapsed) if track.connecting.get() => Err(Failure::ConnectTimeout),
            Err(_elapsed) => Err(Failure::Timeout),
        };
        track.outcome(ready_ns, answer)
    }

    async fn attempt(
        &self,
        mut request: Request<Full<Bytes>>,
        keep_body: bool,
        track: &Track,
    ) -> Result<Answer, Failure> {
        loop {
            let (mut connection, used_before) = self.acquire(track).await?;
            connection.stamps.reset();
            track.stamps.replace(Some(Rc::clone(&connection.stamps)));
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.receive(connection, response, keep_body).await,
                Err(mut error) => match error.take_message() {
                    // The target closed an idle connection before anything was written to it.
                    Some(unsent) if used_before => request = unsent,
                    _ => return Err(Failure::of_exchange(error.error())),
                },
            }
        }
    }

    /// An idle connection (`true`), or a new one.
    async fn acquire(&self, track: &Track) -> Result<(Connection, bool), Failure> {
        loop {
            let idle = self.idle.borrow_mut().pop();
            match idle {
                Some(mut connection) => {
                    if connection.sender.ready().await.is_ok() {
                        return Ok((connection, true));
                    }
                }
                None => {
                    track.connect_ns.set(clock::now_ns());
                    track.connecting.set(true);
                    let connection = self.connect().await;
                    track.connecting.set(false);
                    return match connection {
                        Ok(connection) => Ok((connection, false)),
                        Err(error) => Err(Failure::of_connect(&error)),
                    };
                }
            }
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = self.stream().await?;
        self.check(stream.peer_addr()?)?;
        stream.set_nodelay(true)?;
        let stamps = Rc::<Stamps>::default();
        let wire = TokioIo::new(Wire::new(stream, Rc::clone(&stamps)));
        let (sender, connection) = http1::handshake(wire).await.map_err(io::Error::other)?;
        // Its errors reach whoever waits for an answer on it.
        drop(spawn_local(connection));
        self.opened.set(self.opened.get() + 1);
        Ok(Connection { sender, stamps })
    }

    /// The first of the target's addresses that answers.
    async fn stream(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for &address in &self.target.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn check(&self, peer: SocketAddr) -> io::Result<()> {
        if self.target.guard.permits(peer.ip()) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("connected to {peer}, which may not be loaded"),
        ))
    }

    async fn receive(
        &self,
        connection: Connection,
        response: Response<Incoming>,
        keep_body: bool,
    ) -> Result<Answer, Failure> {
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut kept = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Failure::of_exchange(&error))?;
            if let Some(data) = frame.data_ref()
                && keep_body
                && kept.len() < KEPT_BODY
            {
                kept.extend_from_slice(data);
            }
        }
        self.idle.borrow_mut().push(connection);
        Ok(Answer {
            status,
            body: keep_body.then(|| kept.freeze()),
        })
    }
}

impl Track {
    fn outcome(&self, ready_ns: u64, answer: Result<Answer, Failure>) -> Outcome {
        let stamps = self.stamps.borrow();
        let of = |stamp: fn(&Stamps) -> u64| stamps.as_deref().map_or(0, stamp);
        let ended_ns = match (of(|stamps| stamps.last_read_ns.get()), answer.is_ok()) {
            (read_ns @ 1.., true) => read_ns,
            _ => clock::now_ns(),
        };
        let sent_ns = [
            self.connect_ns.get(),
            of(|stamps| stamps.first_write_ns.get()),
        ]
        .into_iter()
        .filter(|&stamp| stamp > 0)
        .min();
        Outcome {
            ready_ns,
            held: false,
            sent_ns: sent_ns.unwrap_or(ended_ns),
            ended_ns,
            written: of(|stamps| stamps.written.get()),
            read: of(|stamps| stamps.read.get()),
            answer,
        }
    }
}

/// Bytes of a body that is kept; a token is near its start.
const KEPT_BODY: usize = 1 << 20;
