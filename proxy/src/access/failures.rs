//! The throttle of failed keys: who guesses too often is not listened to for a while.
//!
//! It is asked before the key is looked at, so that a right guess cannot be told from a wrong
//! one while it holds.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::ClientNet;
use crate::bounded::Bounded;
use crate::clock::Moment;

/// Failures of each client in its current minute.
pub(crate) struct Failures {
    clients: Bounded<ClientNet, Mutex<Window>>,
}

#[derive(Clone, Copy, Default)]
struct Window {
    ends: Moment,
    failures: u32,
}

/// Failures that a client may have in a minute.
pub(crate) const ALLOWED: u32 = 10;

/// How long failures are held against a client.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// Clients that are remembered at most.
const CAPACITY: usize = 100_000;

impl Default for Failures {
    fn default() -> Self {
        Self {
            clients: Bounded::new(CAPACITY),
        }
    }
}

impl Failures {
    /// How long the client still has to wait, if it has failed too often.
    pub(crate) fn wait(&self, client: ClientNet, now: Moment) -> Option<Duration> {
        let window = self.clients.look(client, |window| *locked(window))?;
        (window.failures >= ALLOWED && now < window.ends).then(|| now.until(window.ends))
    }

    /// Notes a failure.
    pub(crate) fn note(&self, client: ClientNet, now: Moment) {
        self.clients.with(client, |window| {
            let mut window = locked(window);
            if window.ends <= now {
                *window = Window {
                    ends: now + WINDOW,
                    failures: 0,
                };
            }
            window.failures += 1;
        });
    }

    /// Forgets the clients whose minute is over.
    pub(crate) fn sweep(&self, now: Moment) {
        self.clients.retain(|window| now < locked(window).ends);
    }
}

/// Nothing can panic while it is locked.
fn locked(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn ten_failures_a_minute_are_listened_to() {
        let failures = Failures::default();
        let client = ClientNet::from(IpAddr::from([192, 0, 2, 1]));
        let other = ClientNet::from(IpAddr::from([192, 0, 2, 2]));
        let at = |seconds| Moment::default() + Duration::from_secs(seconds);
        for second in 0..10 {
            assert_eq!(failures.wait(client, at(second)), None);
            failures.note(client, at(second));
        }
        assert_eq!(failures.wait(client, at(10)), Some(Duration::from_secs(50)));
        assert_eq!(failures.wait(other, at(10)), None);
        assert_eq!(failures.wait(client, at(60)), None);
        failures.sweep(at(60));
        assert_eq!(failures.clients.len(), 0);
    }
}
