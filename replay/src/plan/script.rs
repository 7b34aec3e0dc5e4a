//! The script: the capture's exchanges, compiled window by window, as often as it is played.
//!
//! Pure but for its input, which is read as far as it is asked for.

use std::borrow::Cow;
use std::collections::HashMap;

use trace::exchange::{Content, Exchange, Flag};

use crate::settings::Filter;
use crate::shape::is_comparable;
use crate::slot::Kind;

use super::adapt::adapt;
use super::compile::{Rules, compile};
use super::cookies::cookies;
use super::entry::{Entry, Run};
use super::known::{Known, Met, Slots};
use super::links;
use super::roles::Roles;
use super::window::Window;
use super::{PlanError, Recorded};

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

impl Lap {
    /// When an exchange is due, and how long that is after its session's previous answer.
    fn place(&mut self, exchange: &Exchange, session: u32) -> (u64, Option<u64>) {
        let start_ns = *self.start_ns.get_or_insert(exchange.at_ns);
        // One that comes too late for its place is played now.
        let at_ns = exchange.at_ns.saturating_sub(start_ns).max(self.last_ns);
        self.last_ns = at_ns;
        let end_ns = at_ns.saturating_add(exchange.timing.total_ns);
        let free_ns = self.free_ns.insert(session, end_ns);
        let pause_ns = free_ns.map(|free_ns| at_ns.saturating_sub(free_ns));
        (at_ns, pause_ns)
    }
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
        input: &mut impl Iterator<Item = Result<Recorded, PlanError>>,
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
            && let Some(recorded) = input.next().transpose()?
        {
            self.roles.note(&recorded.exchange);
            if self.selection.filter.takes(&recorded.exchange) {
                self.lap.taken += 1;
                self.add(&mut compiled, &recorded)?;
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

    fn add(&mut self, compiled: &mut Compiled, recorded: &Recorded) -> Result<(), PlanError> {
        let Recorded { exchange, used } = recorded;
        let Self { known, lap, .. } = self;
        let session = known.sessions.of(&exchange.session);
        let user = known.users.of_new(&exchange.user, &mut compiled.users);
        let route = known.routes.of_new(&exchange.route, &mut compiled.routes);
        let mut met = Met::default();
        let window = &mut compiled.window;
        let rules = &self.selection.rules;
        let used = if rules.verbatim { &[] } else { &used[..] };
        let sources = links::sources(window, exchange.seq, used, rules.shift_days);
        let (mut request, links) = match rules.verbatim {
            true => (Cow::Borrowed(&exchange.request), Run::default()),
            false => links::follow(window, exchange, rules.shift_days),
        };
        adapt(&mut request, &exchange.route, rules);
        let mut slots = Slots {
            session,
            known: &mut *known,
            users: &mut compiled.users,
            met: &mut met,
            links,
        };
        let mut number = |kind: Kind, name: &str| slots.number(kind, name);
        let cookies = match rules.verbatim {
            true => None,
            false => cookies(window, exchange, &request, &rules.rewrites, &mut number),
        };
        let request = compile(window, &request, cookies, rules, &mut number);
        let request = request.map_err(|problem| PlanError::Unsendable {
            seq: exchange.seq,
            problem,
        })?;
        known.meet(&mut window.newcomers, &met);
        let (at_ns, pause_ns) = lap.place(exchange, session);
        let shape = match known.samples(route) {
            true => shape(window, exchange),
            false => None,
        };
        window.entries.push(Entry {
            at_ns,
            pause_ns,
            session,
            user,
            connection: exchange.connection,
            route,
            request,
            needs: met.needs,
            gives: met.gives,
            refreshes: met.refreshes,
            status: exchange.response.status,
            took_ns: exchange.timing.total_ns,
            identifier: exchange.flags.contains(&Flag::Identifier) && links.is_empty(),
            sources,
            links,
            cookies,
            shape,
        });
        Ok(())
    }
}

/// Puts the shape of an answer into the window, where it has one that can be compared.
fn shape(window: &mut Window, exchange: &Exchange) -> Option<u32> {
    match &exchange.response.body.content {
        Content::Shape(shape) if is_comparable(shape.text()) => {
            Some(window.add_shape(shape.text()))
        }
        _ => None,
    }
}

/// Exchanges in a window, and bytes that it takes.
const MOST_ENTRIES: usize = 1_024;
const MOST_WEIGHT: usize = 1 << 20;
