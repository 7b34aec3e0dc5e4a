//! The frontend's screens: which a role opens how often, and what each asks the backend.
//!
//! A screen loads what the real one loads, in sequence; details carry ids from the answers before.

mod ask;
mod leave;
mod look;
mod people;
mod plan;
mod requests;

use rand::RngExt;

use super::session::{Reply, Session};
use super::wire::WireError;
use crate::random::{Seeded, pick};
use crate::staging::Role;

pub(super) use self::ask::Ask;

/// One thing that a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    Dashboard,
    Week,
    Calendar,
    Rotations,
    Block,
    Directory,
    Colleague,
    Absences,
    MyAbsences,
    Assignment,
    Validate,
    Swaps,
    Search,
    Runs,
    NewAbsence,
    NewSwap,
    NewLeave,
    EditAssignment,
    NewAssignment,
    ApproveSwap,
    ManageLeave,
    NewPerson,
    EditPerson,
    Generate,
}

impl Screen {
    /// What somebody of this role does next; the dashboard first, since it tells who one is.
    pub(super) fn choose(role: Role, knows_self: bool, rng: &mut Seeded) -> Self {
        if !knows_self {
            return Self::Dashboard;
        }
        let habits = habits(role);
        let total: u32 = habits.iter().map(|(_, weight)| weight).sum();
        let mut drawn = rng.random_range(0..total);
        for (screen, weight) in habits {
            if drawn < *weight {
                return *screen;
            }
            drawn -= weight;
        }
        Self::Dashboard
    }
}

/// Opens `screen` and does what there is to do.
pub(super) async fn visit(session: &mut Session, screen: Screen) -> Result<(), WireError> {
    match screen {
        Screen::Dashboard => look::dashboard(session).await,
        Screen::Week => look::week(session).await,
        Screen::Calendar => look::calendar(session).await,
        Screen::Rotations => look::rotations(session).await,
        Screen::Block => look::block(session).await,
        Screen::Validate => look::validate(session).await,
        Screen::Runs => look::runs(session).await,
        Screen::Directory => people::directory(session).await,
        Screen::Colleague => people::colleague(session).await,
        Screen::Search => people::search(session).await,
        Screen::NewPerson => people::create(session).await,
        Screen::EditPerson => people::edit(session).await,
        Screen::Absences => requests::absences(session).await,
        Screen::MyAbsences => requests::my_absences(session).await,
        Screen::NewAbsence => requests::new_absence(session).await,
        Screen::Swaps => requests::swaps(session).await,
        Screen::NewSwap => requests::new_swap(session).await,
        Screen::NewLeave => leave::mine(session).await,
        Screen::ManageLeave => leave::manage(session).await,
        Screen::ApproveSwap => requests::approve_swap(session).await,
        Screen::Assignment => plan::look(session).await,
        Screen::EditAssignment => plan::edit(session).await,
        Screen::NewAssignment => plan::create(session).await,
        Screen::Generate => plan::generate(session).await,
    }
}

/// One field of a random item in a list that was answered.
fn some_field(session: &mut Session, list: &Reply, items: &str, field: &str) -> Option<String> {
    let items = list.body[items]
        .as_array()
        .filter(|items| !items.is_empty())?;
    pick(&mut session.rng, items)[field]
        .as_str()
        .map(str::to_owned)
}

fn habits(role: Role) -> &'static [(Screen, u32)] {
    match role {
        Role::Admin => &ADMIN,
        Role::Coordinator => &COORDINATOR,
        Role::Faculty => &FACULTY,
        Role::Resident => &RESIDENT,
        _ => &CLINICAL_STAFF,
    }
}

const ADMIN: [(Screen, u32); 12] = [
    (Screen::Week, 15),
    (Screen::Directory, 16),
    (Screen::Validate, 10),
    (Screen::Runs, 10),
    (Screen::Absences, 8),
    (Screen::Dashboard, 6),
    (Screen::Search, 8),
    (Screen::EditPerson, 10),
    (Screen::NewPerson, 5),
    (Screen::Colleague, 11),
    (Screen::ManageLeave, 6),
    (Screen::Generate, 8),
];

const COORDINATOR: [(Screen, u32); 14] = [
    (Screen::Week, 18),
    (Screen::Validate, 12),
    (Screen::Absences, 10),
    (Screen::Directory, 8),
    (Screen::Swaps, 8),
    (Screen::Dashboard, 4),
    (Screen::Runs, 6),
    (Screen::Search, 5),
    (Screen::Assignment, 8),
    (Screen::EditAssignment, 9),
    (Screen::NewAssignment, 6),
    (Screen::ApproveSwap, 7),
    (Screen::ManageLeave, 6),
    (Screen::Generate, 6),
];

const FACULTY: [(Screen, u32); 15] = [
    (Screen::Week, 17),
    (Screen::Dashboard, 13),
    (Screen::Calendar, 8),
    (Screen::Rotations, 5),
    (Screen::Swaps, 8),
    (Screen::Directory, 8),
    (Screen::Absences, 6),
    (Screen::Search, 6),
    (Screen::Colleague, 15),
    (Screen::Validate, 4),
    (Screen::MyAbsences, 10),
    (Screen::NewAbsence, 5),
    (Screen::NewSwap, 4),
    (Screen::NewLeave, 7),
    (Screen::Assignment, 8),
];

const RESIDENT: [(Screen, u32); 14] = [
    (Screen::Week, 17),
    (Screen::Dashboard, 16),
    (Screen::Calendar, 8),
    (Screen::Rotations, 8),
    (Screen::Block, 5),
    (Screen::Directory, 7),
    (Screen::Assignment, 13),
    (Screen::Search, 6),
    (Screen::Colleague, 13),
    (Screen::Swaps, 5),
    (Screen::MyAbsences, 12),
    (Screen::NewAbsence, 5),
    (Screen::NewSwap, 3),
    (Screen::NewLeave, 7),
];

const CLINICAL_STAFF: [(Screen, u32); 10] = [
    (Screen::Calendar, 16),
    (Screen::Week, 16),
    (Screen::Dashboard, 12),
    (Screen::Directory, 12),
    (Screen::Search, 10),
    (Screen::Absences, 10),
    (Screen::Colleague, 18),
    (Screen::Rotations, 6),
    (Screen::Block, 5),
    (Screen::Assignment, 8),
];
