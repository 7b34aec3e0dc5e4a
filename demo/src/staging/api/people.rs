//! People: lists with filters, one person, create, update, delete.
//!
//! Lists are not paged, as in the real application.

use uuid::Uuid;

use crate::staging::app::App;
use crate::staging::data::model::Person;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, flag, integer, one_of, text, texts};
use crate::staging::reply;

/// `GET /people`.
pub(crate) fn list(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let kind = query.may("type", one_of(&KINDS));
    filtered(app, kind, query)
}

/// `GET /people/residents`.
pub(crate) fn residents(app: &App, call: &Call, _caller: &Caller) -> Answer {
    filtered(app, Some("resident"), call.query())
}

/// `GET /people/faculty`.
pub(crate) fn faculty(app: &App, call: &Call, _caller: &Caller) -> Answer {
    filtered(app, Some("faculty"), call.query())
}

/// `GET /people/{person_id}`.
pub(crate) fn get(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("person_id")?;
    app.store().people.get(id).map(reply::ok).ok_or(UNKNOWN)
}

/// `POST /people`.
pub(crate) fn create(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut body = call.json()?;
    let (name, kind) = (
        body.need("name", text(1..=100)),
        body.need("type", one_of(&KINDS)),
    );
    let now = app.stamp();
    let mut person = Person {
        id: Uuid::new_v4(),
        name,
        kind: kind.to_owned(),
        email: None,
        personal_phone: None,
        pgy_level: None,
        performs_procedures: false,
        specialties: Vec::new(),
        primary_duty: None,
        faculty_role: None,
        min_clinic_halfdays_per_week: 0,
        max_clinic_halfdays_per_week: 4,
        admin_type: None,
        sunday_call_count: 0,
        weekday_call_count: 0,
        fmit_weeks_count: 0,
        created_at: now,
        updated_at: now,
    };
    change(&mut person, &mut body);
    body.done()?;
    if kind == "resident" && person.pgy_level.is_none() {
        return Err(ApiError::Refused("PGY level is required for residents"));
    }
    let mut store = app.store();
    if person.email.is_some() && store.people.iter().any(|other| other.email == person.email) {
        return Err(ApiError::Refused("A person with this email already exists"));
    }
    let response = reply::created(&person);
    store.people.insert(person);
    Ok(response)
}

/// `PUT /people/{person_id}`: the fields that are given.
pub(crate) fn update(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("person_id")?;
    let mut body = call.json()?;
    let mut store = app.store();
    let mut person = store.people.get(id).cloned().ok_or(UNKNOWN)?;
    body.overwrite("name", text(1..=100), &mut person.name);
    change(&mut person, &mut body);
    body.done()?;
    person.updated_at = app.stamp();
    let response = reply::ok(&person);
    if let Some(row) = store.people.get_mut(id) {
        *row = person;
    }
    Ok(response)
}

/// `DELETE /people/{person_id}`, with everything that hangs on the person.
pub(crate) fn delete(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("person_id")?;
    let mut store = app.store();
    store.people.remove(id).ok_or(UNKNOWN)?;
    store.assignments.remove_where(|row| row.person_id == id);
    store.absences.remove_where(|row| row.person_id == id);
    Ok(reply::nothing())
}

fn filtered(app: &App, kind: Option<&str>, mut query: Fields) -> Answer {
    let pgy = query.may("pgy_level", integer(1..=3));
    let specialty = query.may("specialty", text(1..=100));
    query.done()?;
    let store = app.store();
    let wanted = |person: &&Person| {
        kind.is_none_or(|kind| person.kind == kind)
            && (pgy.is_none() || person.pgy_level == pgy)
            && specialty
                .as_ref()
                .is_none_or(|wanted| person.specialties.contains(wanted))
    };
    let found: Vec<&Person> = store.people.iter().filter(wanted).collect();
    Ok(reply::list(&found))
}

/// Takes over the optional fields that were sent.
fn change(person: &mut Person, body: &mut Fields) {
    body.overwrite("email", text(3..=200), &mut person.email);
    body.overwrite("personal_phone", text(3..=40), &mut person.personal_phone);
    body.overwrite("pgy_level", integer(1..=3), &mut person.pgy_level);
    body.overwrite("primary_duty", text(0..=200), &mut person.primary_duty);
    body.overwrite("faculty_role", text(0..=50), &mut person.faculty_role);
    body.overwrite("performs_procedures", flag, &mut person.performs_procedures);
    body.overwrite("specialties", texts(10), &mut person.specialties);
    let (least, most) = (
        &mut person.min_clinic_halfdays_per_week,
        &mut person.max_clinic_halfdays_per_week,
    );
    body.overwrite("min_clinic_halfdays_per_week", integer(0..=10), least);
    body.overwrite("max_clinic_halfdays_per_week", integer(0..=10), most);
    if let Some(kind) = body.may("admin_type", one_of(&["GME", "DFM", "SM"])) {
        person.admin_type = Some(kind.to_owned());
    }
}

const KINDS: [&str; 3] = ["resident", "faculty", "staff"];
pub(super) const UNKNOWN: ApiError = ApiError::NotFound("Person not found");
