//! The pacer: lets each arrival go at its absolute due time.
//!
//! It never waits for an answer, and never slides: on every wake-up, all that is due is released.
//! The one exception is asked for: at the highest rate there is no due time, and an arrival goes
//! when there is room for it.

use std::io;
use std::rc::Rc;

use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::settings::Pacing;

use super::control::Phase;
use super::due::Due;
use super::feed::Piece;
use super::priority;
use super::slots::Slot;
use super::timer::Timer;
use super::worker::Worker;

/// Releases arrivals as they become due, until the end of the plan or until told to stop.
pub(super) async fn pace(
    worker: &Rc<Worker>,
    first: Piece,
    feed: &mut mpsc::Receiver<Piece>,
    phases: &mut watch::Receiver<Phase>,
) -> io::Result<()> {
    let timer = Timer::new(worker.pacing())?;
    if worker.pacing() == Pacing::Precise {
        worker.outranked.set(priority::raise().is_err());
    }
    let mut pacer = Pacer {
        worker,
        due: Due::default(),
        more: true,
        paused: false,
    };
    pacer.take(Some(first));
    while !worker.stopping() && pacer.is_needed() {
        let wake_ns = pacer.release();
        let may_take = pacer.more && pacer.due.len() < ENOUGH;
        tokio::select! {
            biased;
            changed = phases.changed() => match changed {
                Ok(()) => pacer.enter(*phases.borrow_and_update()),
                Err(_) => worker.stop(),
            },
            () = worker.alarms.news.notified() => {}
            () = worker.quiet.notified() => {}
            () = worker.slots().changed(), if pacer.wants_room() => {}
            piece = feed.recv(), if may_take => pacer.take(piece),
            slept = timer.sleep_until(wake_ns), if wake_ns < u64::MAX => slept?,
        }
    }
    pacer.drop_all(feed).await;
    Ok(())
}

struct Pacer<'a> {
    worker: &'a Rc<Worker>,
    due: Due,
    /// Whether more of the plan may come.
    more: bool,
    /// Whether nothing is released for a while.
    paused: bool,
}

impl Pacer<'_> {
    fn take(&mut self, piece: Option<Piece>) {
        let Some(piece) = piece else {
            self.more = false;
            return;
        };
        self.worker.learn(&piece.routes);
        self.worker.meet(piece.players);
        if self.worker.thinks() {
            // Sessions go by themselves: each knows when it begins, and how long it pauses.
            let arrivals = piece.arrivals.into_iter();
            arrivals.for_each(|arrival| self.worker.release(arrival));
        } else {
            self.due.add(piece.arrivals);
        }
    }

    /// Whether there is, or may be, something to release or to wake.
    fn is_needed(&self) -> bool {
        self.more || self.due.len() > 0 || (self.worker.thinks() && self.worker.is_active())
    }

    fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Prepare => {}
            Phase::Run { start_ns } => {
                self.paused = false;
                self.worker.resume(start_ns);
            }
            Phase::Pause => {
                self.paused = true;
                self.worker.pause();
            }
            Phase::Stop | Phase::Abandon => self.worker.stop(),
        }
    }

    fn wants_room(&self) -> bool {
        !self.paused && self.worker.is_closed() && self.due.len() > 0
    }

    /// Releases all that is due, and tells when to wake up for more.
    fn release(&mut self) -> u64 {
        if self.paused {
            return u64::MAX;
        }
        let now_ns = clock::now_ns();
        self.worker.alarms.ring(now_ns);
        let start_ns = self.worker.start_ns();
        let mut next_ns = u64::MAX;
        if now_ns < start_ns {
            next_ns = self.due.next_ns().map_or(u64::MAX, |_| start_ns);
        } else if self.worker.is_closed() {
            while !self.worker.stopping()
                && self.due.len() > 0
                && let Some(slot) = self.worker.slots().try_take()
            {
                self.release_into(slot);
            }
        } else {
            let passed_ns = now_ns - start_ns;
            while let Some(arrival) = self.due.release(passed_ns) {
                self.worker.release(arrival);
            }
            let due_ns = self.due.next_ns();
            next_ns = due_ns.map_or(u64::MAX, |due_ns| start_ns.saturating_add(due_ns));
        }
        next_ns.min(self.worker.alarms.next_ns().unwrap_or(u64::MAX))
    }

    /// Releases the next one, whose time is now.
    fn release_into(&mut self, slot: Slot) {
        if let Some(mut arrival) = self.due.pop() {
            arrival.due_ns = clock::now_ns().saturating_sub(self.worker.start_ns());
            if self.worker.is_past_end(arrival.due_ns) {
                self.worker.stop();
            } else {
                self.worker.release_with(arrival, slot);
            }
        }
    }

    /// What was planned and is not sent any more.
    async fn drop_all(mut self, feed: &mut mpsc::Receiver<Piece>) {
        feed.close();
        while let Some(arrival) = self.due.pop() {
            self.worker.drop_arrival(&arrival);
        }
        while let Some(piece) = feed.recv().await {
            for arrival in piece.arrivals {
                self.worker.drop_arrival(&arrival);
            }
        }
    }
}

/// Arrivals that wait in a worker before it takes more.
const ENOUGH: usize = 1_024;
