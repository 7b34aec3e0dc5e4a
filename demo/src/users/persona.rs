//! Who the users are: account, client address, browser.
//!
//! Roles are mixed as in the pool of test users, so that a replay finds one for each.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::config::UsersConfig;
use crate::staging::{Credentials, Role};

/// One user.
pub(super) struct Persona {
    /// From 1 up.
    pub(super) number: u64,
    pub(super) credentials: Credentials,
    /// Its own, sent as `X-Forwarded-For`.
    pub(super) address: Ipv4Addr,
    pub(super) agent: &'static str,
    pub(super) language: &'static str,
}

/// All users of a run.
pub(super) fn all(config: &UsersConfig) -> Vec<Persona> {
    let mut taken: HashMap<Role, usize> = HashMap::new();
    let roles = roles(config.users).into_iter();
    let numbered = roles.zip(0_u64..);
    numbered
        .filter_map(|(role, index)| {
            let nth = taken.entry(role).or_default();
            let of_role: Vec<&Credentials> = config
                .accounts
                .iter()
                .filter(|account| account.role == role)
                .collect();
            let credentials = of_role.get(*nth % of_role.len().max(1)).copied()?.clone();
            *nth += 1;
            Some(persona(index, credentials))
        })
        .collect()
}

/// One of each role first, then whichever is furthest below its share.
fn roles(users: usize) -> Vec<Role> {
    let mut counts = [0_u32; MIX.len()];
    (0..users)
        .map(|index| {
            let owed = |place: &usize| (f64::from(counts[*place]) + 0.5) / f64::from(MIX[*place].1);
            let place = if index < MIX.len() {
                index
            } else {
                (0..MIX.len())
                    .min_by(|a, b| owed(a).total_cmp(&owed(b)))
                    .unwrap_or(0)
            };
            counts[place] += 1;
            MIX[place].0
        })
        .collect()
}

fn persona(index: u64, credentials: Credentials) -> Persona {
    let pick = |count: usize| usize::try_from(index).unwrap_or(0) % count;
    let last = u8::try_from(index / 2 % 254).unwrap_or(0) + 1;
    let address = if index.is_multiple_of(2) {
        Ipv4Addr::new(203, 0, 113, last)
    } else {
        Ipv4Addr::new(198, 51, 100, last)
    };
    Persona {
        number: index + 1,
        credentials,
        address,
        agent: AGENTS[pick(AGENTS.len())],
        language: LANGUAGES[pick(LANGUAGES.len())],
    }
}

const MIX: [(Role, u32); 5] = [
    (Role::Resident, 36),
    (Role::Faculty, 29),
    (Role::Coordinator, 14),
    (Role::ClinicalStaff, 13),
    (Role::Admin, 8),
];

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
];

const LANGUAGES: [&str; 3] = [
    "en-US,en;q=0.9",
    "en-US,en;q=0.8,haw;q=0.5",
    "en-GB,en;q=0.9,es;q=0.6",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(users: usize) -> [usize; 5] {
        let roles = roles(users);
        MIX.map(|(role, _)| roles.iter().filter(|other| **other == role).count())
    }

    #[test]
    fn roles_are_mixed_by_their_shares() {
        assert_eq!(counts(5), [1, 1, 1, 1, 1]);
        assert_eq!(counts(48), [17, 14, 7, 6, 4]);
    }

    #[test]
    fn addresses_are_their_own() {
        let credentials = |_| Credentials {
            username: String::new(),
            password: String::new(),
            role: Role::Admin,
        };
        let addresses: std::collections::BTreeSet<_> = (0..500)
            .map(|index| persona(index, credentials(index)).address)
            .collect();
        assert_eq!(addresses.len(), 500);
    }
}
