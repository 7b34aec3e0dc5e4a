//! Who can log in: real people, and the pool of test users that a replay takes.
//!
//! Every account is linked to a person, so a request gives each account of a role the same status.

use std::fmt::Write as _;

use rand::RngExt;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::model::Person;
use super::people::{self, FACULTY, RESIDENTS};
use super::words::PASSWORD_WORDS;
use crate::random::{self, Seeded, pick};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything.
    Admin,
    /// Manages schedules.
    Coordinator,
    /// Supervises, teaches and swaps.
    Faculty,
    /// Is scheduled.
    Resident,
    /// Reads schedules.
    ClinicalStaff,
    /// Registered nurse.
    Rn,
    /// Licensed practical nurse.
    Lpn,
    /// Medical support assistant.
    Msa,
}

impl Role {
    /// The role's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Coordinator => "coordinator",
            Self::Faculty => "faculty",
            Self::Resident => "resident",
            Self::ClinicalStaff => "clinical_staff",
            Self::Rn => "rn",
            Self::Lpn => "lpn",
            Self::Msa => "msa",
        }
    }

    /// Whether the role may change schedules.
    pub fn manages_schedules(self) -> bool {
        matches!(self, Self::Admin | Self::Coordinator)
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a user needs to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Name to log in with.
    pub username: String,
    /// The password.
    pub password: String,
    /// What the account may do.
    pub role: Role,
}

/// One account of staging.
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) credentials: Credentials,
    pub(crate) email: String,
    /// Index into the seeded people.
    pub(crate) person: usize,
}

/// The accounts of real people, five roles and three kinds of nursing staff.
pub(crate) fn real(people: &[Person], rng: &mut Seeded) -> Vec<Account> {
    let staff = RESIDENTS + FACULTY;
    let ranges = [
        (Role::Admin, staff..staff + ADMINS),
        (Role::Coordinator, staff + ADMINS..staff + CLINICAL),
        (Role::ClinicalStaff, staff + CLINICAL..staff + NURSES),
        (Role::Rn, staff + NURSES..staff + NURSES + 1),
        (Role::Lpn, staff + NURSES + 1..staff + NURSES + 2),
        (Role::Msa, staff + NURSES + 2..staff + NURSES + 3),
        (Role::Faculty, RESIDENTS..RESIDENTS + 24),
        (Role::Resident, 0..REAL_RESIDENTS),
    ];
    let everybody = ranges
        .into_iter()
        .flat_map(|(role, range)| range.map(move |person| (role, person)));
    everybody
        .map(|(role, person)| real_account(role, person, &people[person], rng))
        .collect()
}

/// The pool of test users, linked to people of the same role: enough for three times the users of
/// `captures/peak.jsonl`.
pub(crate) fn pool() -> Vec<Account> {
    let staff = RESIDENTS + FACULTY;
    let kinds = [
        (Role::Admin, 12, staff, ADMINS),
        (Role::Coordinator, 24, staff + ADMINS, CLINICAL - ADMINS),
        (Role::Faculty, 60, RESIDENTS, FACULTY),
        (
            Role::Resident,
            90,
            REAL_RESIDENTS,
            RESIDENTS - REAL_RESIDENTS,
        ),
        (Role::ClinicalStaff, 24, staff + CLINICAL, NURSES - CLINICAL),
    ];
    let test_user = |(role, count, first, people)| {
        (0..count).map(move |index| test_account(role, index + 1, first + index % people))
    };
    kinds.into_iter().flat_map(test_user).collect()
}

/// The pool as a `users.csv` for replay: `username,password,role`.
pub fn users_csv() -> String {
    let mut csv = String::from("username,password,role\n");
    for Credentials {
        username,
        password,
        role,
    } in pool().into_iter().map(|account| account.credentials)
    {
        // Writing to a string cannot fail.
        writeln!(csv, "{username},{password},{}", role.name()).ok();
    }
    csv
}

fn real_account(role: Role, index: usize, person: &Person, rng: &mut Seeded) -> Account {
    let (first, second) = (pick(rng, &PASSWORD_WORDS), pick(rng, &PASSWORD_WORDS));
    let password = format!("{first}-{second}-{}", rng.random_range(1000..9999));
    let username = people::handle(&person.name);
    Account {
        id: Uuid::new_v4(),
        email: format!("{username}@{}", people::MAIL_DOMAIN),
        credentials: Credentials {
            username,
            password,
            role,
        },
        person: index,
    }
}

fn test_account(role: Role, number: usize, person: usize) -> Account {
    let username = format!("loadtest_{}_{number:02}", role.name());
    Account {
        id: Uuid::new_v4(),
        email: format!("{username}@example.com"),
        credentials: Credentials {
            username,
            password: TEST_PASSWORD.to_owned(),
            role,
        },
        person,
    }
}

/// Real credentials under `seed`, for synthetic users.
pub fn real_accounts(seed: u64) -> Vec<Credentials> {
    let people = people::seed(&mut random::stream(seed, super::PEOPLE));
    let accounts = real(&people, &mut random::stream(seed, super::ACCOUNTS));
    accounts
        .into_iter()
        .map(|account| account.credentials)
        .collect()
}

/// The password of every test user; staging is the only place that takes it.
const TEST_PASSWORD: &str = "rehearsal-test-password";

// The staff, in order: admins, coordinators, clinical staff, three of the nursing staff.
const ADMINS: usize = 7;
const CLINICAL: usize = ADMINS + 11;
const NURSES: usize = CLINICAL + 9;
const REAL_RESIDENTS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_renders_as_csv() {
        let csv = users_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 12 + 24 + 60 + 90 + 24);
        assert_eq!(lines[0], "username,password,role");
        assert_eq!(lines[1], "loadtest_admin_01,rehearsal-test-password,admin");
        assert_eq!(
            lines[210],
            "loadtest_clinical_staff_24,rehearsal-test-password,clinical_staff"
        );
    }

    #[test]
    fn accounts_are_linked_to_people_of_their_role() {
        let people = people::seed(&mut random::stream(1, 0));
        let accounts = real(&people, &mut random::stream(1, 1))
            .into_iter()
            .chain(pool());
        for account in accounts {
            let kind = match account.credentials.role {
                Role::Faculty => "faculty",
                Role::Resident => "resident",
                _ => "staff",
            };
            assert_eq!(
                people[account.person].kind, kind,
                "{}",
                account.credentials.username
            );
        }
    }

    #[test]
    fn real_usernames_are_unique_and_seeded() {
        let accounts = real_accounts(1);
        let names: std::collections::BTreeSet<_> =
            accounts.iter().map(|account| &account.username).collect();
        assert_eq!(names.len(), accounts.len());
        assert!(accounts.len() >= 60);
        assert_eq!(accounts, real_accounts(1));
        assert_ne!(accounts, real_accounts(2));
    }
}
