//! The throttle of failed keys: who guesses too often is not listened to for a while.
//!
//! It is asked before the key is looked at, so that a right guess cannot be told from a wrong
//! one while it holds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dashmap::DashMap;

use super::client::ClientNet;
use crate::clock::Moment;

/// Failures of each client in its current minute.
pub(crate) struct Failures {
    clients: DashMap<ClientNet, Window>,
    /// Set when the table is full: new clients then share one window until a sweep.
    full: AtomicBool,
}

#[derive(Clone, Copy)]
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

impl Failures {
    pub(crate) fn new() -> Self {
        Self {
            clients: DashMap::new(),
            full: AtomicBool::new(false),
        }
    }

    /// How long the client still has to wait, if it has failed too often.
    pub(crate) fn wait(&self, client: ClientNet, now: Moment) -> Option<Duration> {
        let own = self.clients.get(&client).map(|window| *window);
        let window = match own {
            Some(window) => window,
            None if self.full.load(Ordering::Relaxed) => *self.clients.get(&ClientNet::UNKNOWN)?,
            None => return None,
        };
        (window.failures >= ALLOWED && now < window.ends).then(|| now.until(window.ends))
    }

    /// Notes a failure.
    pub(crate) fn note(&self, client: ClientNet, now: Moment) {
        let crowded = self.clients.len() >= CAPACITY && !self.clients.contains_key(&client);
        if crowded {
            self.full.store(true, Ordering::Relaxed);
        }
        let counted = if crowded { ClientNet::UNKNOWN } else { client };
        let fresh = Window {
            ends: now + WINDOW,
            failures: 0,
        };
        let mut window = self.clients.entry(counted).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window.failures += 1;
    }

    /// Forgets the clients whose minute is over.
    pub(crate) fn sweep(&self, now: Moment) {
        self.clients.retain(|_, window| now < window.ends);
        self.full
            .store(self.clients.len() >= CAPACITY, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn ten_failures_a_minute_are_listened_to() {
        let failures = Failures::new();
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
        assert!(failures.clients.is_empty());
    }
}
