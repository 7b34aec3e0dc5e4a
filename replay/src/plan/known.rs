//! What is known of a capture's names, the same in all its laps: their numbers, and how far each is.
//!
//! Pure.

use std::collections::HashMap;

use crate::slot::Kind;

use super::entry::{Identity, Run};
use super::names::Names;
use super::window::index;

/// Names and their numbers, the same in all laps.
#[derive(Default)]
pub(super) struct Known {
    pub(super) sessions: Names,
    pub(super) users: Names,
    fresh: Names,
    pub(super) routes: Names,
    /// Exchanges of each route so far.
    of_route: Vec<u32>,
    identities: HashMap<(u32, u32), u32>,
    /// How far each identity is by now.
    met: Vec<Progress>,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    is_known: bool,
    has_token: bool,
}

/// The slots of one request.
pub(super) struct Slots<'a> {
    pub(super) session: u32,
    pub(super) known: &'a mut Known,
    /// Users that are new.
    pub(super) users: &'a mut Vec<String>,
    pub(super) met: &'a mut Met,
    /// The request's own.
    pub(super) links: Run,
}

/// The identities in the slots of one request.
#[derive(Default)]
pub(super) struct Met {
    named: Vec<Identity>,
    pub(super) needs: Option<u32>,
    pub(super) gives: Option<u32>,
    pub(super) refreshes: bool,
}

impl Slots<'_> {
    /// The number that says whose or which a slot is.
    pub(super) fn number(&mut self, kind: Kind, name: &str) -> u32 {
        match kind {
            Kind::Fresh => return self.known.fresh.of(name),
            Kind::Link | Kind::Number => return self.link(name),
            Kind::Unique => return 0,
            Kind::Auth | Kind::Password | Kind::Refresh | Kind::Username => {}
        }
        let user = self.known.users.of_new(name, self.users);
        let identity = self.known.identity(self.session, user);
        let number = identity.number;
        match kind {
            Kind::Auth => self.met.needs = Some(number),
            Kind::Password => self.met.gives = Some(number),
            Kind::Refresh => {
                (self.met.needs, self.met.gives) = (Some(number), Some(number));
                self.met.refreshes = true;
            }
            _ => {}
        }
        if !self.met.named.contains(&identity) {
            self.met.named.push(identity);
        }
        number
    }

    /// A link's place; of no link where the capture itself has such a slot, and not this program.
    fn link(&self, name: &str) -> u32 {
        let place = name.parse().ok();
        let own = place.filter(|place| self.links.places().contains(place));
        own.unwrap_or(u32::MAX)
    }
}

impl Known {
    /// Whether one more exchange of a route is among those whose shapes are kept.
    pub(super) fn samples(&mut self, route: u32) -> bool {
        let route = route as usize;
        if self.of_route.len() <= route {
            self.of_route.resize(route + 1, 0);
        }
        let number = self.of_route[route];
        self.of_route[route] += 1;
        number < FIRST_SHAPES || number.is_multiple_of(EACH_SHAPE)
    }

    fn identity(&mut self, session: u32, user: u32) -> Identity {
        let next = index(self.identities.len());
        let number = *self.identities.entry((session, user)).or_insert(next);
        Identity {
            number,
            session,
            user,
            logs_in_first: false,
        }
    }

    /// Takes note of what one more request of an identity uses and brings.
    pub(super) fn meet(&mut self, newcomers: &mut Vec<Identity>, slots: &Met) {
        for identity in slots.named.iter().copied() {
            let at = identity.number as usize;
            if self.met.len() <= at {
                self.met.resize(at + 1, Progress::default());
            }
            let progress = &mut self.met[at];
            let needs = slots.needs == Some(identity.number);
            let logs_in_first = needs && !progress.has_token;
            if !progress.is_known || logs_in_first {
                newcomers.push(Identity {
                    logs_in_first,
                    ..identity
                });
            }
            progress.is_known = true;
            progress.has_token |= needs || slots.gives == Some(identity.number);
        }
    }
}

/// Shapes are kept of the first answers of a route, and then of one in so many.
const FIRST_SHAPES: u32 = 16;
const EACH_SHAPE: u32 = 32;
