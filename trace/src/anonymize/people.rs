//! Who is behind an exchange: the session and the user, by credential, else by session cookie,
//! else by client address.
//!
//! Bounded by forgetting: who was not seen for long is somebody else when they come back.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use foldhash::fast;

use crate::recent::Recent;

/// The sessions and users seen so far. Of what they are known by there are hashes only.
pub(super) struct People {
    hashers: [RandomState; 2],
    /// By credential, refresh token and session cookie.
    bearers: Recent<Fingerprint, Member, fast::RandomState>,
    names: Recent<Fingerprint, u32, fast::RandomState>,
    clients: Recent<IpAddr, Client, RandomState>,
    sessions: u32,
    users: u32,
    /// How often a credential came to be another session's.
    moved: u64,
}

/// A keyed hash of a value that nobody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

/// One session of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) session: u32,
    pub(super) user: u32,
}

/// A client address.
struct Client {
    /// Who comes from there without a credential and a session cookie.
    member: Member,
    /// Session cookies that were given there since one was last brought back.
    unused: u32,
}

/// What an exchange says about who is behind it.
#[derive(Default)]
pub(super) struct Evidence {
    /// Credentials and refresh tokens that the request carried.
    pub(super) presented: Vec<Presented>,
    /// Credentials and refresh tokens that the answer gave.
    pub(super) issued: Vec<Fingerprint>,
    /// Session cookies that the request carried.
    pub(super) cookies: Vec<Fingerprint>,
    /// Session cookies that the answer gave.
    pub(super) given_cookies: Vec<Fingerprint>,
    /// The user name in the request's body.
    pub(super) username: Option<Fingerprint>,
    /// Whether the request's body had a password.
    pub(super) password: bool,
    /// Whether the answer says that the credential was no good.
    pub(super) refused: bool,
    /// Whether there is no answer to say anything, as in what a mirror copies.
    pub(super) unanswered: bool,
}

/// A credential or refresh token that a request carried.
#[derive(Clone, Copy)]
pub(super) struct Presented {
    pub(super) token: Fingerprint,
    /// Whose it is, where that is known already.
    pub(super) owner: Option<Member>,
}

/// Who is behind an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) member: Member,
    /// Whether the exchange is a log-in that succeeded, or whose answer nobody saw.
    pub(super) logged_in: bool,
}

impl Evidence {
    /// Whether it says nothing that is more than a credential's.
    pub(super) const fn is_plain(&self) -> bool {
        !self.password
            && self.username.is_none()
            && self.issued.is_empty()
            && self.cookies.is_empty()
            && self.given_cookies.is_empty()
    }

    /// Whether it is a log-in, as far as one can tell: without an answer, what somebody sends whom
    /// nobody knows yet. Who is known and sends a password may be making a user or changing one.
    fn is_log_in(&self) -> bool {
        let attempt = self.username.is_some() && self.presented.is_empty();
        let got_in = !self.issued.is_empty() || (attempt && !self.given_cookies.is_empty());
        self.password && (got_in || self.unanswered && attempt)
    }
}

impl People {
    /// Nobody is known yet.
    pub(super) fn new() -> Self {
        Self {
            hashers: [RandomState::new(), RandomState::new()],
            bearers: Recent::new(MOST_KNOWN, |_| 1),
            names: Recent::new(MOST_KNOWN, |_| 1),
            clients: Recent::new(MOST_KNOWN, |_| 1),
            sessions: 0,
            users: 0,
            moved: 0,
        }
    }

    /// What stands for a credential, a name or a cookie here.
    pub(super) fn fingerprint(&self, value: &str) -> Fingerprint {
        let [high, low] = self
            .hashers
            .each_ref()
            .map(|key| u128::from(key.hash_one(value)));
        Fingerprint(high << 64 | low)
    }

