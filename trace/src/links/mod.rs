//! Links: a value that an answer gave and a later request of the session used.
//!
//! Found on the raw values, before anonymization, by keyed hashes of them: what is kept here is no
//! value, and lives in memory only. Bounded by forgetting: of a session the answers are known that
//! were given or used of late, and of all sessions those that were active of late.

mod entity;
mod spot;

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::exchange::Link;
use crate::recent::Recent;
pub(crate) use entity::{Entity, Owner};
pub(crate) use spot::{Place, Spots, Spotted, Strength};

/// What the sessions' answers gave.
pub(crate) struct Links {
    sessions: Recent<u32, Session, RandomState>,
}

/// Answers of a session that gave something, the latest one last.
#[derive(Default)]
struct Session {
    answers: VecDeque<Answer>,
    /// What they gave, and the exchange of the last one that did.
    known: HashMap<Meaning, u64, RandomState>,
    weight: usize,
}

/// An answer that gave something.
struct Answer {
    seq: u64,
    /// The last exchange that used it; itself until then.
    used: Cell<u64>,
    /// When it was there as a whole.
    end_ns: u64,
    /// What the path of its request is about.
    owner: Owner,
    given: Box<[Arc<Spotted>]>,
    /// Values that its own request brought: it did not give those.
    echoed: Box<[u64]>,
    weight: usize,
}

/// An exchange as it is seen here.
pub(crate) struct Seen {
    pub(crate) session: u32,
    pub(crate) seq: u64,
    pub(crate) at_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) owner: Owner,
    /// What the request used.
    pub(crate) used: Vec<Arc<Spotted>>,
    /// What the answer gave.
    pub(crate) given: Vec<Arc<Spotted>>,
}

impl Links {
    /// Nothing was seen yet.
    pub(crate) fn new() -> Self {
        Self {
            sessions: Recent::new(MOST_WEIGHT, Session::weight),
        }
    }

    /// Leaves of the values that are told of an answer those that the session does not know yet.
    pub(crate) fn leave_news(&mut self, seen: &mut Seen) {
        if let Some(session) = self.sessions.get(&seen.session) {
            for given in &mut seen.given {
                *given = given.without(|place| session.knows(place.meaning(seen.owner), seen.seq));
            }
        }
    }

    /// The links of an exchange; remembers what its answer gave.
    pub(crate) fn of(&mut self, seen: &Seen) -> Vec<Link> {
        if seen.given.is_empty() {
            return match self.sessions.get(&seen.session) {
                Some(session) if !seen.used.is_empty() => session.links(seen),
                _ => Vec::new(),
            };
        }
        let mut session = self.sessions.take(&seen.session).unwrap_or_default();
        let links = session.links(seen);
        session.push(Answer::of(seen));
        self.sessions.put(seen.session, session);
        links
    }
}

impl Session {
    const fn weight(&self) -> usize {
        self.weight
    }

    fn push(&mut self, answer: Answer) {
        self.weight += answer.weight;
        self.known
            .extend(answer.meanings().map(|meaning| (meaning, answer.seq)));
        self.answers.push_back(answer);
        while self.answers.len() > MOST_ANSWERS
            || (self.weight > MOST_SESSION && self.answers.len() > 1)
        {
            self.forget_one();
        }
    }

    /// Whether an answer gave that already, which exchange `seq` gives once more: then the answer is
    /// not idle.
    fn knows(&self, meaning: Meaning, seq: u64) -> bool {
        let Some(giver) = self.known.get(&meaning) else {
            return false;
        };
        let place = self
            .answers
            .binary_search_by_key(giver, |answer| answer.seq);
        if let Some(answer) = place.ok().and_then(|place| self.answers.get(place)) {
            answer.used.set(seq);
        }
        true
    }

