//! What a worker remembers of its sessions' answers: tokens, cookies, and values that links use.

use std::cell::RefCell;

use jiff::Timestamp;

use crate::clock;
use crate::json::Nothing;
use crate::locator::{Locator, Seen};
use crate::plan::{Arrival, Link};

use super::Job;
use super::jar::{Crumb, Jar, Now};
use super::live::{Cause, Live, Missing, State};
use super::outcome::{Answer, Keep};
use super::players::Players;

/// What links of a request lead to.
#[derive(Default)]
pub(super) struct Values {
    /// For each link the live value, where there is one.
    pub(super) all: Vec<Option<Box<str>>>,
    /// Why the others have none.
    pub(super) missing: Vec<Missing>,
    /// How many have that of another item of a list.
    pub(super) other_items: u64,
}

/// All that is remembered.
pub(super) struct Memory {
    pub(super) players: Players,
    live: Live,
    /// By the session's place.
    jars: RefCell<Vec<Jar>>,
}

impl Memory {
    /// Of one of so many workers.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            players: Players::default(),
            live: Live::new(workers),
            jars: RefCell::default(),
        }
    }

    /// Lets nobody wait for anything any more.
    pub(super) fn close(&self) {
        self.players.close();
        self.live.close();
    }

    /// What has to be kept of the answer to an arrival, to learn from it.
    pub(super) fn keep(arrival: &Arrival) -> Keep {
        let entry = arrival.entry();
        match (entry.gives, entry.cookies) {
            (None, None) if entry.sources.is_empty() => Keep::NOTHING,
            (None, Some(_)) if entry.sources.is_empty() => Keep::HEAD,
            _ => Keep::ALL,
        }
    }

    /// Takes note that an arrival will be sent, and what others will use of its answer.
    pub(super) fn expect(&self, session: usize, arrival: &Arrival) {
        self.put(session, arrival, |_source| State::Awaited);
    }

    /// Takes what an answer brought, or that it brought nothing.
    pub(super) fn take(
        &self,
        job: &Job,
        session: usize,
        arrival: &Arrival,
        answer: Option<&Answer>,
    ) {
        let entry = arrival.entry();
        let Some(answer) = answer else {
            let missing = missing(arrival, Cause::SourceFailed);
            self.put(session, arrival, |_source| State::Missing(missing));
            return;
        };
        if Self::keep(arrival) == Keep::NOTHING {
            return;
        }
        let seen = Seen::of(&answer.head, &answer.body);
        self.take_cookies_of(session, arrival, &seen);
        if let Some(identity) = entry.gives {
            let identity = job.identity(identity, arrival);
            let now_ns = clock::now_ns();
            self.players.take(identity, &seen, &job.auth, now_ns);
        }
        let refused = answer.status >= 400 && answer.status != entry.status;
        self.put(session, arrival, |place| {
            let cause = match place.map(|place| place.find(&seen)) {
                _ if refused => Cause::SourceFailed,
                Some(Ok(given)) if !given.text.is_empty() => return given.into(),
                Some(Err(Nothing::EmptyList)) => Cause::EmptyList,
                _ => Cause::NoPlace,
            };
            State::Missing(missing(arrival, cause))
        });
    }

    /// Takes note that an arrival is not sent: nobody is to wait for it.
    pub(super) fn forgo(&self, session: usize, arrival: &Arrival) {
        let missing = missing(arrival, Cause::NotPlayed);
        self.put(session, arrival, |_source| State::Missing(missing));
    }

    /// Waits for the values that an arrival uses; tells whether it had to.
    pub(super) async fn wait(&self, session: usize, arrival: &Arrival) -> bool {
        let mut waited = false;
        for link in links(arrival) {
            waited |= self.live.wait(session, at_lap(link.key, arrival)).await;
        }
        waited
    }

    /// The values that an arrival uses, which it then has used.
    pub(super) fn resolve(&self, session: usize, arrival: &Arrival) -> Values {
        let mut values = Values::default();
        for link in links(arrival) {
            let key = at_lap(link.key, arrival);
            let found = match self.live.look(session, key, State::clone) {
                State::Given(text, wrapped) => {
                    self.live.stands(link.place, &text);
                    values.other_items += u64::from(wrapped);
                    Some(text)
                }
                State::Missing(missing) => self.instead(link, missing, &mut values),
                State::Awaited => self.instead(link, Missing::NOT_PLAYED, &mut values),
            };
            values.all.push(found);
        }
        self.used(session, arrival);
        values
    }

    /// Of a list that is empty now: what stood last at that place of the requests of the route.
    fn instead(&self, link: &Link, missing: Missing, values: &mut Values) -> Option<Box<str>> {
        let is_empty = missing.cause == Cause::EmptyList;
        let stood = is_empty.then(|| self.live.stood(link.place)).flatten();
        match stood {
            Some(_) => values.other_items += 1,
            None => values.missing.push(missing),
        }
        stood
    }

    /// Takes note that an arrival has used what it uses, or never will.
    pub(super) fn used(&self, session: usize, arrival: &Arrival) {
        for link in links(arrival) {
            self.live.used(session, at_lap(link.key, arrival));
        }
    }

    /// Keeps the cookies that the answer to an arrival sets.
    pub(super) fn take_cookies_of(&self, session: usize, arrival: &Arrival, answer: &Seen<'_>) {
        let line = arrival.entry().cookies;
        if let Some(line) = line.and_then(|place| arrival.window.cookies(place)) {
            self.take_cookies(session, &line.path, answer);
        }
    }

    /// A session begins anew: what was taken back at its end is not, any more.
    pub(super) fn begin_anew(&self, session: usize) {
        if let Some(jar) = self.jars.borrow_mut().get_mut(session) {
            jar.begin_anew();
        }
    }

    /// Keeps the cookies that an answer from this path sets.
    pub(super) fn take_cookies(&self, session: usize, path: &str, answer: &Seen<'_>) {
        let mut lines = answer.headers("set-cookie").peekable();
        if lines.peek().is_none() {
            return;
        }
        let now = Now {
            clock_ns: clock::now_ns(),
            day_s: Timestamp::now().as_second(),
        };
        let mut jars = self.jars.borrow_mut();
        if jars.len() <= session {
            jars.resize_with((session + 1).next_power_of_two(), Jar::default);
        }
        lines.for_each(|line| jars[session].take(line, path, now));
    }

    /// Gives what is known of a cookie.
    pub(super) fn cookie<T>(
        &self,
        session: usize,
        name: &str,
        path: &str,
        secure: bool,
        to: impl FnOnce(Crumb<'_>) -> T,
    ) -> T {
        match self.jars.borrow().get(session) {
            Some(jar) => to(jar.find(name, path, secure, clock::now_ns())),
            None => to(Crumb::Unknown),
        }
    }

    /// All cookies for a path, as the value of a header.
    pub(super) fn all_cookies(&self, session: usize, path: &str, secure: bool) -> Option<String> {
        let jars = self.jars.borrow();
        let cookies = jars.get(session)?.all(path, secure, clock::now_ns());
        (!cookies.is_empty()).then_some(cookies)
    }

    fn put(&self, session: usize, arrival: &Arrival, state: impl Fn(Option<&Locator>) -> State) {
        for source in arrival.entry().sources.of(&arrival.window.sources) {
            let key = at_lap(source.key, arrival);
            let state = state(source.place.as_ref());
            self.live.put(session, key, source.uses, state);
        }
    }
}

/// That the answer to this arrival does not give what it was to give.
fn missing(arrival: &Arrival, cause: Cause) -> Missing {
    let route = Some(arrival.entry().route);
    Missing { cause, route }
}

fn links(arrival: &Arrival) -> &[Link] {
    arrival.entry().links.of(&arrival.window.links)
}

/// Laps of a session may overlap where requests wait for no answer.
fn at_lap(key: u64, arrival: &Arrival) -> u64 {
    key.wrapping_add(u64::from(arrival.lap).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
