//! Absences: paged list with filters, create, update, delete.
//!
//! Anybody who is logged in may do all of it, as in the real application.

use uuid::Uuid;

use super::people;
use crate::staging::app::App;
use crate::staging::data::model::Absence;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, date, flag, one_of, plannable, text, uuid};
use crate::staging::reply;

/// `GET /absences`.
pub(crate) fn list(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let (from, to) = (query.may("start_date", date), query.may("end_date", date));
    let person = query.may("person_id", uuid);
    let kind = query.may("absence_type", one_of(&TYPES));
    let paging = query.paging(100, 500);
    query.done()?;
    let store = app.store();
    let wanted = |row: &&Absence| {
        from.is_none_or(|from| row.end_date >= from)
            && to.is_none_or(|to| row.start_date <= to)
            && person.is_none_or(|person| row.person_id == person)
            && kind.is_none_or(|kind| row.absence_type == kind)
    };
    let found: Vec<&Absence> = store.absences.iter().filter(wanted).collect();
    Ok(reply::page(&found, paging))
}

/// `POST /absences`.
pub(crate) fn create(app: &App, call: &Call, caller: &Caller) -> Answer {
    let mut body = call.json()?;
    let mut row = Absence {
        id: Uuid::new_v4(),
        person_id: body.need("person_id", uuid),
        status: "approved",
        start_date: body.need("start_date", plannable),
        end_date: body.need("end_date", plannable),
        absence_type: body.need("absence_type", one_of(&TYPES)).to_owned(),
        deployment_orders: false,
        tdy_location: None,
        replacement_activity: None,
        notes: None,
        is_blocking: true,
        return_date_tentative: false,
        is_away_from_program: false,
        created_by_id: Some(caller.user.id),
        created_at: app.stamp(),
    };
    change(&mut row, &mut body);
    body.done()?;
    let mut store = app.store();
    store.people.get(row.person_id).ok_or(people::UNKNOWN)?;
    let response = reply::created(&row);
    store.absences.insert(row);
    Ok(response)
}

/// `PUT /absences/{absence_id}`: the fields that are given.
pub(crate) fn update(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("absence_id")?;
    let mut body = call.json()?;
    let mut store = app.store();
    let mut row = store.absences.get(id).cloned().ok_or(UNKNOWN)?;
    body.overwrite("start_date", plannable, &mut row.start_date);
    body.overwrite("end_date", plannable, &mut row.end_date);
    body.overwrite("absence_type", one_of(&TYPES), &mut row.absence_type);
    change(&mut row, &mut body);
    body.done()?;
    let response = reply::ok(&row);
    if let Some(kept) = store.absences.get_mut(id) {
        *kept = row;
    }
    Ok(response)
}

/// `DELETE /absences/{absence_id}`.
pub(crate) fn delete(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("absence_id")?;
    app.store().absences.remove(id).ok_or(UNKNOWN)?;
    Ok(reply::nothing())
}

/// Takes over the optional fields that were sent, and checks the order of the dates.
fn change(row: &mut Absence, body: &mut Fields) {
    body.overwrite("tdy_location", text(0..=200), &mut row.tdy_location);
    body.overwrite("notes", text(0..=1000), &mut row.notes);
    body.overwrite(
        "replacement_activity",
        text(0..=200),
        &mut row.replacement_activity,
    );
    body.overwrite("deployment_orders", flag, &mut row.deployment_orders);
    body.overwrite("is_blocking", flag, &mut row.is_blocking);
    body.overwrite(
        "return_date_tentative",
        flag,
        &mut row.return_date_tentative,
    );
    body.overwrite("is_away_from_program", flag, &mut row.is_away_from_program);
    if row.end_date < row.start_date {
        body.complain("end_date", END_BEFORE_START);
    }
}

/// What is said of dates in the wrong order.
pub(super) const END_BEFORE_START: &str = "Value error, end_date must be on or after start_date";

/// Why somebody may be away.
pub(super) const TYPES: [&str; 13] = [
    "vacation",
    "deployment",
    "tdy",
    "medical",
    "family_emergency",
    "conference",
    "bereavement",
    "emergency_leave",
    "sick",
    "convalescent",
    "maternity_paternity",
    "training",
    "military_duty",
];
const UNKNOWN: ApiError = ApiError::NotFound("Absence not found");
