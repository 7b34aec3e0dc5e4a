//! Seeds absences, leave and swap requests.
//!
//! The most personal part of the data: why people are away, and why they want to trade.

use jiff::{Span, civil::Date};
use rand::RngExt;
use uuid::Uuid;

use super::calendar::TODAY;
use super::model::{Absence, Leave, Person, Swap};
use super::people::{FACULTY, RESIDENTS};
use super::words::{ABSENCES, SWAP_REASONS};
use crate::random::{Seeded, pick};

/// Sixty absences around today.
pub(crate) fn absences(people: &[Person], rng: &mut Seeded) -> Vec<Absence> {
    (0..60)
        .map(|_| absence(pick(rng, people).id, rng))
        .collect()
}

/// Forty leaves in the weeks to come; every other one still waits for approval.
pub(crate) fn leave(people: &[Person], authors: &[String], rng: &mut Seeded) -> Vec<Leave> {
    (0..40)
        .map(|index| one_leave(index, pick(rng, people).id, authors, rng))
        .collect()
}

/// Forty-five swaps between faculty; every other one still waits for approval.
pub(crate) fn swaps(people: &[Person], authors: &[String], rng: &mut Seeded) -> Vec<Swap> {
    let faculty = &people[RESIDENTS..RESIDENTS + FACULTY];
    (0..45)
        .map(|index| swap(index, faculty, authors, rng))
        .collect()
}

/// `days` after `from`; the calendar is far from the ends of time.
pub(crate) fn later(from: Date, days: i64) -> Date {
    from.saturating_add(Span::new().days(days))
}

fn absence(person_id: Uuid, rng: &mut Seeded) -> Absence {
    let (kind, note, place) = *pick(rng, &ABSENCES);
    let start = later(TODAY, rng.random_range(-21..28));
    let away = matches!(kind, "deployment" | "tdy" | "training");
    Absence {
        id: Uuid::new_v4(),
        person_id,
        status: "approved",
        start_date: start,
        end_date: later(start, rng.random_range(1..14)),
        absence_type: kind.to_owned(),
        deployment_orders: kind == "deployment",
        tdy_location: place.map(str::to_owned),
        replacement_activity: None,
        notes: Some(note.to_owned()),
        is_blocking: kind != "conference",
        return_date_tentative: kind == "medical",
        is_away_from_program: away,
        created_by_id: None,
        created_at: later(start, -30).at(10, 15, 0, 0),
    }
}

fn one_leave(index: usize, person_id: Uuid, authors: &[String], rng: &mut Seeded) -> Leave {
    let (kind, reason, _) = *pick(rng, &ABSENCES);
    let start = later(TODAY, rng.random_range(7..90));
    let (status, decided) = decision(index);
    Leave {
        id: Uuid::new_v4(),
        person_id,
        leave_type: kind.to_owned(),
        status,
        start_date: start,
        end_date: later(start, rng.random_range(1..14)),
        reason: Some(reason.to_owned()),
        notes: None,
        approved_by: decided.then(|| pick(rng, authors).clone()),
        approved_at: decided.then(|| later(TODAY, -2).at(11, 20, 0, 0)),
        created_at: later(TODAY, -9).at(17, 45, 0, 0),
        tag: Uuid::new_v4(),
    }
}

fn swap(index: usize, faculty: &[Person], authors: &[String], rng: &mut Seeded) -> Swap {
    // A step that is never a multiple of the count keeps the two apart.
    let (source, target) = (&faculty[index % FACULTY], &faculty[(index + 7) % FACULTY]);
    let week = later(TODAY, -7 * rng.random_range(1..9));
    let (status, decided) = decision(index);
    Swap {
        id: Uuid::new_v4(),
        source_faculty_id: source.id,
        source_faculty_name: source.name.clone(),
        source_week: week,
        target_faculty_id: target.id,
        target_faculty_name: target.name.clone(),
        target_week: Some(later(week, 14)),
        swap_type: "one_to_one".to_owned(),
        status,
        reason: Some(pick(rng, &SWAP_REASONS).to_string()),
        notes: None,
        requested_at: later(week, -14).at(16, 40, 0, 0),
        approved_by: decided.then(|| pick(rng, authors).clone()),
        approved_at: decided.then(|| later(week, -10).at(8, 5, 0, 0)),
    }
}

/// The status of the record with this number, and whether somebody decided on it.
fn decision(index: usize) -> (&'static str, bool) {
    let status = ["pending", "approved", "pending", "rejected"][index % 4];
    (status, status != "pending")
}
