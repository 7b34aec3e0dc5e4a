//! The client of a worker: connections that are kept and used again, and requests over them.
//!
//! Not a general one: it sends bytes that are ready, knows one target, never follows a redirect,
//! and takes the time of what it does.

mod answer;
mod connect;
mod deadline;
mod http1;
mod http2;
mod pool;
mod stream;
mod track;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use crate::clock;
use crate::settings::{How, Timeouts};
use crate::target::Target;

use super::outcome::{Answer, Failure, Outcome, Outgoing};
use super::slots::Slot;

#[cfg(fuzzing)]
pub use answer::fuzzing;

pub(crate) use answer::Answering;
pub(crate) use connect::NoConnection;
use connect::{Connector, in_time};
use deadline::{Deadline, Deadlines, period};
use http1::{Http1, Scratch};
use http2::Http2;
use pool::{Got, Pool};
use stream::Stream;
use track::Track;

/// Who a connection is for: everybody, or one.
pub(super) type Key = u64;

/// The connections of a worker to the target.
pub(super) struct Client {
    connector: Connector,
    scheme: &'static str,
    timeouts: Timeouts,
    http2: bool,
    deadlines: Deadlines,
    /// How many were opened.
    opened: Cell<u64>,
    pool: Pool<Http1>,
    shared: RefCell<Vec<(Key, Http2)>>,
    scratch: Scratch,
}

