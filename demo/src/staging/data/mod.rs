//! The data of staging: made up, personal-looking, the same for one seed.
//!
//! In memory only. Ids are new at every start; everything else follows from the seed.

pub(crate) mod accounts;
pub(crate) mod calendar;
pub(crate) mod model;
pub(crate) mod people;
pub(crate) mod requests;
pub(crate) mod table;
mod words;

use std::collections::BTreeSet;

use uuid::Uuid;

use self::accounts::{Account, Role};
use self::model::{Absence, Assignment, Block, Leave, Person, Run, Swap, Template};
use self::table::Table;
use crate::random;

/// Everything that staging knows.
pub(crate) struct Store {
    pub(crate) people: Table<Person>,
    pub(crate) blocks: Table<Block>,
    pub(crate) templates: Table<Template>,
    pub(crate) assignments: Table<Assignment>,
    pub(crate) absences: Table<Absence>,
    pub(crate) leave: Table<Leave>,
    pub(crate) swaps: Table<Swap>,
    pub(crate) runs: Table<Run>,
    pub(crate) users: Vec<User>,
}

/// An account as requests see it.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) role: Role,
    /// The person behind the account.
    pub(crate) person: Uuid,
}

impl Store {
    pub(crate) fn seeded(seed: u64) -> Self {
        let people = people::seed(&mut random::stream(seed, PEOPLE));
        let real = accounts::real(&people, &mut random::stream(seed, ACCOUNTS));
        let authors: Vec<String> = real
            .iter()
            .filter(|account| account.credentials.role == Role::Coordinator)
            .map(|account| account.credentials.username.clone())
            .collect();
        let (blocks, templates) = (calendar::blocks(), calendar::templates());
        let rng = &mut random::stream(seed, RECORDS);
        let assignments = calendar::assignments(&people, &blocks, &templates, &authors, rng);
        let absences = requests::absences(&people, rng);
        let swaps = requests::swaps(&people, &authors, rng);
        let leave = requests::leave(&people, &authors, &mut random::stream(seed, LEAVE));
        let everybody = real.into_iter().chain(accounts::pool());
        Self {
            users: everybody.map(|account| user(account, &people)).collect(),
            people: people.into_iter().collect(),
            blocks: blocks.into_iter().collect(),
            templates: templates.into_iter().collect(),
            assignments: assignments.into_iter().collect(),
            absences: absences.into_iter().collect(),
            leave: leave.into_iter().collect(),
            swaps: swaps.into_iter().collect(),
            runs: Table::from_iter([]),
        }
    }
}

/// Every personal string of the data under `seed`: what must never be found in a capture.
///
/// Names, e-mail addresses, phone numbers, places, notes, reasons, and real usernames and passwords.
/// Single words that also occur elsewhere (absence types, first names) are left out.
pub fn personal_values(seed: u64) -> Vec<String> {
    let store = Store::seeded(seed);
    let people = store.people.iter().flat_map(|person| {
        [
            Some(&person.name),
            person.email.as_ref(),
            person.personal_phone.as_ref(),
        ]
    });
    let absences = store
        .absences
        .iter()
        .flat_map(|absence| [absence.notes.as_ref(), absence.tdy_location.as_ref()]);
    let texts = store.swaps.iter().map(|swap| swap.reason.as_ref());
    let reasons = store.leave.iter().map(|leave| leave.reason.as_ref());
    let notes = store
        .assignments
        .iter()
        .map(|assignment| assignment.notes.as_ref());
    let secrets = store
        .users
        .iter()
        .filter(|user| !user.username.starts_with("loadtest_"))
        .flat_map(|user| {
            [
                Some(&user.username),
                Some(&user.email),
                Some(&user.password),
            ]
        });
    let all = people
        .chain(absences)
        .chain(texts)
        .chain(reasons)
        .chain(notes)
        .chain(secrets);
    let unique: BTreeSet<String> = all.flatten().cloned().collect();
    unique.into_iter().collect()
}

fn user(account: Account, people: &[Person]) -> User {
    User {
        id: account.id,
        username: account.credentials.username,
        email: account.email,
        password: account.credentials.password,
        role: account.credentials.role,
        person: people[account.person].id,
    }
}

// One stream of the seed for each part, so that a change in one leaves the others as they were.
const PEOPLE: u64 = u64::MAX;
const ACCOUNTS: u64 = u64::MAX - 1;
const RECORDS: u64 = u64::MAX - 2;
const LEAVE: u64 = u64::MAX - 3;
