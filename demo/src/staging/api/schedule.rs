//! The schedule as a whole: rule check and calendar.
//!
//! Both are open to anybody and name people all the same, as in the real application.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::staging::app::App;
use crate::staging::data::Store;
use crate::staging::data::model::{Assignment, Person};
use crate::staging::endpoint::{Answer, Call};
use crate::staging::error::ApiError;
use crate::staging::input::text;
use crate::staging::reply;

/// `GET /schedule/validate`.
pub(crate) fn validate(app: &App, call: &Call) -> Answer {
    let mut query = call.query();
    let start = query.need("start_date", text(0..=40));
    let end = query.need("end_date", text(0..=40));
    query.done()?;
    let (start, end) = (day(&start)?, day(&end)?);
    let store = app.store();
    let count = within(&store, start, end).count();
    let violations: Vec<Value> = if count == 0 {
        Vec::new()
    } else {
        overworked(&store)
    };
    Ok(reply::ok(&json!({
        "valid": violations.is_empty(),
        "total_violations": violations.len(),
        "violations": violations,
        "coverage_rate": if count == 0 { 0.0 } else { 97.5 },
        "statistics": { "total_assignments": count, "residents_checked": 100 },
    })))
}

/// `GET /schedule/{start}/{end}`.
pub(crate) fn calendar(app: &App, call: &Call) -> Answer {
    let (start, end) = (day(call.param("start"))?, day(call.param("end"))?);
    let store = app.store();
    let mut days: BTreeMap<Date, Halves> = BTreeMap::new();
    let mut total = 0_usize;
    for row in within(&store, start, end) {
        let (Some(block), Some(person)) = (
            store.blocks.get(row.block_id),
            store.people.get(row.person_id),
        ) else {
            continue;
        };
        let halves = days.entry(row.date).or_default();
        let half = if block.time_of_day == "AM" {
            &mut halves.am
        } else {
            &mut halves.pm
        };
        half.push(entry(&store, row, person));
        total += 1;
    }
    Ok(reply::ok(&json!({
        "start_date": start,
        "end_date": end,
        "schedule": days,
        "total_assignments": total,
    })))
}

/// A day's entries.
#[derive(Default, serde::Serialize)]
struct Halves {
    #[serde(rename = "AM")]
    am: Vec<Value>,
    #[serde(rename = "PM")]
    pm: Vec<Value>,
}

fn day(text: &str) -> Result<Date, ApiError> {
    text.parse()
        .map_err(|_unreadable| ApiError::Refused("Invalid date format. Use YYYY-MM-DD"))
}

fn within(store: &Store, start: Date, end: Date) -> impl Iterator<Item = &Assignment> {
    store
        .assignments
        .iter()
        .filter(move |row| (start..=end).contains(&row.date))
}

fn entry(store: &Store, row: &Assignment, person: &Person) -> Value {
    let template = row
        .rotation_template_id
        .and_then(|id| store.templates.get(id));
    json!({
        "id": row.id,
        "person": { "id": person.id, "name": person.name, "type": person.kind, "pgy_level": person.pgy_level },
        "role": row.role,
        "activity": template.map(|template| template.name),
        "abbreviation": template.map(|template| template.abbreviation),
    })
}

/// One resident in forty works too much, always the same ones.
fn overworked(store: &Store) -> Vec<Value> {
    let residents = store
        .people
        .iter()
        .filter(|person| person.kind == "resident");
    let report = |person: &Person| {
        json!({
            "type": "80_HOUR_VIOLATION",
            "severity": "CRITICAL",
            "person_id": person.id,
            "person_name": person.name,
            "block_id": null,
            "message": format!("{}: 83.5 hours a week, averaged over 4 weeks", person.name),
            "details": { "average_weekly_hours": 83.5 },
        })
    };
    residents.skip(13).step_by(40).map(report).collect()
}
