//! The pacer: lets each arrival go at its absolute due time.
//!
//! It never waits for an answer, and never slides: on every wake-up, all that is due is released.

use std::io;
use std::rc::Rc;

use tokio::sync::watch;

use crate::clock;

use super::control::Phase;
use super::timer::Timer;
use super::worker::Worker;

/// Releases these arrivals, which are sorted by due time, until the end or until told to stop.
pub(super) async fn pace(
    worker: &Rc<Worker>,
    share: &[usize],
    phases: &mut watch::Receiver<Phase>,
) -> io::Result<()> {
    let timer = Timer::new()?;
    let mut waiting = share.iter().copied().peekable();
    while !worker.stopping() {
        let now_ns = clock::now_ns();
        while let Some(position) = waiting.next_if(|&position| worker.due_ns(position) <= now_ns) {
            worker.release(position);
        }
        let Some(&next) = waiting.peek() else {
            return Ok(());
        };
        tokio::select! {
            biased;
            changed = phases.changed() => if changed.is_err() || phases.borrow_and_update().stops() {
                worker.stop();
            },
            slept = timer.sleep_until(worker.due_ns(next)) => slept?,
        }
    }
    waiting.for_each(|position| worker.drop_arrival(position));
    Ok(())
}