    /// A token against forged requests is given once, and used as long as the session lasts.
    fn forget_one(&mut self) {
        let all = self.answers.iter().enumerate();
        let idlest = all.min_by_key(|(_, answer)| answer.used.get());
        let idlest = idlest.map(|(place, _)| place);
        if let Some(idlest) = idlest.and_then(|place| self.answers.remove(place)) {
            self.weight -= idlest.weight;
            // Another one may have given it too: then it is told once more.
            for meaning in idlest.meanings() {
                if self.known.get(&meaning) == Some(&idlest.seq) {
                    self.known.remove(&meaning);
                }
            }
        }
    }

    fn links(&self, seen: &Seen) -> Vec<Link> {
        let used = seen.used.iter().flat_map(|used| used.iter());
        used.filter_map(|place| self.link(seen, place)).collect()
    }

    /// The answer that was there before the request, and gave what stands at this place of it: the
    /// latest one that did so outside of lists, whose items are others tomorrow, else the latest.
    fn link(&self, seen: &Seen, place: Place<'_>) -> Option<Link> {
        let mut best = None;
        for answer in self.answers.iter().rev() {
            if answer.end_ns > seen.at_ns {
                continue;
            }
            if let Some(source) = answer.source(place, seen.owner) {
                let is_best = !source.in_list;
                if is_best || best.is_none() {
                    best = Some((answer, source));
                }
                if is_best {
                    break;
                }
            }
        }
        let (answer, source) = best?;
        answer.used.set(seen.seq);
        Some(Link {
            from: answer.seq,
            source: source.text.to_owned(),
            into: place.text.to_owned(),
        })
    }
}

impl Answer {
    fn of(seen: &Seen) -> Self {
        let echoed = seen.used.iter().flat_map(|used| used.iter());
        let echoed: Box<[u64]> = echoed.map(|place| place.value).collect();
        let given: Box<[_]> = seen.given.as_slice().into();
        let weights = given.iter().map(|given| given.weight());
        let weight = weights.sum::<usize>() + size_of::<Self>() + size_of_val(&*echoed);
        Self {
            seq: seen.seq,
            used: Cell::new(seen.seq),
            end_ns: seen.end_ns,
            owner: seen.owner,
            weight,
            given,
            echoed,
        }
    }

    /// What it gave.
    fn meanings(&self) -> impl Iterator<Item = Meaning> {
        let places = self.given.iter().flat_map(|given| given.iter());
        let given = places.filter(|place| !self.echoed.contains(&place.value));
        given.map(|place| place.meaning(self.owner))
    }

    /// Where the value stands in it: best outside of lists, and then in a place of the same kind of
    /// thing.
    fn source(&self, wanted: Place<'_>, owner: Owner) -> Option<Place<'_>> {
        if self.echoed.contains(&wanted.value) {
            return None;
        }
        let entity = wanted.entity.or(owner);
        let same = |place: &Place<'_>| {
            // An `id` is one of what the path is about, as in a page's `items`, or of what holds it.
            let held = place.entity.or_holder(place.text);
            place.entity.or(self.owner) == entity || held.or(self.owner) == entity
        };
        let places = self.given.iter().flat_map(|given| given.of(wanted.value));
        let ranked = places.filter_map(|place| {
            let same = same(&place);
            let strong = [place.strength, wanted.strength] == [Strength::Strong; 2];
            (same || strong).then_some(((place.in_list, !same), place))
        });
        // Of equals the first.
        let best = ranked.min_by_key(|(rank, _)| *rank);
        best.map(|(_, place)| place)
    }
}

/// A value, and for one that says little by itself what it is about: a hash of both.
type Meaning = u64;

impl Place<'_> {
    fn meaning(&self, owner: Owner) -> Meaning {
        match self.strength {
            Strength::Strong => self.value,
            // The value's own bits are even already.
            Strength::Weak => self.value ^ u64::from(self.entity.or(owner)) << 16,
        }
    }
}

/// Answers of a session that are known.
const MOST_ANSWERS: usize = 64;

/// Bytes that the answers of one session may take.
const MOST_SESSION: usize = 512 * 1024;

/// Bytes that the answers of all sessions may take.
const MOST_WEIGHT: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests;
