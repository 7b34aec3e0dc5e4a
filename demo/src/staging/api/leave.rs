//! Leave: paged list, one, a form to ask for it, update under its entity tag, approval, delete.
//!
//! People act on their own leave only; admins and coordinators on anybody's, and they decide.

use axum::http::{HeaderValue, header};
use serde_json::json;
use uuid::Uuid;

use super::absences::{END_BEFORE_START, TYPES};
use super::people;
use crate::staging::app::App;
use crate::staging::data::model::Leave;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, flag, one_of, plannable, text, uuid};
use crate::staging::reply;

/// `GET /leave`, newest first.
pub(crate) fn list(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let person = query.may("person_id", uuid);
    let paging = query.paging(20, 100);
    query.done()?;
    let store = app.store();
    let wanted = |row: &&Leave| person.is_none_or(|person| row.person_id == person);
    let found: Vec<&Leave> = store.leave.latest().filter(wanted).collect();
    Ok(reply::page(&found, paging))
}

/// `GET /leave/form`: what a request for leave and an approval have to bring.
pub(crate) fn form(app: &App, _call: &Call, caller: &Caller) -> Answer {
    let token = app.forms().give(caller.user.id);
    Ok(reply::ok(&json!({
        "csrf_token": token,
        "person_id": caller.user.person,
    })))
}

/// `GET /leave/{leave_id}`, with its entity tag.
pub(crate) fn get(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("leave_id")?;
    app.store().leave.get(id).ok_or(UNKNOWN).and_then(tagged)
}

/// `POST /leave`, the form that browsers send.
pub(crate) fn create(app: &App, call: &Call, caller: &Caller) -> Answer {
    let mut form = Fields::form(&call.body);
    let token = form.may("csrf_token", text(0..=200));
    app.forms().take(caller.user.id, token.as_deref())?;
    let row = Leave {
        id: Uuid::new_v4(),
        person_id: form.need("person_id", uuid),
        leave_type: form.need("leave_type", one_of(&TYPES)).to_owned(),
        status: "pending",
        start_date: form.need("start_date", plannable),
        end_date: form.need("end_date", plannable),
        reason: form.may("reason", text(0..=500)),
        notes: None,
        approved_by: None,
        approved_at: None,
        created_at: app.stamp(),
        tag: Uuid::new_v4(),
    };
    check_order(&row, &mut form);
    form.done()?;
    may_act(caller, &row)?;
    let mut store = app.store();
    store.people.get(row.person_id).ok_or(people::UNKNOWN)?;
    let response = reply::created(&row);
    store.leave.insert(row);
    Ok(response)
}

/// `PUT /leave/{leave_id}`: the fields that are given.
pub(crate) fn update(app: &App, call: &Call, caller: &Caller) -> Answer {
    let id = call.id("leave_id")?;
    let mut body = call.json()?;
    let mut store = app.store();
    let mut row = store.leave.get(id).cloned().ok_or(UNKNOWN)?;
    may_act(caller, &row)?;
    check_tag(call, &row)?;
    body.overwrite("start_date", plannable, &mut row.start_date);
    body.overwrite("end_date", plannable, &mut row.end_date);
    body.overwrite("leave_type", one_of(&TYPES), &mut row.leave_type);
    body.overwrite("reason", text(0..=500), &mut row.reason);
    check_order(&row, &mut body);
    body.done()?;
    row.tag = Uuid::new_v4();
    let response = tagged(&row);
    if let Some(kept) = store.leave.get_mut(id) {
        *kept = row;
    }
    response
}

/// `POST /leave/{leave_id}/approval`, with a form's token in `X-CSRF-Token`.
pub(crate) fn approve(app: &App, call: &Call, caller: &Caller) -> Answer {
    let id = call.id("leave_id")?;
    let token = call.header("x-csrf-token");
    app.forms().take(caller.user.id, token)?;
    let mut body = call.json()?;
    let approved = body.need("approved", flag);
    let notes = body.may("notes", text(0..=500));
    body.done()?;
    let mut store = app.store();
    let row = store.leave.get_mut(id).ok_or(UNKNOWN)?;
    if row.status != "pending" {
        return Err(ApiError::Conflict("Leave is already decided"));
    }
    row.status = if approved { "approved" } else { "rejected" };
    row.notes = notes;
    row.approved_by = Some(caller.user.username.clone());
    row.approved_at = Some(app.stamp());
    row.tag = Uuid::new_v4();
    tagged(row)
}

/// `DELETE /leave/{leave_id}`.
pub(crate) fn delete(app: &App, call: &Call, caller: &Caller) -> Answer {
    let id = call.id("leave_id")?;
    let mut store = app.store();
    may_act(caller, store.leave.get(id).ok_or(UNKNOWN)?)?;
    store.leave.remove(id);
    Ok(reply::nothing())
}

fn tagged(row: &Leave) -> Answer {
    let mut response = reply::ok(row);
    let tag = HeaderValue::from_str(&entity_tag(row)).map_err(|_never| ApiError::Internal)?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

fn entity_tag(row: &Leave) -> String {
    format!("\"{}\"", row.tag.simple())
}

/// Whoever changes leave says which state of it they saw.
fn check_tag(call: &Call, row: &Leave) -> Result<(), ApiError> {
    let seen = call
        .header("if-match")
        .ok_or(ApiError::Unconditional("If-Match header is required"))?;
    if seen != entity_tag(row) {
        return Err(ApiError::Stale("Leave has been modified by another user"));
    }
    Ok(())
}

fn may_act(caller: &Caller, row: &Leave) -> Result<(), ApiError> {
    if row.person_id == caller.user.person || caller.user.role.manages_schedules() {
        return Ok(());
    }
    Err(ApiError::Forbidden("You can only manage your own leave"))
}

fn check_order(row: &Leave, fields: &mut Fields) {
    if row.end_date < row.start_date {
        fields.complain("end_date", END_BEFORE_START);
    }
}

const UNKNOWN: ApiError = ApiError::NotFound("Leave not found");