    /// Finds the session and user of an exchange from `client`, and learns from it.
    pub(super) fn identify(&mut self, client: IpAddr, evidence: &Evidence) -> Identity {
        let logged_in = evidence.is_log_in();
        let member = match (evidence.username, self.presented(evidence)) {
            (Some(name), _) if logged_in => self.log_in(name),
            (_, Some(member)) => member,
            _ if !evidence.presented.is_empty() && !evidence.refused => self.stranger(),
            _ => self.visitor(client, evidence),
        };
        // A credential that nobody gave and nobody takes says nothing.
        let accepted = evidence.presented.iter().filter(|_| !evidence.refused);
        for credential in accepted.filter(|known| logged_in || known.owner.is_none()) {
            self.learn(credential.token, member, logged_in);
        }
        let cookies = evidence.cookies.iter().chain(&evidence.given_cookies);
        for bearer in evidence.issued.iter().chain(cookies) {
            self.learn(*bearer, member, logged_in);
        }
        Identity { member, logged_in }
    }

    /// Whose credential this is.
    pub(super) fn owner(&self, credential: Fingerprint) -> Option<Member> {
        self.bearers.peek(&credential).copied()
    }

    /// How often a credential came to be another session's: then what was made of it is out of
    /// date.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    fn presented(&mut self, evidence: &Evidence) -> Option<Member> {
        let mut presented = evidence.presented.iter();
        presented.find_map(|known| {
            let owner = self.bearers.get(&known.token).copied();
            known.owner.or(owner)
        })
    }

    /// Who has the session cookie, with which a session begins; without one, the client.
    fn visitor(&mut self, address: IpAddr, evidence: &Evidence) -> Member {
        if let Some(cookie) = evidence.cookies.first() {
            if let Some(mut client) = self.clients.take(&address) {
                client.unused = 0;
                self.clients.put(address, client);
            }
            let known = self.bearers.get(cookie).copied();
            return known.unwrap_or_else(|| self.stranger());
        }
        let known = self.clients.take(&address);
        let mut client = known.unwrap_or_else(|| Client {
            member: self.stranger(),
            unused: 0,
        });
        // Who never brings them back is no browser: each answer gives it another one.
        let begins = !evidence.given_cookies.is_empty() && client.unused < MOST_UNUSED;
        client.unused += u32::from(begins);
        let member = client.member;
        self.clients.put(address, client);
        if begins { self.stranger() } else { member }
    }

    fn log_in(&mut self, name: Fingerprint) -> Member {
        let user = match self.names.get(&name) {
            Some(user) => *user,
            None => {
                self.users += 1;
                self.names.put(name, self.users);
                self.users
            }
        };
        self.sessions += 1;
        Member {
            session: self.sessions,
            user,
        }
    }

    /// A session that began before the recording did.
    const fn stranger(&mut self) -> Member {
        self.users += 1;
        self.sessions += 1;
        Member {
            session: self.sessions,
            user: self.users,
        }
    }

    fn learn(&mut self, bearer: Fingerprint, member: Member, logged_in: bool) {
        let known = self.bearers.get(&bearer).copied();
        if known.is_none() || logged_in {
            self.bearers.put(bearer, member);
            self.moved += u64::from(known.is_some_and(|known| known != member));
        }
    }
}

/// Session cookies that a client address gets and does not bring back, before it is taken for one
/// that keeps none.
const MOST_UNUSED: u32 = 8;

