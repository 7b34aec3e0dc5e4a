//! Idle connections to one server, kept for the next request of the same worker.
//!
//! A connection belongs to the runtime that made it, so each worker has its own; the latest comes
//! first, so that the others can grow old and go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Moment;
use crate::config::UpstreamSettings;
use crate::http1::connection::Connection;
use crate::server::worker;

pub(crate) struct Pool {
    /// Idle connections by worker.
    idle: Arc<[Mutex<Vec<Idle>>]>,
    /// Connections that one worker keeps.
    most: usize,
    /// How long one is kept.
    timeout: Duration,
    /// Requests that one may carry.
    most_uses: u32,
}

struct Idle {
    connection: Connection,
    uses: u32,
    since: Moment,
}

/// A connection that carries a request.
pub(crate) struct Lent {
    pub(crate) connection: Connection,
    /// Requests it has carried, this one included.
    uses: u32,
    /// Whether it may carry no more after this one.
    pub(crate) is_last: bool,
}

impl Lent {
    /// Whether it has carried requests before, so that its server may have closed it meanwhile.
    pub(crate) const fn is_reused(&self) -> bool {
        self.uses > 1
    }
}

impl Pool {
    /// Goes on with the connections of a predecessor.
    pub(crate) fn new(settings: &UpstreamSettings, predecessor: Option<&Self>) -> Self {
        let workers = worker::count();
        let none = || (0..workers).map(|_| Mutex::default()).collect();
        Self {
            idle: predecessor.map_or_else(none, |pool| Arc::clone(&pool.idle)),
            most: settings.keepalive.div_ceil(workers),
            timeout: settings.keepalive_timeout,
            most_uses: settings.keepalive_requests.unwrap_or(u32::MAX),
        }
    }

    /// The connection that was used last and is still alive.
    pub(crate) fn take(&self, worker: usize, now: Moment) -> Option<Lent> {
        loop {
            let mut idle = self.idle(worker).pop()?;
            if now < idle.since + self.timeout && idle.connection.is_quiet() {
                return Some(self.lend(idle.connection, idle.uses + 1));
            }
        }
    }

    /// A connection that was just made.
    pub(crate) const fn lend_new(&self, connection: Connection) -> Lent {
        self.lend(connection, 1)
    }

    const fn lend(&self, connection: Connection, uses: u32) -> Lent {
        Lent {
            connection,
            uses,
            is_last: uses >= self.most_uses,
        }
    }

    /// Keeps a connection whose answer is complete, if there is room.
    pub(crate) fn put(&self, worker: usize, lent: Lent, now: Moment) {
        let mut connection = lent.connection;
        if lent.is_last {
            return;
        }
        connection.release_buffers();
        connection.heard = false;
        let mut idle = self.idle(worker);
        if idle.len() < self.most {
            idle.push(Idle {
                connection,
                uses: lent.uses,
                since: now,
            });
        }
    }

    /// Closes what has been idle for too long.
    pub(crate) fn sweep(&self, now: Moment) {
        for worker in 0..self.idle.len() {
            let mut idle = self.idle(worker);
            // The oldest lie at the bottom.
            let old = idle.partition_point(|idle| idle.since + self.timeout <= now);
            let closed: Vec<_> = idle.drain(..old).collect();
            drop(idle);
            drop(closed);
        }
    }

    /// Nothing can panic while it is locked.
    fn idle(&self, worker: usize) -> MutexGuard<'_, Vec<Idle>> {
        self.idle[worker]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
