//! What a capture asks of a replay: users and sessions, slots and links, and what has neither.
//!
//! Pure; added up exchange by exchange.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use trace::exchange::{Content, Flag, Request};

use crate::plan::{Recorded, Weeks};
use crate::slot::{self, Kind, Part};

/// A capture, as it is to be followed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Inspection {
    /// Exchanges.
    pub(crate) exchanges: u64,
    /// Nanoseconds from the first to the last.
    pub(crate) length_ns: u64,
    /// Recorded users, and the roles that answers told of them.
    pub(crate) users: u64,
    pub(crate) roles: BTreeMap<String, u64>,
    /// Sessions; those that carry tokens, and of these those without their log-in.
    pub(crate) sessions: u64,
    pub(crate) sessions_with_tokens: u64,
    pub(crate) sessions_without_log_in: u64,
    /// Slots in requests, by kind.
    pub(crate) slots: BTreeMap<String, u64>,
    /// Names of cookies that answers set.
    pub(crate) cookies: BTreeSet<String>,
    /// Dates in requests, and the Monday of the week that most of them are in.
    pub(crate) dates: u64,
    pub(crate) busiest_week: Option<String>,
    /// By route, most requests first.
    pub(crate) routes: Vec<Route>,
}

/// The exchanges of a route.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Route {
    /// Method and path template.
    pub(crate) route: String,
    /// How many.
    pub(crate) exchanges: u64,
    /// Places of its requests that take a value of an earlier answer.
    pub(crate) links: u64,
    /// Of its answers, those that later requests take a value of.
    pub(crate) sources: u64,
    /// Requests with an identifier that no answer gave.
    pub(crate) unfollowed: u64,
    /// Of these, those whose session had an answer before that was longer than the body limit.
    pub(crate) after_cut: u64,
    /// Answers that were longer than the body limit: nobody knows what they gave.
    pub(crate) cut: u64,
    /// Requests with an e-mail address, which replay makes unique.
    pub(crate) addresses: u64,
}

/// Adds up a capture, whose exchanges come in the order of time.
#[derive(Default)]
pub(crate) struct Inspector {
    found: Inspection,
    routes: HashMap<String, Route>,
    sessions: HashMap<String, Session>,
    users: HashMap<String, Option<String>>,
    weeks: Weeks,
    first_ns: Option<u64>,
}

#[derive(Default)]
struct Session {
    logged_in: bool,
    has_token: bool,
    without: bool,
    was_cut: bool,
}

impl Inspector {
    /// Takes one more exchange; `role` is what its answer tells of its user.
    pub(crate) fn add(&mut self, recorded: &Recorded, role: Option<String>) {
        let exchange = &recorded.exchange;
        let first_ns = *self.first_ns.get_or_insert(exchange.at_ns);
        self.found.exchanges += 1;
        self.found.length_ns = self.found.length_ns.max(exchange.at_ns - first_ns);
        let known = self.users.entry(exchange.user.clone()).or_default();
        *known = known.take().or(role);
        let session = self.sessions.entry(exchange.session.clone()).or_default();
        for (kind, count) in slots(&exchange.request) {
            *self.found.slots.entry(kind.word().to_owned()).or_default() += count;
            session.met(kind);
        }
        self.weeks.add(&exchange.request);
        let set = exchange
            .response
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        let names = set.filter_map(|(_, value)| value.split('=').next());
        self.found
            .cookies
            .extend(names.map(|name| name.trim().to_owned()));
        self.follow(recorded);
    }

    fn follow(&mut self, recorded: &Recorded) {
        let exchange = &recorded.exchange;
        let has = |flag| exchange.flags.contains(&flag);
        let session = self.sessions.entry(exchange.session.clone()).or_default();
        let route = self.routes.entry(exchange.route.clone()).or_default();
        let unfollowed = has(Flag::Identifier) && exchange.links.is_empty();
        route.exchanges += 1;
        route.sources += u64::from(!recorded.used.is_empty());
        route.links += exchange.links.len() as u64;
        route.unfollowed += u64::from(unfollowed);
        route.after_cut += u64::from(unfollowed && session.was_cut);
        route.addresses += u64::from(has_address(&exchange.request));
        route.cut += u64::from(has(Flag::ResponseTruncated));
        session.was_cut |= has(Flag::ResponseTruncated);
    }

    /// All of it.
    pub(crate) fn end(self) -> Inspection {
        let routes = self.routes.into_iter();
        let mut routes: Vec<_> = routes
            .map(|(name, of)| Route { route: name, ..of })
            .collect();
        routes.sort_by(|a, b| (b.exchanges, &a.route).cmp(&(a.exchanges, &b.route)));
        let mut roles: BTreeMap<String, u64> = BTreeMap::new();
        for role in self.users.values().flatten() {
            *roles.entry(role.clone()).or_default() += 1;
        }
        let count = |which: fn(&Session) -> bool| {
            self.sessions
                .values()
                .filter(|session| which(session))
                .count() as u64
        };
        Inspection {
            users: self.users.len() as u64,
            roles,
            sessions: self.sessions.len() as u64,
            sessions_with_tokens: count(|session| session.has_token),
            sessions_without_log_in: count(|session| session.without),
            dates: self.weeks.dates,
            busiest_week: self.weeks.busiest().map(|monday| monday.to_string()),
            routes,
            ..self.found
        }
    }
}