impl Client {
    /// No connection is open yet; `most` may be.
    pub(super) fn new(target: Target, how: &How, most: Option<usize>) -> Self {
        Self {
            scheme: if target.tls.is_some() {
                "https"
            } else {
                "http"
            },
            connector: Connector::new(target),
            timeouts: how.timeouts.clone(),
            http2: how.http2,
            deadlines: Deadlines::new(),
            opened: Cell::default(),
            pool: Pool::new(most),
            shared: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into()),
        }
    }

    /// Connections opened so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened.get()
    }

    /// Looks after those who wait too long, until it is dropped.
    pub(super) async fn sweep(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(period(&self.timeouts));
        loop {
            ticks.tick().await;
            self.deadlines.sweep(clock::now_ns());
        }
    }

    /// Lets nobody wait for an answer any more.
    pub(super) fn abandon(&self) {
        self.deadlines.abandon();
    }

    /// Opens connections for everybody ahead of time, or says why it can't.
    pub(super) async fn open(&self, count: usize) -> Result<(), NoConnection> {
        let count = if self.http2 { 1 } else { count };
        for _ in 0..count {
            let Some(slot) = self.pool.slot() else {
                return Ok(());
            };
            if self.http2 {
                self.http2(EVERYBODY, slot).await?;
            } else {
                let connection = self.http1().await?;
                self.pool.put(EVERYBODY, connection, slot);
            }
        }
        Ok(())
    }

    /// Sends a request that could go out at `ready_ns`, and reads its answer.
    pub(super) async fn send(&self, key: Key, request: Outgoing<'_>, ready_ns: u64) -> Outcome {
        let track = Track::new(ready_ns);
        let answer = if self.http2 {
            self.send_http2(key, request, &track).await
        } else {
            self.send_http1(key, request, &track).await
        };
        track.outcome(answer)
    }

    async fn send_http1(
        &self,
        key: Key,
        request: Outgoing<'_>,
        track: &Track,
    ) -> Result<Answer, Failure> {
        loop {
            let (got, waited) = self.pool.get(key).await;
            if waited {
                track.waited();
            }
            let (mut connection, slot) = match got {
                Got::Idle(mut connection, slot) => {
                    if !connection.is_quiet() {
                        continue;
                    }
                    (connection, slot)
                }
                Got::Room(slot) => {
                    track.sends();
                    let opened = self.http1().await;
                    track.connected();
                    (opened.map_err(|error| error.failure)?, slot)
                }
            };
            let was_used = connection.used;
            let mut answering = Answering::new(request.is_head, request.keep);
            connection.deadline().sent(&self.timeouts, clock::now_ns());
            let done = connection
                .exchange(request, &mut answering, track, &self.scratch)
                .await;
            connection.deadline().clear();
            match done {
                Ok(is_reusable) => {
                    if is_reusable {
                        self.pool.put(key, connection, slot);
                    }
                    return Ok(answering.into_answer());
                }
                // The target had closed it, as any server may, and did not see the request.
                Err(Failure::Read | Failure::Reset | Failure::Write)
                    if was_used && request.is_idempotent && !track.has_read() => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn send_http2(
        &self,
        key: Key,
        request: Outgoing<'_>,
        track: &Track,
    ) -> Result<Answer, Failure> {
        loop {
            let (mut connection, was_used) = self.http2_for(key, track).await?;
            let deadline = self.deadlines.add();
            deadline.sent(&self.timeouts, clock::now_ns());
            let done = connection
                .exchange(request, self.scheme, track, &deadline)
                .await;
            if connection.is_idle() {
                self.pool.tell();
            }
            match done {
                Ok(answer) => return Ok(answer),
                Err(unanswered) if unanswered.is_unseen => {
                    connection.retire();
                    if !was_used {
                        return Err(unanswered.failure);
                    }
                }
                Err(unanswered) => return Err(unanswered.failure),
            }
        }
    }

    /// A connection for one more request, and whether it stood already.
    async fn http2_for(&self, key: Key, track: &Track) -> Result<(Http2, bool), Failure> {
        loop {
            if let Some(connection) = self.shared(key) {
                return Ok((connection, true));
            }
            if let Some(slot) = self.pool.slot() {
                track.sends();
                let opened = self.http2(key, slot).await;
                track.connected();
                return match opened {
                    Ok(connection) => Ok((connection, false)),
                    Err(error) => Err(error.failure),
                };
            }
            if !self.close_idle() {
                self.pool.changed().await;
                track.waited();
            }
        }
    }

    /// Closes a connection that nobody uses now, to make room; tells whether there is one.
    fn close_idle(&self) -> bool {
        let mut shared = self.shared.borrow_mut();
        let idle = shared
            .iter()
            .position(|(_, connection)| connection.is_idle());
        idle.map(|idle| drop(shared.swap_remove(idle))).is_some()
    }

    /// A connection that has room for one more request, or any where no more may be opened.
    fn shared(&self, key: Key) -> Option<Http2> {
        let mut shared = self.shared.borrow_mut();
        shared.retain(|(_, connection)| !connection.is_dead());
        let mine = || shared.iter().filter(|(owner, _)| *owner == key);
        let roomy = mine().find(|(_, connection)| connection.has_room());
        let any = || mine().next().filter(|_| !self.pool.has_room());
        roomy.or_else(any).map(|(_, connection)| connection.clone())
    }

    async fn http1(&self) -> Result<Http1, NoConnection> {
        let (stream, deadline) = self.connect().await?;
        Ok(Http1::new(stream, deadline))
    }

    async fn http2(&self, key: Key, slot: Slot) -> Result<Http2, NoConnection> {
        let (stream, deadline) = self.connect().await?;
        let refused = |failure| NoConnection {
            failure,
            reason: io::Error::other("it does not speak HTTP/2"),
        };
        if !stream.permits_http2() {
            return Err(refused(Failure::Protocol));
        }
        deadline.within(self.timeouts.connect, Failure::ConnectTimeout);
        let shaken = async { Http2::new(stream, slot).await.map_err(refused) };
        let opened = in_time(&deadline, shaken).await?;
        self.shared.borrow_mut().push((key, opened.clone()));
        self.pool.tell_all();
        Ok(opened)
    }

    async fn connect(&self) -> Result<(Stream, Rc<Deadline>), NoConnection> {
        let connected = self.connector.connect(&self.deadlines, &self.timeouts);
        let connected = connected.await?;
        self.opened.set(self.opened.get() + 1);
        Ok(connected)
    }
}

/// The key of connections that are for everybody.
pub(super) const EVERYBODY: Key = u64::MAX;

/// Bytes that are read at once.
const SCRATCH: usize = 64 * 1024;
