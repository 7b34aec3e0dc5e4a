//! Builds the plan: selects exchanges, gives each its due time, session and identity.
//!
//! Pure.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use trace::exchange::{Exchange, Flag};

use crate::settings::{ExtraHeader, Load, RoleSource};
use crate::slot::Kind;
use crate::users::Pool;

use super::assign::{AssignError, assign};
use super::compile::{Rules, compile};
use super::roles::roles;
use super::store::{StoreBuilder, index};
use super::{Arrival, Identity, Plan, User};

/// What the plan is to be.
pub(crate) struct Wanted<'a> {
    /// Which exchanges, and how fast.
    pub(crate) load: &'a Load,
    /// Comes before every path.
    pub(crate) prefix: &'a str,
    /// Whether the application's API is reached through the load-test path.
    pub(crate) via_loadtest: bool,
    /// Sent with every request.
    pub(crate) headers: &'a [ExtraHeader],
    /// One of these for each user.
    pub(crate) client_addresses: Option<IpNet>,
    /// Where the capture tells a user's role.
    pub(crate) role: Option<&'a RoleSource>,
    /// Whether several recorded users may log in as one test user.
    pub(crate) share: bool,
    /// Whether there is a way to log in sessions that were recorded without their log-in.
    pub(crate) can_log_in: bool,
    /// The configuration file, for messages.
    pub(crate) config: &'a str,
}

/// Builds the plan for exchanges that are sorted by time.
pub(crate) fn build(
    exchanges: &[Exchange],
    wanted: &Wanted<'_>,
    pool: &Pool,
) -> Result<Plan, PlanError> {
    let selected = select(exchanges, wanted.load);
    let start_ns = selected.first().ok_or(PlanError::Empty)?.at_ns;
    let mut builder = Builder::new(wanted);
    let mut arrivals = Vec::with_capacity(selected.len());
    for exchange in selected {
        let due_ns = wanted.load.speed.due_ns(exchange.at_ns - start_ns);
        arrivals.push(builder.arrival(exchange, due_ns)?);
    }
    let identities = builder.identities.items;
    let first = identities
        .iter()
        .filter(|identity| identity.logs_in_first)
        .count();
    if first > 0 && !wanted.can_log_in {
        return Err(PlanError::NoLogin {
            sessions: first,
            config: wanted.config.to_owned(),
        });
    }
    let users = who(&builder.users, &identities, exchanges, wanted, pool)?;
    Ok(Plan {
        length_ns: arrivals.last().map_or(0, |last| last.due_ns),
        arrivals,
        sessions: index(builder.sessions.items.len()),
        identities,
        users,
        routes: builder.routes.items,
        fresh: index(builder.fresh.items.len()),
        store: builder.store.finish(),
    })
}

/// Why there is no plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// Not enough client addresses.
    #[error(
        "{network} has too few addresses for {needed} users, give `--client-addresses` a larger range"
    )]
    Addresses {
        /// The range.
        network: IpNet,
        /// How many are needed.
        needed: usize,
    },
    /// Not enough test users.
    #[error(transparent)]
    Assign(#[from] AssignError),
    /// Nothing to play.
    #[error(
        "there is nothing to play: the capture, or what `--limit` and `--duration` leave of it, holds no exchange"
    )]
    Empty,
    /// A request that HTTP does not allow.
    #[error("exchange {seq} of the capture has the method `{method}`, which is none")]
    Method {
        /// Its number.
        seq: u64,
        /// Its method.
        method: String,
    },
    /// Nobody said how to log in.
    #[error(
        "{sessions} sessions were recorded without their log-in; set `login` under `[auth]` in {config}"
    )]
    NoLogin {
        /// How many.
        sessions: usize,
        /// The configuration file.
        config: String,
    },
}

fn select<'a>(exchanges: &'a [Exchange], load: &Load) -> Vec<&'a Exchange> {
    let mut selected: Vec<_> = exchanges.iter().collect();
    selected.sort_by_key(|exchange| exchange.at_ns);
    selected.truncate(load.limit.unwrap_or(usize::MAX));
    if let (Some(duration), Some(first)) = (load.duration, selected.first()) {
        let start_ns = first.at_ns;
        let end_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let kept = selected
            .partition_point(|exchange| load.speed.due_ns(exchange.at_ns - start_ns) < end_ns);
        selected.truncate(kept);
    }
    selected
}

