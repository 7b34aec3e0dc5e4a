//! Opens connections: to the target's addresses and no others, through TLS where its URL says so.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::settings::Timeouts;
use crate::target::{Guard, Target};

use super::super::outcome::Failure;
use super::deadline::{Deadline, Deadlines};
use super::stream::Stream;

/// What connections are opened with.
pub(super) struct Connector {
    target: Target,
    tls: Option<TlsConnector>,
}

/// Why there is no connection: what kind of failure it is, and the reason.
#[derive(Debug)]
pub(crate) struct NoConnection {
    pub(crate) failure: Failure,
    pub(crate) reason: io::Error,
}

impl Connector {
    pub(super) fn new(target: Target) -> Self {
        let tls = target.tls.clone().map(TlsConnector::from);
        Self { target, tls }
    }

    /// A new connection.
    pub(super) async fn connect(
        &self,
        deadlines: &Deadlines,
        timeouts: &Timeouts,
    ) -> Result<(Stream, Rc<Deadline>), NoConnection> {
        let deadline = deadlines.add();
        deadline.within(timeouts.connect, Failure::ConnectTimeout);
        let stream = in_time(&deadline, self.tcp()).await?;
        let (Some(tls), Some(name)) = (&self.tls, &self.target.server_name) else {
            return Ok((Stream::Plain(stream), deadline));
        };
        deadline.within(timeouts.connect, Failure::TlsTimeout);
        let shaken = async {
            tls.connect(name.clone(), stream)
                .await
                .map_err(|reason| NoConnection {
                    failure: Failure::Tls,
                    reason,
                })
        };
        let stream = in_time(&deadline, shaken).await?;
        Ok((Stream::Tls(Box::new(stream)), deadline))
    }

    /// The first of the target's addresses that answers.
    async fn tcp(&self) -> Result<TcpStream, NoConnection> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for &address in &self.target.addresses {
            match connect(address, self.target.guard).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(NoConnection {
            failure: Failure::of_connect(&last),
            reason: last,
        })
    }
}

async fn connect(address: SocketAddr, guard: Guard) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    let peer = stream.peer_addr()?;
    if !guard.permits(peer.ip()) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("connected to {peer}, which may not be loaded"),
        ));
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What the future brings, unless it is too late.
pub(super) async fn in_time<T>(
    deadline: &Deadline,
    future: impl Future<Output = Result<T, NoConnection>>,
) -> Result<T, NoConnection> {
    let mut future = pin!(future);
    let done = poll_fn(|context| {
        if let Poll::Ready(done) = future.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        deadline.poll(context).map(|()| {
            Err(NoConnection {
                failure: deadline.failure(),
                reason: io::ErrorKind::TimedOut.into(),
            })
        })
    })
    .await;
    deadline.clear();
    done
}
