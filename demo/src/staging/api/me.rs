//! The dashboard of whoever is logged in.
//!
//! The richest answer about one person: schedule, swaps, absences, calendar link.

use serde_json::{Value, json};

use crate::staging::app::App;
use crate::staging::data::Store;
use crate::staging::data::calendar::TODAY;
use crate::staging::data::model::{Assignment, Swap};
use crate::staging::data::requests::later;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::integer;
use crate::staging::reply;

/// `GET /me/dashboard`.
pub(crate) fn dashboard(app: &App, call: &Call, caller: &Caller) -> Answer {
    let mut query = call.query();
    let ahead = query.may("days_ahead", integer(1..=365)).unwrap_or(30);
    query.done()?;
    let store = app.store();
    let id = caller.user.person;
    let person = store
        .people
        .get(id)
        .ok_or(ApiError::NotFound("No person linked to this account"))?;
    let days = TODAY..=later(TODAY, ahead);
    let upcoming: Vec<Value> = store
        .assignments
        .iter()
        .filter(|row| row.person_id == id && days.contains(&row.date))
        .map(|row| entry(&store, row))
        .collect();
    let involved = |swap: &&Swap| swap.source_faculty_id == id || swap.target_faculty_id == id;
    let swaps: Vec<&Swap> = store
        .swaps
        .iter()
        .filter(|swap| swap.status == "pending")
        .filter(involved)
        .collect();
    let absences: Vec<_> = store
        .absences
        .iter()
        .filter(|absence| absence.person_id == id)
        .collect();
    Ok(reply::ok(&json!({
        "user": {
            "id": person.id, "name": person.name, "role": caller.user.role, "email": person.email,
            "personal_phone": person.personal_phone, "pgy_level": person.pgy_level,
        },
        "upcoming_schedule": upcoming,
        "pending_swaps": swaps,
        "absences": absences,
        "calendar_sync_url": format!("/api/v1/calendar/feed/{}", caller.user.id.simple()),
        "summary": {
            "next_assignment": upcoming.first().map(|next| &next["date"]),
            "workload_next_4_weeks": upcoming.len(),
            "pending_swap_count": swaps.len(),
            "upcoming_absences": absences.len(),
        },
    })))
}

fn entry(store: &Store, row: &Assignment) -> Value {
    let template = row
        .rotation_template_id
        .and_then(|id| store.templates.get(id));
    json!({
        "assignment_id": row.id,
        "date": row.date,
        "time_of_day": store.blocks.get(row.block_id).map(|block| block.time_of_day),
        "activity": template.map(|template| template.name),
        "location": template.and_then(|template| template.clinic_location),
        "role": row.role,
    })
}
