//! Assignments: paged list with filters, one, create, update with a version check, delete.
//!
//! `updated_at` is the version: an update that was read before another's write is a conflict.

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use crate::staging::app::App;
use crate::staging::data::model::Assignment;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, date, moment, one_of, text, uuid};
use crate::staging::reply;

/// `GET /assignments`.
pub(crate) fn list(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let (from, to) = (query.may("start_date", date), query.may("end_date", date));
    let person = query.may("person_id", uuid);
    let role = query.may("role", one_of(&ROLES));
    let kind = query.may("rotation_type", text(1..=50));
    let paging = query.paging(100, 5000);
    query.done()?;
    let store = app.store();
    let templates: Option<HashSet<Uuid>> = kind.map(|kind| {
        let of_kind = store
            .templates
            .iter()
            .filter(|template| template.rotation_type == kind);
        of_kind.map(|template| template.id).collect()
    });
    let wanted = |row: &&Assignment| {
        from.is_none_or(|from| row.date >= from)
            && to.is_none_or(|to| row.date <= to)
            && person.is_none_or(|person| row.person_id == person)
            && role.is_none_or(|role| row.role == role)
            && templates.as_ref().is_none_or(|known| {
                row.rotation_template_id
                    .is_some_and(|id| known.contains(&id))
            })
    };
    let found: Vec<&Assignment> = store.assignments.iter().filter(wanted).collect();
    Ok(reply::page(&found, paging))
}

/// `GET /assignments/{assignment_id}`.
pub(crate) fn get(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("assignment_id")?;
    app.store()
        .assignments
        .get(id)
        .map(reply::ok)
        .ok_or(UNKNOWN)
}

/// `POST /assignments`.
pub(crate) fn create(app: &App, call: &Call, caller: &Caller) -> Answer {
    let mut body = call.json()?;
    let (block_id, person_id) = (body.need("block_id", uuid), body.need("person_id", uuid));
    let role = body.need("role", one_of(&ROLES));
    let now = app.stamp();
    let mut row = Assignment {
        id: Uuid::new_v4(),
        block_id,
        person_id,
        rotation_template_id: None,
        role: role.to_owned(),
        activity_override: None,
        notes: None,
        override_reason: None,
        created_by: body.may("created_by", text(0..=200)),
        created_at: now,
        updated_at: now,
        override_acknowledged_at: None,
        confidence: None,
        score: None,
        date: now.date(),
    };
    row.created_by
        .get_or_insert_with(|| caller.user.username.clone());
    change(&mut row, &mut body);
    body.done()?;
    let mut store = app.store();
    row.date = store
        .blocks
        .get(block_id)
        .ok_or(ApiError::Refused("Block not found"))?
        .date;
    store
        .people
        .get(person_id)
        .ok_or(ApiError::Refused("Person not found"))?;
    if store
        .assignments
        .iter()
        .any(|other| (other.block_id, other.person_id) == (block_id, person_id))
    {
        return Err(ApiError::Refused("Person already assigned to this block"));
    }
    let response = with_warnings(&row)?;
    store.assignments.insert(row);
    Ok(response)
}

/// `PUT /assignments/{assignment_id}`.
pub(crate) fn update(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("assignment_id")?;
    let mut body = call.json()?;
    let version = body.need("updated_at", moment);
    let mut store = app.store();
    let mut row = store.assignments.get(id).cloned().ok_or(UNKNOWN)?;
    body.overwrite("role", one_of(&ROLES), &mut row.role);
    change(&mut row, &mut body);
    body.done()?;
    if row.updated_at != version {
        return Err(ApiError::Conflict(
            "Assignment has been modified by another user",
        ));
    }
    row.updated_at = app.stamp();
    let response = reply::ok(&row);
    if let Some(kept) = store.assignments.get_mut(id) {
        *kept = row;
    }
    Ok(response)
}

/// `DELETE /assignments/{assignment_id}`.
pub(crate) fn delete(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("assignment_id")?;
    app.store().assignments.remove(id).ok_or(UNKNOWN)?;
    Ok(reply::nothing())
}

/// Takes over the optional fields that were sent.
fn change(row: &mut Assignment, body: &mut Fields) {
    body.overwrite("rotation_template_id", uuid, &mut row.rotation_template_id);
    body.overwrite(
        "activity_override",
        text(0..=200),
        &mut row.activity_override,
    );
    body.overwrite("notes", text(0..=1000), &mut row.notes);
    body.overwrite("override_reason", text(0..=500), &mut row.override_reason);
}

/// The new assignment, with the verdict on work hours that the application adds.
fn with_warnings(row: &Assignment) -> Answer {
    let mut body = serde_json::to_value(row).map_err(|_never| ApiError::Internal)?;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("acgme_warnings".to_owned(), json!([]));
        fields.insert("is_compliant".to_owned(), json!(true));
    }
    Ok(reply::created(&body))
}

const ROLES: [&str; 3] = ["primary", "supervising", "backup"];
const UNKNOWN: ApiError = ApiError::NotFound("Assignment not found");
