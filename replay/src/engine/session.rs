//! Sessions of a worker: what is released and not yet sent, and what the last answer meant.

use std::collections::VecDeque;

use crate::plan::Arrival;

use super::slots::Slot;

/// The sessions, by their place in the worker.
#[derive(Default)]
pub(super) struct Sessions {
    all: Vec<Session>,
}

#[derive(Default)]
struct Session {
    released: VecDeque<Released>,
    /// Whether a task is playing it.
    busy: bool,
    ahead: Ahead,
    /// The latest arrival that was sent: when it was due, and when it went.
    latest: (u64, u64),
}

/// An arrival that may go, as far as the plan has a say.
pub(super) struct Released {
    pub(super) arrival: Arrival,
    /// The right to be on its way, where it has that already.
    pub(super) slot: Option<Slot>,
    /// The recorded log-ins that were released before it, as [`Players::mark`] has it.
    ///
    /// [`Players::mark`]: super::players::Players::mark
    pub(super) mark: u32,
}

/// What an arrival has ahead of it in its session.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ahead {
    /// When the previous answer would have been in, had its request been sent on time: only the
    /// target's part in a wait is link wait, the rest stays lateness.
    pub(super) free_ns: u64,
    /// When it was in.
    pub(super) ended_ns: u64,
    /// Whether that waited for the target itself, and this one queued behind it. After a freeze of
    /// the target, `free_ns` catches up at once and the queue does not: it is not judged.
    pub(super) held: bool,
    /// Whether there was one.
    pub(super) begun: bool,
}

impl Sessions {
    /// Adds an arrival; tells whether the session must be played from now on.
    pub(super) fn add(&mut self, session: usize, released: Released) -> bool {
        let session = self.session(session);
        session.released.push_back(released);
        !std::mem::replace(&mut session.busy, true)
    }

    /// The session's next arrival and what it has ahead of it; `None` ends its task.
    pub(super) fn next(&mut self, session: usize) -> Option<(Released, Ahead)> {
        let session = self.session(session);
        let next = session.released.pop_front();
        session.busy = next.is_some();
        next.map(|released| (released, session.ahead))
    }

    /// Takes note of what an arrival means to the one after it.
    pub(super) fn sent(&mut self, session: usize, ahead: Ahead) {
        self.session(session).ahead = ahead;
    }

    /// Whether an arrival was sent in another order than planned, against the latest of its session.
    pub(super) fn is_inverted(&mut self, session: usize, due_ns: u64, sent_ns: u64) -> bool {
        let latest = &mut self.session(session).latest;
        let (latest_due_ns, latest_sent_ns) = *latest;
        if due_ns < latest_due_ns {
            return sent_ns > latest_sent_ns;
        }
        *latest = (due_ns, sent_ns);
        sent_ns < latest_sent_ns
    }

    fn session(&mut self, session: usize) -> &mut Session {
        if self.all.len() <= session {
            self.all
                .resize_with((session + 1).next_power_of_two(), Session::default);
        }
        &mut self.all[session]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn released(due_ns: u64) -> Released {
        Released {
            arrival: Arrival::at(due_ns),
            slot: None,
            mark: 0,
        }
    }

    #[test]
    fn a_session_is_played_by_one_task_until_it_has_nothing_left() {
        let mut sessions = Sessions::default();
        assert!(sessions.add(3, released(1)));
        assert!(!sessions.add(3, released(2)));
        assert!(sessions.add(0, released(3)));
        let mut next = || sessions.next(3).map(|(it, _)| it.arrival.due_ns);
        assert_eq!((next(), next(), next()), (Some(1), Some(2), None));
        assert!(sessions.add(3, released(4)));
    }

    #[test]
    fn what_overtakes_or_is_overtaken_is_inverted() {
        let mut sessions = Sessions::default();
        let mut is_inverted = |due_ns, sent_ns| sessions.is_inverted(1, due_ns, sent_ns);
        assert!(!is_inverted(10, 100));
        assert!(!is_inverted(20, 110));
        // Its end is known late, and it was sent in its place.
        assert!(!is_inverted(15, 105));
        assert!(is_inverted(15, 120));
        assert!(is_inverted(30, 105));
        assert!(!is_inverted(40, 130));
        // Another session knows nothing of it.
        assert!(!sessions.is_inverted(2, 5, 500));
    }
}
