//! Seeds the people: 100 residents, 30 faculty, 30 staff.
//!
//! Same seed, same people; only their ids are new at each start.

use std::iter::repeat_n;

use jiff::civil::date;
use rand::RngExt;
use rand::seq::SliceRandom;
use uuid::Uuid;

use super::model::Person;
use super::words::{AREA_CODES, FIRST_NAMES, LAST_NAMES, SPECIALTIES};
use crate::random::{Seeded, pick};

/// Everybody, residents first, then faculty, then staff.
pub(crate) fn seed(rng: &mut Seeded) -> Vec<Person> {
    let mut names: Vec<(&str, &str)> = FIRST_NAMES
        .iter()
        .flat_map(|first| LAST_NAMES.iter().map(move |last| (*first, *last)))
        .collect();
    names.shuffle(rng);
    let kinds = repeat_n("resident", RESIDENTS)
        .chain(repeat_n("faculty", FACULTY))
        .chain(repeat_n("staff", STAFF));
    names
        .iter()
        .zip(kinds)
        .enumerate()
        .map(|(index, (name, kind))| person(index, *name, kind, rng))
        .collect()
}

/// `first.last`, in plain letters.
pub(crate) fn handle(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|letter| if letter == ' ' { '.' } else { letter })
        .filter(|letter| letter.is_ascii_lowercase() || *letter == '.')
        .collect()
}

pub(crate) const RESIDENTS: usize = 100;
pub(crate) const FACULTY: usize = 30;
pub(crate) const STAFF: usize = 30;

/// Reserved by RFC 2606, so no mail can ever reach anybody.
pub(crate) const MAIL_DOMAIN: &str = "pacific-health.example";

fn person(index: usize, (first, last): (&str, &str), kind: &str, rng: &mut Seeded) -> Person {
    let name = format!("{first} {last}");
    let (resident, faculty) = (kind == "resident", kind == "faculty");
    let joined = date(2026, 7, 1).at(8, 0, 0, 0);
    Person {
        id: Uuid::new_v4(),
        email: Some(format!("{}@{MAIL_DOMAIN}", handle(&name))),
        personal_phone: Some(phone(index)),
        kind: kind.to_owned(),
        pgy_level: resident.then(|| pgy(index)),
        performs_procedures: faculty && rng.random_bool(0.5),
        specialties: if faculty {
            vec![pick(rng, &SPECIALTIES).to_string()]
        } else {
            Vec::new()
        },
        primary_duty: faculty.then(|| "Clinic and teaching".to_owned()),
        faculty_role: faculty.then(|| {
            if index.is_multiple_of(10) {
                "apd"
            } else {
                "core"
            }
            .to_owned()
        }),
        min_clinic_halfdays_per_week: if faculty { 2 } else { 0 },
        max_clinic_halfdays_per_week: if faculty { 6 } else { 4 },
        admin_type: (kind == "staff").then(|| pick(rng, &["GME", "DFM", "SM"]).to_string()),
        sunday_call_count: rng.random_range(0..6),
        weekday_call_count: rng.random_range(0..12),
        fmit_weeks_count: if faculty { rng.random_range(0..8) } else { 0 },
        created_at: joined,
        updated_at: joined,
        name,
    }
}

/// 40, 35 and 25 residents of the three years.
fn pgy(index: usize) -> i64 {
    match index {
        0..40 => 1,
        40..75 => 2,
        _ => 3,
    }
}

/// Unique up to 600 people.
fn phone(index: usize) -> String {
    let area = AREA_CODES[index / 100 % AREA_CODES.len()];
    format!("({area}) 555-01{:02}", index % 100)
}
