//! Screens about people: directory, one colleague, search, and what admins change.
//!
//! Names go over the wire in bodies, and in the URL of a search.

use rand::RngExt;
use serde_json::json;
use uuid::Uuid;

use super::{Ask, some_field};
use crate::random::pick;
use crate::users::session::{Reply, Session};
use crate::users::wire::WireError;
use crate::users::words::{NEW_PEOPLE, SEARCHES, handle};

pub(super) async fn directory(session: &mut Session) -> Result<(), WireError> {
    some_people(session).await?;
    if session.sometimes(2) {
        session.call(Ask::get("/rotation-templates")).await?;
    }
    Ok(())
}

/// Somebody's page, and at times their schedule too.
pub(super) async fn colleague(session: &mut Session) -> Result<(), WireError> {
    let list = some_people(session).await?;
    let Some(id) = some_field(session, &list, "items", "id") else {
        return Ok(());
    };
    session.go(&format!("/people/{id}"));
    session
        .call(Ask::get("/people/{person_id}").at(&id))
        .await?;
    if session.sometimes(2) {
        let query = [("person_id", id.as_str()), ("page_size", "20")];
        session.call(Ask::get("/assignments").query(&query)).await?;
    }
    Ok(())
}

/// A word, or the name of somebody on a list just seen.
pub(super) async fn search(session: &mut Session) -> Result<(), WireError> {
    let typed = if session.sometimes(2) {
        let list = some_people(session).await?;
        some_field(session, &list, "items", "name")
    } else {
        None
    };
    let typed = typed.unwrap_or_else(|| (*pick(&mut session.rng, &SEARCHES)).to_owned());
    let found = session
        .call(Ask::get("/search/quick").query(&[("query", &typed), ("limit", "10")]))
        .await?;
    let person = found.body["results"][0]["entity_type"] == "person";
    if person && let Some(id) = found.body["results"][0]["id"].as_str() {
        session.go(&format!("/search?q={}", typed.replace(' ', "+")));
        session.call(Ask::get("/people/{person_id}").at(id)).await?;
    }
    Ok(())
}

pub(super) async fn create(session: &mut Session) -> Result<(), WireError> {
    session.go("/admin/people/new");
    let name = *pick(&mut session.rng, &NEW_PEOPLE);
    // Addresses are unique in staging, also over several runs of one seed.
    let (unique, _) = Uuid::new_v4().as_u64_pair();
    let body = json!({
        "name": name,
        "type": "resident",
        "email": format!("{}.{}@pacific-health.example", handle(name), unique % 1_000_000),
        "personal_phone": phone(session),
        "pgy_level": session.rng.random_range(1..=3),
        "performs_procedures": false,
    });
    let made = session.call(Ask::post("/people").json(body)).await?;
    if let Some(id) = made.body["id"].as_str() {
        session.call(Ask::get("/people/{person_id}").at(id)).await?;
    }
    Ok(())
}

pub(super) async fn edit(session: &mut Session) -> Result<(), WireError> {
    let list = some_people(session).await?;
    let Some(id) = some_field(session, &list, "items", "id") else {
        return Ok(());
    };
    session.go(&format!("/admin/people/{id}"));
    session
        .call(Ask::get("/people/{person_id}").at(&id))
        .await?;
    let body = json!({ "personal_phone": phone(session), "max_clinic_halfdays_per_week": 5 });
    session
        .call(Ask::put("/people/{person_id}").at(&id).json(body))
        .await?;
    Ok(())
}

/// Residents of one year, all faculty, or everybody.
pub(super) async fn some_people(session: &mut Session) -> Result<Reply, WireError> {
    session.go("/people");
    let ask = match session.rng.random_range(0..6) {
        0..3 => {
            let year = session.rng.random_range(1..=3).to_string();
            Ask::get("/people/residents").query(&[("pgy_level", &year)])
        }
        3 | 4 => Ask::get("/people/faculty"),
        _ => Ask::get("/people"),
    };
    session.call(ask).await
}

fn phone(session: &mut Session) -> String {
    format!("(907) 555-01{:02}", session.rng.random_range(0..100))
}
