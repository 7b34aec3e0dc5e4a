//! Screens about leave: chains in which each request needs what the answers before it gave.
//!
//! A form's token, an identifier that was made just now, the entity tag of what was read.

use rand::RngExt;
use serde_json::json;

use super::requests::days_from_today;
use super::{Ask, some_field};
use crate::random::pick;
use crate::users::session::{Reply, Session};
use crate::users::wire::WireError;
use crate::users::words::{ABSENCE_NOTES, ABSENCES, APPROVAL_NOTES};

/// Asks for leave and looks at it; at times the dates change.
pub(super) async fn mine(session: &mut Session) -> Result<(), WireError> {
    session.go("/my/leave/new");
    let Some(id) = ask_for(session, None).await? else {
        return Ok(());
    };
    let row = read(session, &id).await?;
    if session.sometimes(3) {
        correct(session, &id, &row).await?;
    }
    if session.sometimes(3)
        && let Some(me) = row.body["person_id"].as_str()
    {
        let query = [("person_id", me), ("page", "1"), ("page_size", "20")];
        session.call(Ask::get("/leave").query(&query)).await?;
    }
    Ok(())
}

/// Enters leave for a resident, corrects it and decides on it; some of it is withdrawn.
pub(super) async fn manage(session: &mut Session) -> Result<(), WireError> {
    session.go("/admin/leave");
    let year = session.rng.random_range(1..=3).to_string();
    let list = session
        .call(Ask::get("/people/residents").query(&[("pgy_level", &year)]))
        .await?;
    let person = some_field(session, &list, "items", "id");
    session.go("/admin/leave/new");
    let Some(id) = ask_for(session, person.as_deref()).await? else {
        return Ok(());
    };
    session.go(&format!("/admin/leave/{id}"));
    let row = read(session, &id).await?;
    correct(session, &id, &row).await?;
    approve(session, &id).await?;
    if session.sometimes(3) {
        session
            .call(Ask::delete("/leave/{leave_id}").at(&id))
            .await?;
    }
    Ok(())
}

/// Sends the form, for oneself if for nobody else; the id of what came of it.
async fn ask_for(session: &mut Session, person: Option<&str>) -> Result<Option<String>, WireError> {
    let form = session.call(Ask::get("/leave/form")).await?;
    let token = form.body["csrf_token"].as_str();
    let person = person.or_else(|| form.body["person_id"].as_str());
    let (Some(token), Some(person)) = (token, person) else {
        return Ok(None);
    };
    let (kind, note) = *pick(&mut session.rng, &ABSENCES);
    let first = session.rng.random_range(3..120);
    let last = first + session.rng.random_range(1..10);
    let pairs = [
        ("person_id", person),
        ("leave_type", kind),
        ("start_date", &*days_from_today(first).to_string()),
        ("end_date", &days_from_today(last).to_string()),
        ("reason", ABSENCE_NOTES[note]),
        ("csrf_token", token),
    ];
    let made = session.call(Ask::post("/leave").form(&pairs)).await?;
    Ok(made.body["id"].as_str().map(str::to_owned))
}

async fn read(session: &mut Session, id: &str) -> Result<Reply, WireError> {
    session.call(Ask::get("/leave/{leave_id}").at(id)).await
}

/// Makes it longer, if nobody has changed it since it was read.
async fn correct(session: &mut Session, id: &str, row: &Reply) -> Result<(), WireError> {
    let Some(tag) = &row.tag else {
        return Ok(());
    };
    let end = days_from_today(session.rng.random_range(130..140));
    let ask = Ask::put("/leave/{leave_id}").at(id).header("if-match", tag);
    session.call(ask.json(json!({ "end_date": end }))).await?;
    Ok(())
}

/// Decides, with a token that a form of its own gave.
async fn approve(session: &mut Session, id: &str) -> Result<(), WireError> {
    let form = session.call(Ask::get("/leave/form")).await?;
    let Some(token) = form.body["csrf_token"].as_str() else {
        return Ok(());
    };
    let body = json!({
        "approved": !session.sometimes(4),
        "notes": pick(&mut session.rng, &APPROVAL_NOTES),
    });
    let ask = Ask::post("/leave/{leave_id}/approval").at(id).json(body);
    session.call(ask.header("x-csrf-token", token)).await?;
    Ok(())
}
