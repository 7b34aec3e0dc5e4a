//! A timer with absolute deadlines: a timerfd inside the worker's own runtime.
//!
//! `tokio::time` rounds to milliseconds; this wakes within some ten microseconds.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;

use rustix::thread::set_current_timer_slack;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::clock::NANOS_PER_SECOND;

/// Sleeps until moments of [`crate::clock`].
pub(super) struct Timer {
    fd: AsyncFd<OwnedFd>,
}

impl Timer {
    /// A timer for the calling thread, which from then on is woken as exactly as Linux can.
    #[expect(
        deprecated,
        reason = "unsound only where the descriptor can change, which an OwnedFd's can't; what replaces it is unsafe to call"
    )]
    pub(super) fn new() -> io::Result<Self> {
        wake_exactly()?;
        let fd = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        Ok(Self {
            fd: AsyncFd::with_interest(fd, Interest::READABLE)?,
        })
    }

    /// Returns when the clock has reached the deadline. May be dropped while it waits.
    pub(super) async fn sleep_until(&self, deadline_ns: u64) -> io::Result<()> {
        timerfd_settime(
            self.fd.get_ref(),
            TimerfdTimerFlags::ABSTIME,
            &at(deadline_ns),
        )?;
        loop {
            let mut ready = self.fd.readable().await?;
            let mut expirations = [0; 8];
            let read = ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut expirations)?));
            // A wake-up of an earlier deadline that was dropped would block here: wait on.
            if let Ok(read) = read {
                return read.map(drop);
            }
        }
    }
}

/// The setting for one expiry; a zero time would disarm the timer.
fn at(deadline_ns: u64) -> Itimerspec {
    Itimerspec {
        it_interval: Timespec::default(),
        it_value: timespec(deadline_ns.max(1)),
    }
}

/// Nanoseconds as the system takes them.
pub(super) fn timespec(ns: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(ns / NANOS_PER_SECOND).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(ns % NANOS_PER_SECOND).unwrap_or_default(),
    }
}

/// From now on the calling thread is woken without the 50 µs of slack that Linux allows itself.
pub(super) fn wake_exactly() -> io::Result<()> {
    Ok(set_current_timer_slack(NonZeroU64::new(1))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_ns;

    #[tokio::test(flavor = "current_thread")]
    async fn never_wakes_early_and_takes_past_deadlines() {
        let timer = Timer::new().unwrap();
        for ahead_ns in [0, 200_000, 1_500_000, 3_000_000] {
            let deadline = now_ns() + ahead_ns;
            timer.sleep_until(deadline).await.unwrap();
            assert!(now_ns() >= deadline);
        }
        timer.sleep_until(1).await.unwrap();
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_dropped_wait_does_not_cut_the_next_one_short() {
        let timer = Timer::new().unwrap();
        tokio::select! {
            biased;
            _ = timer.sleep_until(now_ns() + 1_000) => {}
            () = std::future::ready(()) => {}
        }
        let deadline = now_ns() + 5_000_000;
        timer.sleep_until(deadline).await.unwrap();
        assert!(now_ns() >= deadline);
    }
}