/// Who stands for each recorded user, and what address the target is told.
fn who(
    users: &Names,
    identities: &[Identity],
    exchanges: &[Exchange],
    wanted: &Wanted<'_>,
    pool: &Pool,
) -> Result<Vec<User>, PlanError> {
    let known = roles(exchanges, wanted.role);
    let mut log_in: Vec<_> = identities.iter().map(|identity| identity.user).collect();
    log_in.sort_unstable();
    log_in.dedup();
    let needed: Vec<_> = log_in
        .iter()
        .map(|&user| {
            let role = known.get(users.items[user as usize].as_str());
            role.map(String::as_str)
        })
        .collect();
    let given = assign(&needed, pool, wanted.load.seed, wanted.share, wanted.config)?;
    let mut all = Vec::with_capacity(users.items.len());
    for position in 0..users.items.len() {
        all.push(User {
            test_user: log_in
                .binary_search(&index(position))
                .ok()
                .map(|at| given[at]),
            address: address(wanted.client_addresses, position).map_err(|network| {
                PlanError::Addresses {
                    network,
                    needed: users.items.len(),
                }
            })?,
        });
    }
    Ok(all)
}

/// The address of the user at this position, or the range that is too small.
fn address(network: Option<IpNet>, position: usize) -> Result<Option<IpAddr>, IpNet> {
    let Some(network) = network else {
        return Ok(None);
    };
    let address = match network.network() {
        IpAddr::V4(first) => {
            let next = u64::from(u32::from(first)) + 1 + position as u64;
            u32::try_from(next).ok().map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(first) => {
            let next = u128::from(first).checked_add(1 + position as u128);
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    };
    let inside = address.filter(|address| network.contains(address));
    inside.map(Some).ok_or(network)
}

/// What is gathered while exchanges become arrivals.
struct Builder<'a> {
    wanted: &'a Wanted<'a>,
    store: StoreBuilder,
    sessions: Names,
    users: Names,
    routes: Names,
    fresh: Names,
    identities: Identities,
}

impl<'a> Builder<'a> {
    fn new(wanted: &'a Wanted<'a>) -> Self {
        Self {
            wanted,
            store: StoreBuilder::default(),
            sessions: Names::default(),
            users: Names::default(),
            routes: Names::default(),
            fresh: Names::default(),
            identities: Identities::default(),
        }
    }

    fn arrival(&mut self, exchange: &Exchange, due_ns: u64) -> Result<Arrival, PlanError> {
        let session = self.sessions.of(&exchange.session);
        let user = self.users.of(&exchange.user);
        let address = address(self.wanted.client_addresses, user as usize).unwrap_or_default();
        let (mut needs, mut gives) = (None, None);
        let (identities, users, fresh) = (&mut self.identities, &mut self.users, &mut self.fresh);
        let mut subject = |kind: Kind, name: &str| match kind {
            Kind::Fresh => fresh.of(name),
            Kind::Auth => *needs.insert(identities.of(session, users.of(name))),
            Kind::Password => *gives.insert(identities.of(session, users.of(name))),
            Kind::Refresh => *gives.insert(*needs.insert(identities.of(session, users.of(name)))),
            Kind::Username => identities.of(session, users.of(name)),
        };
        let rules = Rules {
            prefix: self.wanted.prefix,
            via_loadtest: self.wanted.via_loadtest,
            headers: self.wanted.headers,
        };
        let request = compile(
            &mut self.store,
            &exchange.request,
            &rules,
            address,
            &mut subject,
        )
        .ok_or_else(|| PlanError::Method {
            seq: exchange.seq,
            method: exchange.request.method.clone(),
        })?;
        self.identities.note(needs, gives);
        Ok(Arrival {
            due_ns,
            session,
            route: self.routes.of(&exchange.route),
            request,
            needs,
            gives,
            status: exchange.response.status,
            took_ns: exchange.timing.total_ns,
            identifier: exchange.flags.contains(&Flag::Identifier),
        })
    }
}

/// Users within sessions, in order of appearance.
#[derive(Default)]
struct Identities {
    items: Vec<Identity>,
    known: HashMap<(u32, u32), u32>,
    has_token: Vec<bool>,
}

impl Identities {
    fn of(&mut self, session: u32, user: u32) -> u32 {
        let next = index(self.items.len());
        *self.known.entry((session, user)).or_insert_with(|| {
            self.has_token.push(false);
            self.items.push(Identity {
                session,
                user,
                logs_in_first: false,
            });
            next
        })
    }

    /// Takes note of what one more request of an identity uses and brings.
    fn note(&mut self, needs: Option<u32>, gives: Option<u32>) {
        if let Some(at) = needs.map(|at| at as usize)
            && !self.has_token[at]
        {
            self.items[at].logs_in_first = true;
            self.has_token[at] = true;
        }
        if let Some(at) = gives {
            self.has_token[at as usize] = true;
        }
    }
}

/// Names in order of appearance.
#[derive(Default)]
struct Names {
    items: Vec<String>,
    known: HashMap<String, u32>,
}

impl Names {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(&at) = self.known.get(name) {
            return at;
        }
        let at = index(self.items.len());
        self.items.push(name.to_owned());
        self.known.insert(name.to_owned(), at);
        at
    }
}
