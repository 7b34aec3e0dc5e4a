//! Seeds blocks, rotation templates and the assignments of four weeks.
//!
//! The calendar is fixed: academic year 2026/27, with "today" on Monday 2026-11-16.

use jiff::civil::{Date, Weekday, date};
use rand::RngExt;
use uuid::Uuid;

use super::model::{Assignment, Block, Person, Template};
use super::words::{ASSIGNMENT_NOTES, HOLIDAYS, ROTATIONS, Rotation};
use crate::random::{Seeded, pick};

/// The day on which the whole demo plays.
pub const TODAY: Date = date(2026, 11, 16);

/// The 730 half days of the academic year.
pub(crate) fn blocks() -> Vec<Block> {
    let days = FIRST_DAY.series(jiff::Span::new().days(1)).take(365);
    days.zip(0..)
        .flat_map(|(day, index)| ["AM", "PM"].map(|half| block(day, index, half)))
        .collect()
}

/// The dozen rotations.
pub(crate) fn templates() -> Vec<Template> {
    ROTATIONS.map(template).to_vec()
}

/// About 5,600 assignments: weekdays for all residents and faculty, weekends for a quarter of the residents.
pub(crate) fn assignments(
    people: &[Person],
    blocks: &[Block],
    templates: &[Template],
    authors: &[String],
    rng: &mut Seeded,
) -> Vec<Assignment> {
    let window = blocks
        .iter()
        .filter(|block| (WINDOW.0..=WINDOW.1).contains(&block.date));
    let mut all = Vec::with_capacity(6000);
    for block in window {
        for (index, person) in people.iter().enumerate() {
            let works = match person.kind.as_str() {
                "resident" => !block.is_weekend || index.is_multiple_of(4),
                "faculty" => !block.is_weekend,
                _ => false,
            };
            if works {
                all.push(assignment(
                    block,
                    person,
                    pick(rng, templates),
                    authors,
                    rng,
                ));
            }
        }
    }
    all
}

fn block(day: Date, index: i64, half: &'static str) -> Block {
    let holiday = HOLIDAYS
        .iter()
        .find(|(month, of_month, _)| (*month, *of_month) == (day.month(), day.day()));
    Block {
        id: Uuid::new_v4(),
        date: day,
        time_of_day: half,
        block_number: (index / 28).min(13),
        is_weekend: matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        is_holiday: holiday.is_some(),
        holiday_name: holiday.map(|row| row.2),
    }
}

fn template(row: Rotation) -> Template {
    let (name, rotation_type, template_category, abbreviation, clinic_location, max_residents) =
        row;
    Template {
        id: Uuid::new_v4(),
        name,
        rotation_type,
        template_category,
        abbreviation,
        display_abbreviation: abbreviation,
        font_color: "text-white",
        background_color: "bg-sky-700",
        clinic_location,
        max_residents,
        supervision_required: rotation_type != "admin",
        max_supervision_ratio: 4,
        created_at: FIRST_DAY.at(8, 0, 0, 0),
        is_archived: false,
    }
}

fn assignment(
    block: &Block,
    person: &Person,
    template: &Template,
    authors: &[String],
    rng: &mut Seeded,
) -> Assignment {
    let made = date(2026, 10, 12).at(9, 30, 0, 0);
    let noted = rng.random_bool(0.05);
    Assignment {
        id: Uuid::new_v4(),
        block_id: block.id,
        person_id: person.id,
        rotation_template_id: Some(template.id),
        role: if person.kind == "faculty" {
            "supervising"
        } else {
            "primary"
        }
        .to_owned(),
        activity_override: None,
        notes: noted.then(|| pick(rng, &ASSIGNMENT_NOTES).to_string()),
        override_reason: None,
        created_by: Some(pick(rng, authors).clone()),
        created_at: made,
        updated_at: made,
        override_acknowledged_at: None,
        confidence: Some(0.9),
        score: None,
        date: block.date,
    }
}

const FIRST_DAY: Date = date(2026, 7, 1);

/// Two weeks on each side of today.
const WINDOW: (Date, Date) = (date(2026, 11, 2), date(2026, 11, 29));
