//! The access log: one JSON object a line for each request that has ended.
//!
//! A request copies what is to be said into a shelf of its thread, without formatting anything; a
//! thread of its own writes it down ten times a second. What there is no room for, or what the
//! disk does not take, is dropped and counted. Nothing that a person typed is written: see
//! [`mod@line`].

mod entry;
mod file;
mod line;
mod pack;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use trace::anonymize::Policy;

use crate::clock::Clock;
use crate::shelf::Shelves;
pub(crate) use entry::{Attempt, Entry};
use file::LogFile;
use pack::Pack;
use writer::{Book, Order, Writer};

/// The access log of the process, be it on or off.
pub(crate) struct AccessLog {
    /// Whether anything is written, so that requests need not even ask for a shelf.
    on: AtomicBool,
    shelves: Arc<Shelves<Pack>>,
    counts: Arc<Counts>,
    /// There until the end.
    thread: Mutex<Option<(Sender<Order>, JoinHandle<()>)>>,
}

/// Bytes of entries that may wait, over all shelves.
const ROOM: usize = 32 * 1024 * 1024;

/// What became of the lines.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) written: AtomicU64,
    pub(crate) dropped: AtomicU64,
    /// Times that the file could not be written or opened.
    pub(crate) errors: AtomicU64,
}

/// Why there is no access log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("cannot open access log `{}`: {source}; check that its folder can be written", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot start the access log's thread: {0}")]
    Thread(#[from] io::Error),
}

impl AccessLog {
    /// Starts the thread. Nothing is written before [`AccessLog::apply`].
    pub(crate) fn start(clock: Clock) -> Result<Self, LogError> {
        let shelves = Arc::new(Shelves::new());
        let counts = Arc::new(Counts::default());
        let (orders, todo) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shelves), Arc::clone(&counts), clock);
        let thread = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writer.run(&todo))?;
        Ok(Self {
            on: AtomicBool::new(false),
            shelves,
            counts,
            thread: Mutex::new(Some((orders, thread))),
        })
    }

    /// Writes to `file` from now on, or not at all. Targets are shown in the words of `policy`;
    /// without one, nothing of them but the route's prefix. A file that cannot be opened leaves
    /// all as it was.
    pub(crate) fn apply(
        &self,
        file: Option<PathBuf>,
        policy: Option<Policy>,
    ) -> Result<(), LogError> {
        let book = match file {
            Some(path) => Some(Book {
                file: LogFile::open(path)?,
                policy,
            }),
            None => None,
        };
        let on = book.is_some();
        self.order(Order::Use(Box::new(book)));
        self.on.store(on, Ordering::Relaxed);
        Ok(())
    }

    /// Notes a request that has ended. Never waits, and formats nothing.
    pub(crate) fn note(&self, entry: &Entry<'_>) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        let room = self.shelves.share(ROOM);
        if !self.shelves.put(|pack| pack.put(entry, room)) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Opens the file anew, after someone has given the old one another name. Returns at once.
    pub(crate) fn reopen(&self) {
        self.order(Order::Reopen);
    }

    /// Writes what is noted, and ends.
    pub(crate) fn close(&self) {
        self.on.store(false, Ordering::Relaxed);
        let Some((orders, thread)) = lock(&self.thread).take() else {
            return;
        };
        drop(orders);
        if thread.join().is_err() {
            tracing::error!("the access log broke; its last lines are not written");
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    fn order(&self, order: Order) {
        if let Some((orders, _)) = &*lock(&self.thread) {
            // A thread that broke has nobody to hear it.
            drop(orders.send(order));
        }
    }
}

/// What is behind these locks is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
