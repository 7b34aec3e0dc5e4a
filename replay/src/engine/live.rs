//! Live values: what answers of this run gave, for the requests of their sessions that use it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use foldhash::quality::RandomState;
use tokio::sync::Notify;

use crate::locator::Given;

/// The values of a worker's sessions, by their places in it.
#[derive(Default)]
pub(super) struct Live {
    sessions: RefCell<Vec<Vec<Value>>>,
    /// All values, the first one first, and how many there may be.
    order: RefCell<VecDeque<(usize, u64)>>,
    most: usize,
    /// What stood last at each place of the requests of a route, whatever the session.
    last: RefCell<HashMap<u64, Box<str>, RandomState>>,
    /// Told when one is known, or is known to be missing.
    news: Notify,
    /// Whether nobody is to wait any more.
    closed: Cell<bool>,
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
    /// Of one of so many workers.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            most: (MOST_VALUES / workers).max(1_024),
            ..Self::default()
        }
    }

    /// Takes note of what is known of a value, and of how many places use it.
    pub(super) fn put(&self, session: usize, key: u64, uses: u32, state: State) {
        let mut sessions = self.sessions.borrow_mut();
        if sessions.len() <= session {
            sessions.resize_with((session + 1).next_power_of_two(), Vec::new);
        }
        let values = &mut sessions[session];
        let known = values.iter_mut().rev().find(|value| value.key == key);
        let was_awaited = known
            .as_ref()
            .is_some_and(|value| value.state == State::Awaited);
        match known {
            Some(value) => (value.uses, value.state) = (uses, state),
            None => {
                let spent = values.iter().position(|value| value.uses == 0);
                if let Some(spent) = spent.filter(|_| values.len() >= FEW) {
                    values.remove(spent);
                }
                values.push(Value { key, uses, state });
                self.order.borrow_mut().push_back((session, key));
                self.make_room(&mut sessions);
            }
        }
        drop(sessions);
        if was_awaited {
            self.news.notify_waiters();
        }
    }

    /// Forgets a value where there are too many: the first one that all known uses were made of, else
    /// the first one.
    fn make_room(&self, sessions: &mut [Vec<Value>]) {
        let mut order = self.order.borrow_mut();
        if order.len() <= self.most {
            return;
        }
        let is_over = |(session, key): &(usize, u64)| {
            let mut values = sessions[*session].iter();
            let value = values.find(|value| value.key == *key);
            value.is_none_or(|value| value.uses == 0)
        };
        let spent = order.iter().take(LOOKED_AT).position(is_over);
        if let Some((session, key)) = order.remove(spent.unwrap_or_default()) {
            let values = &mut sessions[session];
            values.retain(|value| value.key != key);
            if values.is_empty() {
                *values = Vec::new();
            }
        }
    }

    /// Looks at a value.
    pub(super) fn look<T>(&self, session: usize, key: u64, look: impl FnOnce(&State) -> T) -> T {
        let sessions = self.sessions.borrow();
        let values = sessions.get(session).map(Vec::as_slice);
        let mut latest = values.unwrap_or_default().iter().rev();
        let value = latest.find(|value| value.key == key);
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
        let values = sessions.get_mut(session).map(Vec::as_mut_slice);
        let mut latest = values.unwrap_or_default().iter_mut().rev();
        if let Some(value) = latest.find(|value| value.key == key) {
            value.uses = value.uses.saturating_sub(1);
        }
    }

    /// Waits until a value is known, or known to be missing; tells whether it had to.
    pub(super) async fn wait(&self, session: usize, key: u64) -> bool {
        let is_awaited = || self.look(session, key, |state| *state == State::Awaited);
        let mut waited = false;
        while is_awaited() && !self.closed.get() {
            waited = true;
            self.news.notified().await;
        }
        waited
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.news.notify_waiters();
    }
}

/// Values of all workers: about 20 MB.
const MOST_VALUES: usize = 131_072;
/// Values of a session from which on those go that were used. A request uses mostly what came last.
const FEW: usize = 64;
/// How far the one to be forgotten is looked for.
const LOOKED_AT: usize = 64;

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
    fn a_value_is_known_to_its_session() {
        let live = Live::new(1);
        live.put(3, 7, 2, given("a"));
        assert_eq!(state(&live, 3, 7), given("a"));
        assert_eq!(state(&live, 2, 7), State::Missing(Missing::NOT_PLAYED));
        (0..3).for_each(|_| live.used(3, 7));
        live.used(9, 7);
        // Somebody who is not read yet may use it, too.
        assert_eq!(state(&live, 3, 7), given("a"));
    }

    #[test]
    fn a_session_keeps_few_that_were_used_and_all_that_will_be() {
        let live = Live::new(1);
        live.put(0, 0, 1, given("a"));
        for key in 1..1_000 {
            live.put(0, key, 1, given("a"));
            live.used(0, key);
        }
        assert_eq!(live.sessions.borrow()[0].len(), FEW);
        assert!(
            [0, 999]
                .iter()
                .all(|key| state(&live, 0, *key) == given("a"))
        );
    }

    #[test]
    fn when_there_are_many_those_go_first_that_were_used() {
        let live = Live::new(MOST_VALUES);
        let is_there = |key| state(&live, 0, key) == given("a");
        for key in 0..1_024 {
            live.put(0, key, 1, given("a"));
        }
        live.used(0, 1);
        live.put(1, 7, 1, given("b"));
        assert!(is_there(0) && !is_there(1) && is_there(2));
        live.put(1, 8, 1, given("b"));
        assert!(!is_there(0) && is_there(2));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_needs_a_value_waits_until_it_is_known() {
        let live = Live::new(1);
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