impl Session {
    fn met(&mut self, kind: Kind) {
        match kind {
            Kind::Password => self.logged_in = true,
            Kind::Auth | Kind::Refresh => {
                self.without |= !self.logged_in && !self.has_token;
                self.has_token = true;
            }
            _ => {}
        }
    }
}

/// How many slots of each kind a request has.
fn slots(request: &Request) -> Vec<(Kind, u64)> {
    let mut found: Vec<(Kind, u64)> = Vec::new();
    let parts = texts(request).flat_map(slot::parts);
    for kind in parts.filter_map(|part| match part {
        Part::Slot { kind, .. } => Some(kind),
        Part::Literal(_) => None,
    }) {
        match found.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => found.push((kind, 1)),
        }
    }
    found
}

fn has_address(request: &Request) -> bool {
    let texts = [request.path.as_str(), &request.query, body(request)];
    texts.iter().any(|text| crate::plan::has_address(text))
}

fn texts(request: &Request) -> impl Iterator<Item = &str> {
    let headers = request.headers.iter().map(|(_, value)| value.as_str());
    let rest = [request.path.as_str(), &request.query, body(request)];
    headers.chain(rest).filter(|text| text.contains("{{"))
}

fn body(request: &Request) -> &str {
    match &request.body.content {
        Content::Utf8(text) => text,
        Content::None | Content::Base64(_) | Content::Shape(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use trace::exchange::Link;

    use super::*;
    use crate::plan::tests::exchange;

    /// Two users, of whom one logs in, and one is known by a token alone.
    fn found() -> Inspection {
        let mut inspector = Inspector::default();
        let with_token = |seq, session| {
            let mut exchange = exchange(seq, seq * 1_000, session);
            let token = format!("Bearer {{{{auth:u{session}}}}}");
            exchange.request.headers = vec![("authorization".to_owned(), token)].into();
            exchange
        };
        let mut log_in = exchange(1, 1_000, 1);
        log_in.route = "POST /login".to_owned();
        log_in.request.path = "/login/{{username:u1}}/{{password:u1}}".to_owned();
        let cookie = ("set-cookie".to_owned(), "sid=x; Path=/".to_owned());
        log_in.response.headers = vec![cookie].into();
        let mut cut = with_token(2, 1);
        cut.flags = vec![Flag::ResponseTruncated];
        cut.request.query = "from=2026-11-22&to=2026-11-23&mail=a%40example.com".to_owned();
        let mut lost = with_token(3, 1);
        lost.flags = vec![Flag::Identifier];
        let mut linked = with_token(4, 2);
        linked.flags = vec![Flag::Identifier];
        linked.links = vec![Link {
            from: 2,
            source: "body#/id".to_owned(),
            into: "path/3".to_owned(),
        }];
        for exchange in [log_in, cut, lost, linked] {
            let role = (exchange.seq == 1).then(|| "admin".to_owned());
            let mut recorded = Recorded::from(exchange);
            if recorded.exchange.seq == 2 {
                recorded.used.push(trace::format::Used {
                    source: "body#/id".to_owned(),
                    times: 1,
                });
            }
            inspector.add(&recorded, role);
        }
        inspector.end()
    }

    #[test]
    fn what_a_capture_asks_for_is_added_up() {
        let found = found();
        assert_eq!(
            (found.exchanges, found.length_ns, found.users),
            (4, 3_000, 2)
        );
        assert_eq!(
            (
                found.sessions,
                found.sessions_with_tokens,
                found.sessions_without_log_in
            ),
            (2, 2, 1)
        );
        assert_eq!(found.roles, BTreeMap::from([("admin".to_owned(), 1)]));
        let slots: Vec<_> = found
            .slots
            .iter()
            .map(|(kind, count)| (kind.as_str(), *count))
            .collect();
        assert_eq!(slots, [("auth", 3), ("password", 1), ("username", 1)]);
        assert_eq!(
            (found.dates, found.busiest_week.as_deref()),
            (2, Some("2026-11-16"))
        );
        assert!(found.cookies.contains("sid"));
        let [people, log_in] = &*found.routes else {
            panic!("two routes");
        };
        assert_eq!(log_in.exchanges, 1);
        let counts = (
            people.exchanges,
            people.links,
            people.sources,
            people.unfollowed,
        );
        assert_eq!(counts, (3, 1, 1, 1));
        assert_eq!((people.after_cut, people.cut, people.addresses), (1, 1, 1));
    }
}
