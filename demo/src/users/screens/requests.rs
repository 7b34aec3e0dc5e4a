//! Screens about absences and swaps, and what people ask for there.
//!
//! The free texts in these bodies are the most personal of the traffic.

use jiff::{Span, civil::Date};
use rand::RngExt;
use serde_json::{Value, json};

use super::{Ask, some_field};
use crate::random::{pick, unseeded};
use crate::staging::TODAY;
use crate::users::session::Session;
use crate::users::wire::WireError;
use crate::users::words::{ABSENCE_NOTES, ABSENCES, APPROVAL_NOTES, DUTY_PLACES, SWAP_REASONS};

pub(super) async fn absences(session: &mut Session) -> Result<(), WireError> {
    session.go("/absences");
    let (start, end) = (days_from_today(-14), days_from_today(28));
    let (start, end) = (start.to_string(), end.to_string());
    let query = [
        ("start_date", start.as_str()),
        ("end_date", &end),
        ("page", "1"),
        ("page_size", "50"),
    ];
    session.call(Ask::get("/absences").query(&query)).await?;
    if session.sometimes(3) {
        session
            .call(Ask::get("/absences").query(&[("absence_type", "deployment")]))
            .await?;
    }
    Ok(())
}

pub(super) async fn my_absences(session: &mut Session) -> Result<(), WireError> {
    session.go("/my/absences");
    let Some(me) = session.person.clone() else {
        return Ok(());
    };
    session
        .call(Ask::get("/absences").query(&[("person_id", &me)]))
        .await?;
    Ok(())
}

/// Enters an absence; some are changed again, some withdrawn.
pub(super) async fn new_absence(session: &mut Session) -> Result<(), WireError> {
    session.go("/my/absences/new");
    let Some(me) = session.person.clone() else {
        return Ok(());
    };
    let body = absence(session, &me);
    let made = session.call(Ask::post("/absences").json(body)).await?;
    let Some(id) = made.body["id"].as_str() else {
        return Ok(());
    };
    session
        .call(Ask::get("/absences").query(&[("person_id", &me)]))
        .await?;
    if session.sometimes(4) {
        let note = *pick(&mut session.rng, &ABSENCE_NOTES);
        let body = json!({ "notes": note, "return_date_tentative": true });
        session
            .call(Ask::put("/absences/{absence_id}").at(id).json(body))
            .await?;
    } else if session.sometimes(5) {
        session
            .call(Ask::delete("/absences/{absence_id}").at(id))
            .await?;
    }
    Ok(())
}

/// The history, and at times one of it.
pub(super) async fn swaps(session: &mut Session) -> Result<(), WireError> {
    session.go("/swaps");
    let list = session
        .call(Ask::get("/swaps/history").query(&[("page", "1"), ("page_size", "20")]))
        .await?;
    if session.sometimes(3)
        && let Some(id) = some_field(session, &list, "items", "id")
    {
        session.call(Ask::get("/swaps/{swap_id}").at(&id)).await?;
    }
    Ok(())
}

/// Picks a partner, has the trade checked, and asks for it.
pub(super) async fn new_swap(session: &mut Session) -> Result<(), WireError> {
    session.go("/swaps/new");
    let list = session.call(Ask::get("/people/faculty")).await?;
    let partner =
        some_field(session, &list, "items", "id").filter(|id| session.person.as_ref() != Some(id));
    let (Some(me), Some(partner)) = (session.person.clone(), partner) else {
        return Ok(());
    };
    // Far enough out that nobody asks twice for the same week.
    let week = days_from_today(7 * unseeded().random_range(2..180));
    let body = json!({
        "source_faculty_id": me,
        "source_week": week,
        "target_faculty_id": partner,
        "target_week": week.saturating_add(Span::new().days(7)),
        "swap_type": "one_to_one",
        "reason": pick(&mut session.rng, &SWAP_REASONS),
    });
    let check = session
        .call(Ask::post("/swaps/validate").json(body.clone()))
        .await?;
    if check.body["valid"] == true {
        let made = session.call(Ask::post("/swaps/request").json(body)).await?;
        if let Some(id) = made.body["swap_id"].as_str() {
            session.call(Ask::get("/swaps/{swap_id}").at(id)).await?;
        }
    }
    Ok(())
}

/// Decides on one of the waiting swaps.
pub(super) async fn approve_swap(session: &mut Session) -> Result<(), WireError> {
    session.go("/admin/swaps");
    let query = [("status", "pending"), ("page", "1"), ("page_size", "50")];
    let list = session
        .call(Ask::get("/swaps/history").query(&query))
        .await?;
    let found = some_field(session, &list, "items", "id");
    let Some(id) = found.filter(|id| session.turns.decides(id)) else {
        return Ok(());
    };
    let body = json!({
        "approved": !session.sometimes(4),
        "notes": pick(&mut session.rng, &APPROVAL_NOTES),
    });
    session
        .call(Ask::post("/swaps/{swap_id}/approval").at(&id).json(body))
        .await?;
    Ok(())
}

fn absence(session: &mut Session, person: &str) -> Value {
    let (kind, note) = *pick(&mut session.rng, &ABSENCES);
    let start = days_from_today(session.rng.random_range(3..120));
    let place = (kind == "tdy").then(|| *pick(&mut session.rng, &DUTY_PLACES));
    json!({
        "person_id": person,
        "start_date": start,
        "end_date": start.saturating_add(Span::new().days(session.rng.random_range(1..10))),
        "absence_type": kind,
        "tdy_location": place,
        "notes": ABSENCE_NOTES[note],
        "is_away_from_program": place.is_some(),
    })
}

/// A date near the one on which the demo plays.
pub(super) fn days_from_today(days: i64) -> Date {
    TODAY.saturating_add(Span::new().days(days))
}
