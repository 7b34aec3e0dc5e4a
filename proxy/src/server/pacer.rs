//! Ends the wait for a client that takes too long, on the way of its bytes in and out.
//!
//! Whoever reads and writes asks here what became of it. What was done at once costs next to
//! nothing; a timer is only there once something had to be waited for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::pace::{Expected, Pace};
use crate::clock::{Clock, Moment};
use crate::config::ClientSettings;

/// Keeps one client to its time.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: Clock,
    limits: ClientSettings,
    pace: Pace,
    late_reader: Alarm,
    /// Since when the client takes nothing.
    stuck: Option<Moment>,
    late_writer: Alarm,
}

impl Pacer {
    pub(crate) fn new(limits: ClientSettings, clock: Clock) -> Self {
        Self {
            clock,
            limits,
            pace: Pace::new(limits),
            late_reader: Alarm::default(),
            stuck: None,
            late_writer: Alarm::default(),
        }
    }

    /// Something else is expected from now, or the same anew.
    pub(crate) const fn expect(&mut self, expected: Expected) {
        self.pace.expect(expected);
    }

    /// Bytes have been read.
    pub(crate) fn came(&mut self, bytes: usize) {
        let clock = self.clock;
        self.pace.came(bytes, || clock.now());
    }

    /// Nothing was there to be read: an error once the client has taken too long.
    pub(crate) fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let clock = self.clock;
        let Some(deadline) = self.pace.deadline(|| clock.now()) else {
            return Poll::Pending;
        };
        ready!(self.late_reader.poll(clock.instant(deadline), context));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Some of what is written has been taken.
    pub(crate) const fn took(&mut self) {
        self.stuck = None;
    }

    /// What became of a write, unless the client has taken nothing for too long.
    pub(crate) fn written<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stuck = None;
            return polled;
        }
        let clock = self.clock;
        let since = *self.stuck.get_or_insert_with(|| clock.now());
        let deadline = clock.instant(since + self.limits.send_timeout);
        ready!(self.late_writer.poll(deadline, context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A deadline that moves on with every request, at the price of a timer once in a while.
///
/// The timer is left to run for the deadline that it was set for. When it ends, it is set anew if
/// the deadline has moved on since.
#[derive(Debug, Default)]
struct Alarm {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Ready once the deadline has passed.
    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}
