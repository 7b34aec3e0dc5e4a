//! The access log's thread: clears the shelves, formats, writes, and complains once a minute.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError};
use std::time::Duration;

use trace::anonymize::Policy;

use super::Counts;
use super::file::{LogFile, Lost};
use super::line::Formatter;
use super::pack::Pack;
use crate::clock::{self, Clock};
use crate::complaints::Complaints;
use crate::shelf::Shelves;

/// What the thread is told.
pub(super) enum Order {
    Reopen,
    /// Write there from now on, or nowhere.
    Use(Box<Option<Book>>),
}

/// Where lines go, and in whose words.
pub(super) struct Book {
    pub(super) file: LogFile,
    pub(super) policy: Option<Policy>,
}

pub(super) struct Writer {
    shelves: Arc<Shelves<Pack>>,
    counts: Arc<Counts>,
    clock: Clock,
    open: Option<(LogFile, Formatter)>,
    /// What was taken off the shelves last.
    taken: Box<[Pack]>,
    lines: Vec<u8>,
    complaints: Complaints,
}

/// How often lines are written.
const TICK: Duration = Duration::from_millis(100);

/// Lines are written when there is so much of them.
const BATCH: usize = 64 * 1024;

impl Writer {
    pub(super) fn new(shelves: Arc<Shelves<Pack>>, counts: Arc<Counts>, clock: Clock) -> Self {
        Self {
            taken: shelves.spare(),
            shelves,
            counts,
            complaints: Complaints::default(),
            clock,
            open: None,
            lines: Vec::with_capacity(2 * BATCH),
        }
    }

    /// Works until nobody can give an order any more.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = match self.open {
                Some(_) => orders.recv_timeout(TICK),
                None => orders
                    .recv()
                    .map_err(|RecvError| RecvTimeoutError::Disconnected),
            };
            // First of all, so that what was noted before an order is written as if before it.
            self.flush();
            match order {
                Ok(Order::Reopen) => self.reopen(),
                Ok(Order::Use(book)) => {
                    self.open = book.map(|book| (book.file, Formatter::new(book.policy)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn flush(&mut self) {
        let Some((mut file, mut formatter)) = self.open.take() else {
            return;
        };
        let (now, unix_nanos) = (self.clock.now(), clock::unix_nanos());
        let mut taken = std::mem::take(&mut self.taken);
        self.shelves.take(&mut taken);
        for noted in taken.iter().flat_map(Pack::entries) {
            let age = now.nanos_since(noted.facts.ended);
            formatter.line(&noted, unix_nanos - i128::from(age), &mut self.lines);
            if self.lines.len() >= BATCH {
                self.write(&mut file);
            }
        }
        taken.iter_mut().for_each(Pack::empty);
        self.taken = taken;
        self.write(&mut file);
        self.open = Some((file, formatter));
    }

    fn write(&mut self, file: &mut LogFile) {
        let count = self
            .lines
            .iter()
            .map(|b| u64::from(*b == b'\n'))
            .sum::<u64>();
        let lost = file.write(&self.lines).err();
        self.lines.clear();
        let missing = lost.as_ref().map_or(0, |lost| lost.lines);
        self.counts
            .written
            .fetch_add(count - missing, Ordering::Relaxed);
        if let Some(lost) = lost {
            self.failed(&lost);
        }
    }

    fn reopen(&mut self) {
        let reopened = self.open.as_mut().map(|(file, _)| file.reopen());
        match reopened {
            Some(Err(lost)) => self.failed(&lost),
            Some(Ok(())) => tracing::info!("access log opened anew"),
            None => {}
        }
    }

    fn failed(&mut self, lost: &Lost) {
        self.counts.errors.fetch_add(1, Ordering::Relaxed);
        self.counts.dropped.fetch_add(lost.lines, Ordering::Relaxed);
        if self.complaints.note(self.clock.now()).is_some() {
            let dropped = self.counts.dropped.load(Ordering::Relaxed);
            let error = &lost.error;
            tracing::error!(%error, dropped, "cannot write the access log; requests are served as before");
        }
    }
}
