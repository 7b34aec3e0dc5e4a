//! Whether a request that failed may go to another server.
//!
//! Pure: who forwards says what happened, and gets a yes or a no.

use std::time::Duration;

/// No request goes to more servers than this.
pub(crate) const MOST_TRIES: u32 = 10;

/// When a request is tried again: nginx's `proxy_next_upstream` and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Servers that one request may go to, the first included.
    pub(crate) tries: u32,
    /// Time from the first try in which another may begin.
    pub(crate) within: Duration,
    /// Statuses of answers that are failures of the server.
    pub(crate) statuses: Vec<u16>,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There was no connection, so nothing of the request went out.
    Unreached,
    /// A kept connection was closed before anything came back on it. That says nothing about the
    /// server: the next try may be on the same one, but has to be on a new connection.
    Stale,
    /// The server broke off, was too slow, or answered what is not HTTP.
    Broken,
    /// The server answered with this status.
    Status(u16),
}

/// A try that ended in trouble.
pub(crate) struct Failed {
    /// Whether sending the request twice has the effect of once (RFC 9110 §9.2.2).
    pub(crate) idempotent: bool,
    pub(crate) trouble: Trouble,
    /// Whether what was read of the request's body is still there to be sent again.
    pub(crate) replayable: bool,
    /// Whether the client was sent anything of an answer.
    pub(crate) answering: bool,
    /// Servers that were tried, this one included.
    pub(crate) tries: u32,
    /// Time since the first try began.
    pub(crate) elapsed: Duration,
    /// Whether there is a server to go to: [`super::Upstream::has_untried`].
    pub(crate) others: bool,
}

impl Retry {
    /// Whether an answer with this status is a failure of the server, to be held against it like
    /// a broken connection.
    pub(crate) fn is_failure(&self, status: u16) -> bool {
        self.statuses.contains(&status)
    }

    /// Whether the request may be tried again now.
    pub(crate) fn again(&self, failed: &Failed) -> bool {
        if failed.answering || !failed.replayable {
            return false;
        }
        let harmless = failed.idempotent;
        let another = failed.others && failed.tries < self.tries && failed.elapsed < self.within;
        match failed.trouble {
            Trouble::Unreached => another,
            Trouble::Stale => harmless,
            Trouble::Broken => harmless && another,
            Trouble::Status(status) => harmless && another && self.is_failure(status),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: 3,
            within: Duration::from_secs(10),
            statuses: Vec::new(),
        }
    }
}

/// Servers that one request was sent to in vain.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tried {
    servers: [usize; MOST_TRIES as usize],
    count: usize,
}

impl Tried {
    /// Notes the place of a server in its group. There is room for as many as may be tried.
    pub(crate) fn add(&mut self, server: usize) {
        if let Some(place) = self.servers.get_mut(self.count) {
            *place = server;
            self.count += 1;
        }
    }

    pub(crate) fn contains(&self, server: usize) -> bool {
        self.servers[..self.count].contains(&server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GET that may be tried again, whatever `change` does to it.
    #[track_caller]
    fn check(expected: bool, change: impl FnOnce(&mut Failed)) {
        let retry = Retry {
            statuses: vec![502],
            ..Retry::default()
        };
        let mut failed = Failed {
            idempotent: true,
            trouble: Trouble::Broken,
            replayable: true,
            answering: false,
            tries: 1,
            elapsed: Duration::from_secs(1),
            others: true,
        };
        change(&mut failed);
        assert_eq!(retry.again(&failed), expected);
    }

    #[test]
    fn only_idempotent_requests_are_sent_twice() {
        check(true, |_failed| {});
        for trouble in [Trouble::Broken, Trouble::Stale, Trouble::Status(502)] {
            check(false, |failed| {
                (failed.idempotent, failed.trouble) = (false, trouble);
            });
        }
        check(true, |failed| {
            (failed.idempotent, failed.trouble) = (false, Trouble::Unreached);
        });
    }

    #[test]
    fn what_was_begun_cannot_be_taken_back() {
        check(false, |failed| failed.answering = true);
        check(false, |failed| failed.replayable = false);
        check(false, |failed| {
            (failed.trouble, failed.answering) = (Trouble::Stale, true);
        });
    }

    #[test]
    fn tries_time_and_servers_end() {
        check(true, |failed| failed.tries = 2);
        check(false, |failed| failed.tries = 3);
        check(false, |failed| failed.elapsed = Duration::from_secs(10));
        check(false, |failed| failed.others = false);
    }

    #[test]
    fn a_stale_connection_is_no_try_of_the_server() {
        check(true, |failed| {
            failed.trouble = Trouble::Stale;
            (failed.tries, failed.others) = (3, false);
        });
    }

    #[test]
    fn only_named_statuses_are_failures() {
        check(true, |failed| failed.trouble = Trouble::Status(502));
        check(false, |failed| failed.trouble = Trouble::Status(500));
    }

    #[test]
    fn tried_servers_are_remembered() {
        let mut tried = Tried::default();
        assert!(!tried.contains(0));
        (0..12).for_each(|server| tried.add(server * 100));
        assert!((0..10).all(|server| tried.contains(server * 100)));
        assert!(!tried.contains(1));
    }
}
