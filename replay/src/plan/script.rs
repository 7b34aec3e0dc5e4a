//! The script: the capture's exchanges, compiled window by window, as often as it is played.
//!
//! Pure but for its input, which is read as far as it is asked for.

use std::collections::HashMap;

use trace::exchange::{Exchange, Flag};

use crate::settings::Filter;
use crate::slot::Kind;

use super::PlanError;
use super::compile::{Rules, compile};
use super::names::Names;
use super::roles::Roles;
use super::window::{Entry, Identity, Window, index};

/// What is played, and how it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// How requests are written.
    pub(crate) rules: Rules,
    /// Which exchanges.
    pub(crate) filter: Filter,
    /// How many of them.
    pub(crate) limit: Option<usize>,
}

/// Makes windows of exchanges that come sorted by time.
pub(super) struct Script {
    selection: Selection,
    known: Known,
    roles: Roles,
    /// Of the lap that is being read.
    lap: Lap,
}

/// Names and their numbers, the same in all laps.
#[derive(Default)]
struct Known {
    sessions: Names,
    users: Names,
    fresh: Names,
    routes: Names,
    identities: HashMap<(u32, u32), u32>,
    /// How far each identity is by now.
    met: Vec<Progress>,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    is_known: bool,
    has_token: bool,
}

/// What was read of the capture so far.
#[derive(Default)]
struct Lap {
    /// When the first exchange began.
    start_ns: Option<u64>,
    last_ns: u64,
    taken: usize,
    /// When each session's previous answer was there; by number.
    free_ns: HashMap<u32, u64>,
}

/// A window with the names that it brings.
pub(super) struct Compiled {
    pub(super) window: Window,
    /// Users that are new, in the order of their numbers.
    pub(super) users: Vec<String>,
    /// Routes that are new.
    pub(super) routes: Vec<String>,
}

impl Script {
    pub(super) fn new(selection: Selection, roles: Roles) -> Self {
        Self {
            selection,
            known: Known::default(),
            roles,
            lap: Lap::default(),
        }
    }

    /// The next exchanges; `None` at the end, after which it begins anew.
    pub(super) fn window(
        &mut self,
        input: &mut impl Iterator<Item = Result<Exchange, PlanError>>,
    ) -> Result<Option<Compiled>, PlanError> {
        let mut compiled = Compiled {
            window: Window::default(),
            users: Vec::new(),
            routes: Vec::new(),
        };
        while compiled.window.entries.len() < MOST_ENTRIES
            && compiled.window.weight() < MOST_WEIGHT
            && self
                .selection
                .limit
                .is_none_or(|limit| self.lap.taken < limit)
            && let Some(exchange) = input.next().transpose()?
        {
            self.roles.note(&exchange);
            if self.selection.filter.takes(&exchange) {
                self.lap.taken += 1;
                self.add(&mut compiled, &exchange)?;
            }
        }
        if compiled.window.entries.is_empty() {
            self.lap = Lap::default();
            return Ok(None);
        }
        Ok(Some(compiled))
    }

    /// The roles that answers told so far.
    pub(super) const fn roles(&self) -> &Roles {
        &self.roles
    }

    fn add(&mut self, compiled: &mut Compiled, exchange: &Exchange) -> Result<(), PlanError> {
        let Self { known, lap, .. } = self;
        let session = known.sessions.of(&exchange.session);
        let (user, is_new) = known.users.number(&exchange.user);
        if is_new {
            compiled.users.push(exchange.user.clone());
        }
        let (route, is_new) = known.routes.number(&exchange.route);
        if is_new {
            compiled.routes.push(exchange.route.clone());
        }
        let mut met = Met::default();
        let mut slots = Slots {
            session,
            known: &mut *known,
            users: &mut compiled.users,
            met: &mut met,
        };
        let mut number = |kind: Kind, name: &str| slots.number(kind, name);
        let window = &mut compiled.window;
        let rules = &self.selection.rules;
        let request = compile(window, &exchange.request, rules, &mut number);
        let request = request.map_err(|problem| PlanError::Unsendable {
            seq: exchange.seq,
            problem,
        })?;
        known.meet(&mut window.newcomers, &met);
        let start_ns = *lap.start_ns.get_or_insert(exchange.at_ns);
        // One that comes too late for its place is played now.
        let at_ns = exchange.at_ns.saturating_sub(start_ns).max(lap.last_ns);
        lap.last_ns = at_ns;
        let end_ns = at_ns.saturating_add(exchange.timing.total_ns);
        let free_ns = lap.free_ns.insert(session, end_ns);
        window.entries.push(Entry {
            at_ns,
            pause_ns: free_ns.map(|free_ns| at_ns.saturating_sub(free_ns)),
            session,
            user,
            connection: exchange.connection,
            route,
            request,
            needs: met.needs,
            gives: met.gives,
            status: exchange.response.status,
            took_ns: exchange.timing.total_ns,
            identifier: exchange.flags.contains(&Flag::Identifier),
        });
        Ok(())
    }
}

/// The slots of one request.
struct Slots<'a> {
    session: u32,
    known: &'a mut Known,
    users: &'a mut Vec<String>,
    met: &'a mut Met,
}

/// The identities in the slots of one request.
#[derive(Default)]
struct Met {
    named: Vec<Identity>,
    needs: Option<u32>,
    gives: Option<u32>,
}

impl Slots<'_> {
    fn number(&mut self, kind: Kind, name: &str) -> u32 {
        if kind == Kind::Fresh {
            return self.known.fresh.of(name);
        }
        let (user, is_new) = self.known.users.number(name);
        if is_new {
            self.users.push(name.to_owned());
        }
        let identity = self.known.identity(self.session, user);
        let number = identity.number;
        match kind {
            Kind::Auth => self.met.needs = Some(number),
            Kind::Password => self.met.gives = Some(number),
            Kind::Refresh => (self.met.needs, self.met.gives) = (Some(number), Some(number)),
            Kind::Fresh | Kind::Username => {}
        }
        if !self.met.named.contains(&identity) {
            self.met.named.push(identity);
        }
        number
    }
}

impl Known {
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
    fn meet(&mut self, newcomers: &mut Vec<Identity>, slots: &Met) {
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

/// Exchanges in a window, and bytes that it takes.
const MOST_ENTRIES: usize = 1_024;
const MOST_WEIGHT: usize = 1 << 20;