/// How many bearers, log-in names and addresses are remembered, each.
const MOST_KNOWN: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn evidence(
        people: &People,
        presented: &[&str],
        issued: &[&str],
        username: Option<&str>,
    ) -> Evidence {
        let print = |token: &&str| people.fingerprint(token);
        let present = |token: &&str| Presented {
            token: print(token),
            owner: None,
        };
        Evidence {
            presented: presented.iter().map(present).collect(),
            issued: issued.iter().map(print).collect(),
            username: username.map(|name| print(&name)),
            password: username.is_some(),
            ..Evidence::default()
        }
    }

    /// A request with a session cookie, and an answer that gives one.
    fn visit(people: &mut People, cookie: Option<&str>, given: Option<&str>) -> Member {
        let evidence = Evidence {
            cookies: cookie
                .map(|it| people.fingerprint(it))
                .into_iter()
                .collect(),
            given_cookies: given.map(|it| people.fingerprint(it)).into_iter().collect(),
            ..Evidence::default()
        };
        people.identify(CLIENT, &evidence).member
    }

    fn identify(
        people: &mut People,
        presented: &[&str],
        issued: &[&str],
        username: Option<&str>,
    ) -> Identity {
        let evidence = evidence(people, presented, issued, username);
        people.identify(CLIENT, &evidence)
    }

    #[test]
    fn a_session_runs_from_its_log_in_through_refreshes() {
        let mut people = People::new();
        let first = identify(&mut people, &[], &["t1", "r1"], Some("ana"));
        assert!(first.logged_in);
        let again = identify(&mut people, &["t1"], &[], None);
        assert_eq!(again.member, first.member);
        let refresh = identify(&mut people, &["r1"], &["t2"], None);
        assert_eq!((refresh.member, refresh.logged_in), (first.member, false));
        let later = identify(&mut people, &["t2"], &[], None);
        assert_eq!(later.member, first.member);
    }

    #[test]
    fn the_same_name_is_the_same_user_in_another_session() {
        let mut people = People::new();
        let first = identify(&mut people, &[], &["t1"], Some("ana")).member;
        let second = identify(&mut people, &["t1"], &["t2"], Some("ana")).member;
        let other = identify(&mut people, &[], &["t3"], Some("bo")).member;
        assert_eq!(first.user, second.user);
        assert_ne!(first.session, second.session);
        assert_ne!(first.user, other.user);
    }

    #[test]
    fn without_a_credential_the_client_address_counts() {
        let mut people = People::new();
        let first = identify(&mut people, &[], &[], None).member;
        assert_eq!(identify(&mut people, &[], &[], None).member, first);
        let failed = identify(&mut people, &[], &[], Some("ana"));
        assert_eq!((failed.member, failed.logged_in), (first, false));
        let stranger = identify(&mut people, &["before"], &[], None).member;
        assert_ne!(stranger, first);
        let forged = Evidence {
            refused: true,
            ..evidence(&people, &["forged"], &[], None)
        };
        assert_eq!(people.identify(CLIENT, &forged).member, first);
        assert_eq!(people.owner(people.fingerprint("forged")), None);
    }

    #[test]
    fn a_session_cookie_comes_before_the_address_and_after_a_credential() {
        let mut people = People::new();
        let by_address = identify(&mut people, &[], &[], None).member;
        let first = visit(&mut people, None, Some("c1"));
        let other = visit(&mut people, Some("c2"), None);
        assert_eq!(visit(&mut people, Some("c1"), None), first);
        assert_eq!(visit(&mut people, Some("c2"), None), other);
        assert!(first != other && first != by_address && other != by_address);
        let owner = identify(&mut people, &[], &["t1"], Some("ana")).member;
        let both = Evidence {
            cookies: vec![people.fingerprint("c1")],
            ..evidence(&people, &["t1"], &[], None)
        };
        assert_eq!(people.identify(CLIENT, &both).member, owner);
        assert_eq!(visit(&mut people, Some("c1"), None), first);
    }

    #[test]
    fn who_keeps_no_cookies_has_one_session() {
        let mut people = People::new();
        let given: Vec<_> = (0..20).map(|n| format!("c{n}")).collect();
        let mut visit = |given: &String| visit(&mut people, None, Some(given));
        let members: Vec<_> = given.iter().map(&mut visit).collect();
        assert!(members[8..].iter().all(|member| *member == members[8]));
        assert!(members[..8].iter().all(|member| *member != members[8]));
    }

    #[test]
    fn a_log_in_may_be_told_by_its_session_cookie() {
        let mut people = People::new();
        let anonymous = visit(&mut people, None, Some("c1"));
        let log_in = Evidence {
            cookies: vec![people.fingerprint("c1")],
            given_cookies: vec![people.fingerprint("c2")],
            ..evidence(&people, &[], &[], Some("ana"))
        };
        let identity = people.identify(CLIENT, &log_in);
        assert!(identity.logged_in && identity.member != anonymous);
        assert_eq!(visit(&mut people, Some("c2"), None), identity.member);
    }
}
