//! A timer with absolute deadlines: a timerfd inside the worker's own runtime.
//!
//! `tokio::time` rounds to milliseconds; this wakes within some ten microseconds. Where that is not
//! enough it wakes earlier and looks at the clock until the time has come, between which the runtime
//! reads answers that come in.

use std::cell::Cell;
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
use tokio::task::yield_now;

use crate::clock::{self, NANOS_PER_SECOND};
use crate::settings::Pacing;

/// Sleeps until moments of [`crate::clock`].
pub(super) struct Timer {
    fd: AsyncFd<OwnedFd>,
    /// How long before the deadline it wakes up.
    guard_ns: u64,
    /// The deadline that it woke up for, and stays awake until.
    awake_for_ns: Cell<u64>,
}

impl Timer {
    /// A timer for the calling thread, which from then on is woken as exactly as Linux can.
    #[expect(
        deprecated,
        reason = "unsound only where the descriptor can change, which an OwnedFd's can't; what replaces it is unsafe to call"
    )]
    pub(super) fn new(pacing: Pacing) -> io::Result<Self> {
        wake_exactly()?;
        let fd = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        Ok(Self {
            fd: AsyncFd::with_interest(fd, Interest::READABLE)?,
            guard_ns: match pacing {
                Pacing::Timer => 0,
                Pacing::Precise => GUARD_NS,
            },
            awake_for_ns: Cell::default(),
        })
    }

    /// Returns when the clock has reached the deadline. May be dropped while it waits.
    pub(super) async fn sleep_until(&self, deadline_ns: u64) -> io::Result<()> {
        if self.awake_for_ns.get() != deadline_ns {
            let early_ns = deadline_ns.saturating_sub(self.guard_ns);
            if clock::now_ns() < early_ns {
                self.wake_at(early_ns).await?;
                self.awake_for_ns.set(deadline_ns);
            } else {
                // Who had no time to sleep would never let go of the core.
                self.wake_at(deadline_ns).await?;
            }
        }
        while clock::now_ns() < deadline_ns {
            yield_now().await;
        }
        Ok(())
    }

    async fn wake_at(&self, wake_ns: u64) -> io::Result<()> {
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &at(wake_ns))?;
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

/// About as long as a machine that is idle takes to wake up. More would keep a core from others
/// that share it, which then take it when a request is due.
const GUARD_NS: u64 = 80_000;

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
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;
    use crate::clock::now_ns;

    #[tokio::test(flavor = "current_thread")]
    async fn never_wakes_early_and_takes_past_deadlines() {
        for pacing in [Pacing::Timer, Pacing::Precise] {
            let timer = Timer::new(pacing).unwrap();
            for ahead_ns in [0, 20_000, 200_000, 1_500_000, 3_000_000] {
                let deadline = now_ns() + ahead_ns;
                timer.sleep_until(deadline).await.unwrap();
                assert!(now_ns() >= deadline);
            }
            timer.sleep_until(1).await.unwrap();
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_dropped_wait_does_not_cut_the_next_one_short() {
        let timer = Timer::new(Pacing::Timer).unwrap();
        tokio::select! {
            biased;
            _ = timer.sleep_until(now_ns() + 1_000) => {}
            () = std::future::ready(()) => {}
        }
        let deadline = now_ns() + 5_000_000;
        timer.sleep_until(deadline).await.unwrap();
        assert!(now_ns() >= deadline);
    }

    /// Whoever is awake ahead of time must not keep answers from being read.
    #[tokio::test(flavor = "current_thread")]
    async fn others_read_what_comes_in_while_it_is_awake() {
        let deadline_ns = now_ns() + 10 * NANOS_PER_SECOND;
        let timer = Timer {
            awake_for_ns: Cell::new(deadline_ns),
            ..Timer::new(Pacing::Precise).unwrap()
        };
        let (mut near, mut far) = UnixStream::pair().unwrap();
        tokio::select! {
            biased;
            _ = timer.sleep_until(deadline_ns) => panic!("nothing was read"),
            () = async {
                for _ in 0..100 {
                    near.write_all(b"x").await.unwrap();
                    far.read_exact(&mut [0]).await.unwrap();
                }
            } => {}
        }
    }

    /// Else a worker with much to send would keep its core from all others.
    #[tokio::test(flavor = "current_thread")]
    async fn it_stays_awake_only_where_it_slept_before() {
        let timer = Timer {
            guard_ns: u64::MAX,
            ..Timer::new(Pacing::Precise).unwrap()
        };
        let mut polls = 0;
        let mut sleep = pin!(timer.sleep_until(now_ns() + 20_000_000));
        let slept = poll_fn(|context| {
            polls += 1;
            sleep.as_mut().poll(context)
        });
        slept.await.unwrap();
        assert!(polls < 10, "{polls}");
    }
}
