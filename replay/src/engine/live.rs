//! Live values: what answers of this run gave, for the requests of their sessions that use it.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use foldhash::quality::RandomState;
use tokio::sync::Notify;

use crate::locator::Given;

/// The values of a worker's sessions, by their places in it.
#[derive(Default)]
pub(super) struct Live {
    sessions: RefCell<Vec<Vec<Value>>>,
    /// Those that all known uses were made of, the first one first.
    spent: RefCell<VecDeque<(usize, u64)>>,
    /// What stood last at each place of the requests of a route.
    last: RefCell<HashMap<u64, Box<str>, RandomState>>,
    /// Told when one is known, or is known to be missing.
    news: Notify,
}

struct Value {
    key: u64,
    /// Places that are still to use it.
    uses: u32,
    state: State,
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Its answer is still to come.
    Awaited,
    /// It is there. The second tells whether it is that of another item of a list.
    Given(Box<str>, bool),
    /// There is none.
    Missing(Missing),
}

/// Why a link has no live value, and the number of the route that was to give it, where it was
/// played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Missing {
    /// Why.
    pub(crate) cause: Cause,
    /// Of what.
    pub(crate) route: Option<u32>,
}

impl Missing {
    /// Nothing is known of what was to give it.
    pub(super) const NOT_PLAYED: Self = Self {
        cause: Cause::NotPlayed,
        route: None,
    };
}

/// Why a link has no live value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The list that had it is empty.
    EmptyList,
    /// The answer has no such place.
    NoPlace,
    /// Its exchange was not played, or is too far back.
    NotPlayed,
    /// There was no answer, or one that says no.
    SourceFailed,
}

impl Cause {
    /// Its name in the summary.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EmptyList => "empty_list",
            Self::NoPlace => "no_place",
            Self::NotPlayed => "not_played",
            Self::SourceFailed => "source_failed",
        }
    }
}

impl From<Given<'_>> for State {
    fn from(given: Given<'_>) -> Self {
        Self::Given(given.text.into(), given.wrapped)
    }
}

impl Live {
    /// Takes note of what is known of a value, and of how many places use it.
    pub(super) fn put(&self, session: usize, key: u64, uses: u32, state: State) {
        let mut sessions = self.sessions.borrow_mut();
        if sessions.len() <= session {
            sessions.resize_with((session + 1).next_power_of_two(), Vec::new);
        }
        let values = &mut sessions[session];
        match values.iter_mut().find(|value| value.key == key) {
            Some(value) => (value.uses, value.state) = (uses, state),
            None => {
                if values.len() >= MOST_VALUES {
                    values.remove(0);
                }
                values.push(Value { key, uses, state });
            }
        }
        drop(sessions);
        self.news.notify_waiters();
    }

    /// Looks at a value.
    pub(super) fn look<T>(&self, session: usize, key: u64, look: impl FnOnce(&State) -> T) -> T {
        let sessions = self.sessions.borrow();
        let values = sessions.get(session).map(Vec::as_slice);
        let value = values
            .unwrap_or_default()
            .iter()
            .find(|value| value.key == key);
        look(value.map_or(&State::Missing(Missing::NOT_PLAYED), |value| &value.state))
    }

    /// Takes note of what stands at a place of the requests of a route.
    pub(super) fn stands(&self, place: u64, text: &str) {
        let mut last = self.last.borrow_mut();
        match last.get_mut(&place) {
            Some(old) if **old == *text => {}
            Some(old) => *old = text.into(),
            None => drop(last.insert(place, text.into())),
        }
    }

    /// What stood last at a place of the requests of a route.
    pub(super) fn stood(&self, place: u64) -> Option<Box<str>> {
        self.last.borrow().get(&place).cloned()
    }

    /// Takes note that one place needs a value no more. It stays as long as there is room: requests
    /// that are not read yet may use it, too.
    pub(super) fn used(&self, session: usize, key: u64) {
        let mut sessions = self.sessions.borrow_mut();
        let Some(values) = sessions.get_mut(session) else {
            return;
        };
        let Some(value) = values.iter_mut().find(|value| value.key == key) else {
            return;
        };
        value.uses = value.uses.saturating_sub(1);
        if value.uses > 0 {
            return;
        }
        let mut spent = self.spent.borrow_mut();
        spent.push_back((session, key));
        if spent.len() > MOST_SPENT
            && let Some((session, key)) = spent.pop_front()
            && let Some(values) = sessions.get_mut(session)
        {
            values.retain(|value| value.key != key || value.uses > 0);
        }
    }

    /// Waits until a value is known, or known to be missing; tells whether it had to.
    pub(super) async fn wait(&self, session: usize, key: u64) -> bool {
        let is_awaited = || self.look(session, key, |state| *state == State::Awaited);
        let mut waited = false;
        while is_awaited() {
            waited = true;
            self.news.notified().await;
        }
        waited
    }
}

/// Values of a worker that nobody is known to use any more: about 10 MB.
const MOST_SPENT: usize = 65_536;
/// Values that a session has at once: those who were to use them may have been dropped.
const MOST_VALUES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> State {
        State::Given(text.into(), false)
    }

    fn state(live: &Live, session: usize, key: u64) -> State {
        live.look(session, key, State::clone)
    }

    #[test]
    fn a_value_is_known_to_its_session_and_goes_when_it_was_used_and_there_are_many() {
        let live = Live::default();
        live.put(3, 7, 2, given("a"));
        assert_eq!(state(&live, 3, 7), given("a"));
        let missing = State::Missing(Missing::NOT_PLAYED);
        assert_eq!(state(&live, 2, 7), missing);
        live.used(3, 7);
        for key in 0..=MOST_SPENT as u64 {
            live.put(4, key, 1, given("b"));
            live.used(4, key);
        }
        // The second use is still to come.
        assert_eq!(state(&live, 3, 7), given("a"));
        live.used(3, 7);
        live.used(9, 7);
        assert_eq!(state(&live, 3, 7), given("a"));
        for key in 0..MOST_SPENT as u64 {
            live.put(5, key, 1, given("b"));
            live.used(5, key);
        }
        assert_eq!(state(&live, 3, 7), missing);
    }

    #[test]
    fn what_nobody_uses_goes_when_there_is_too_much() {
        let live = Live::default();
        for key in 0..=MOST_VALUES as u64 {
            live.put(0, key, 1, given("a"));
        }
        assert_eq!(state(&live, 0, 0), State::Missing(Missing::NOT_PLAYED));
        assert_eq!(state(&live, 0, 1), given("a"));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_needs_a_value_waits_until_it_is_known() {
        let live = Live::default();
        live.put(0, 1, 1, State::Awaited);
        let known = async {
            tokio::task::yield_now().await;
            live.put(0, 2, 1, given("b"));
            tokio::task::yield_now().await;
            live.put(0, 1, 1, State::Missing(Missing::NOT_PLAYED));
        };
        let (waited, ()) = tokio::join!(live.wait(0, 1), known);
        assert!(waited && !live.wait(0, 1).await && !live.wait(0, 5).await);
    }
}
