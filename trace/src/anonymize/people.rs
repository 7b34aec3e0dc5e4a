//! Who is behind an exchange: the session and the user, by credential, else by log-in, else by
//! client address.
//!
//! Bounded: beyond [`MAX_KNOWN`] credentials, log-ins and addresses, new ones share one session.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::original::Original;

/// The sessions and users seen so far.
#[derive(Default)]
pub(super) struct People {
    credentials: HashMap<Original, Member>,
    names: HashMap<Original, u32>,
    clients: HashMap<IpAddr, Member>,
    sessions: u32,
    users: u32,
    /// How often a credential came to be another session's.
    moved: u64,
}

/// One session of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) session: u32,
    pub(super) user: u32,
}

/// What an exchange says about who is behind it.
#[derive(Default)]
pub(super) struct Evidence {
    /// Credentials and refresh tokens that the request carried.
    pub(super) presented: Vec<Presented>,
    /// Credentials and refresh tokens that the answer gave.
    pub(super) issued: Vec<String>,
    /// The user name in the request's body.
    pub(super) username: Option<String>,
    /// Whether the request's body had a password.
    pub(super) password: bool,
    /// Whether the answer says that the credential was no good.
    pub(super) refused: bool,
    /// Whether there is no answer to say anything, as in what a mirror copies.
    pub(super) unanswered: bool,
}

impl Evidence {
    /// Whether it is a log-in, as far as one can tell: without an answer, what somebody sends whom
    /// nobody knows yet. Who is known and sends a password may be making a user or changing one.
    fn is_log_in(&self) -> bool {
        let attempt = self.username.is_some() && self.presented.is_empty();
        self.password && (!self.issued.is_empty() || self.unanswered && attempt)
    }
}

/// A credential or refresh token that a request carried.
pub(super) struct Presented {
    pub(super) token: Arc<Original>,
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

impl People {
    /// Finds the session and user of an exchange from `client`, and learns from it.
    pub(super) fn identify(&mut self, client: IpAddr, evidence: &Evidence) -> Identity {
        let logged_in = evidence.is_log_in();
        let member = match (&evidence.username, self.presented(evidence)) {
            (Some(name), _) if logged_in => self.log_in(name),
            (_, Some(member)) => member,
            (_, None) if !evidence.presented.is_empty() && !evidence.refused => self.stranger(),
            _ => self.client(client),
        };
        // A credential that nobody gave and nobody takes says nothing.
        let accepted = evidence.presented.iter().filter(|_| !evidence.refused);
        for credential in accepted.filter(|known| logged_in || known.owner.is_none()) {
            self.learn(credential.token.as_str(), member, logged_in);
        }
        for credential in &evidence.issued {
            self.learn(credential, member, logged_in);
        }
        Identity { member, logged_in }
    }

    /// Whose credential this is.
    pub(super) fn owner(&self, credential: &str) -> Option<Member> {
        self.credentials.get(credential).copied()
    }

    /// How often a credential came to be another session's: then what was made of it is out of
    /// date.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    fn presented(&self, evidence: &Evidence) -> Option<Member> {
        evidence
            .presented
            .iter()
            .find_map(|known| known.owner.or_else(|| self.owner(known.token.as_str())))
    }

    fn log_in(&mut self, name: &str) -> Member {
        let user = match self.names.get(name) {
            Some(user) => *user,
            None => {
                self.users += 1;
                if self.names.len() < MAX_KNOWN {
                    self.names.insert(Original::new(name), self.users);
                }
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
    fn stranger(&mut self) -> Member {
        self.users += 1;
        self.sessions += 1;
        Member {
            session: self.sessions,
            user: self.users,
        }
    }

    fn client(&mut self, client: IpAddr) -> Member {
        if let Some(member) = self.clients.get(&client) {
            return *member;
        }
        if self.clients.len() >= MAX_KNOWN {
            return Member {
                session: 0,
                user: 0,
            };
        }
        let member = self.stranger();
        self.clients.insert(client, member);
        member
    }

    fn learn(&mut self, credential: &str, member: Member, logged_in: bool) {
        let known = self.credentials.contains_key(credential);
        if (known && logged_in) || (!known && self.credentials.len() < MAX_KNOWN) {
            self.credentials.insert(Original::new(credential), member);
            self.moved += u64::from(known);
        }
    }
}

/// How many credentials, log-in names and addresses are remembered, each.
const MAX_KNOWN: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn evidence(presented: &[&str], issued: &[&str], username: Option<&str>) -> Evidence {
        let present = |token: &&str| Presented {
            token: Arc::new(Original::new(token)),
            owner: None,
        };
        Evidence {
            presented: presented.iter().map(present).collect(),
            issued: issued.iter().map(|&token| token.to_owned()).collect(),
            username: username.map(str::to_owned),
            password: username.is_some(),
            refused: false,
            unanswered: false,
        }
    }

    #[test]
    fn a_session_runs_from_its_log_in_through_refreshes() {
        let mut people = People::default();
        let first = people.identify(CLIENT, &evidence(&[], &["t1", "r1"], Some("ana")));
        assert!(first.logged_in);
        assert_eq!(
            people
                .identify(CLIENT, &evidence(&["t1"], &[], None))
                .member,
            first.member
        );
        let refresh = people.identify(CLIENT, &evidence(&["r1"], &["t2"], None));
        assert_eq!((refresh.member, refresh.logged_in), (first.member, false));
        assert_eq!(
            people
                .identify(CLIENT, &evidence(&["t2"], &[], None))
                .member,
            first.member
        );
    }

    #[test]
    fn the_same_name_is_the_same_user_in_another_session() {
        let mut people = People::default();
        let first = people
            .identify(CLIENT, &evidence(&[], &["t1"], Some("ana")))
            .member;
        let second = people
            .identify(CLIENT, &evidence(&["t1"], &["t2"], Some("ana")))
            .member;
        let other = people
            .identify(CLIENT, &evidence(&[], &["t3"], Some("bo")))
            .member;
        assert_eq!(first.user, second.user);
        assert_ne!(first.session, second.session);
        assert_ne!(first.user, other.user);
    }

    #[test]
    fn without_a_credential_the_client_address_counts() {
        let mut people = People::default();
        let first = people.identify(CLIENT, &Evidence::default()).member;
        assert_eq!(people.identify(CLIENT, &Evidence::default()).member, first);
        let failed = people.identify(CLIENT, &evidence(&[], &[], Some("ana")));
        assert_eq!((failed.member, failed.logged_in), (first, false));
        let stranger = people
            .identify(CLIENT, &evidence(&["before"], &[], None))
            .member;
        assert_ne!(stranger, first);
        let mut forged = evidence(&["forged"], &[], None);
        forged.refused = true;
        assert_eq!(people.identify(CLIENT, &forged).member, first);
        assert_eq!(people.owner("forged"), None);
    }
}
