//! Screens about assignments, and the work of those who manage schedules.
//!
//! Edits carry the version that was read; new assignments go where nobody else looks.

use std::time::Duration;

use jiff::Span;
use rand::RngExt;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::{Ask, some_field};
use crate::random::{pick, unseeded};
use crate::staging::TODAY;
use crate::users::session::{Reply, Session};
use crate::users::wire::WireError;
use crate::users::words::ASSIGNMENT_NOTES;

/// One assignment and whose it is.
pub(super) async fn look(session: &mut Session) -> Result<(), WireError> {
    let Some(row) = some_assignment(session).await? else {
        return Ok(());
    };
    if let Some(person) = row.body["person_id"].as_str() {
        session
            .call(Ask::get("/people/{person_id}").at(person))
            .await?;
    }
    Ok(())
}

/// Adds a note to an assignment, under the version just read.
pub(super) async fn edit(session: &mut Session) -> Result<(), WireError> {
    let Some(row) = some_assignment(session).await? else {
        return Ok(());
    };
    let Some(id) = row.body["id"].as_str() else {
        return Ok(());
    };
    let body = json!({
        "updated_at": row.body["updated_at"],
        "notes": pick(&mut session.rng, &ASSIGNMENT_NOTES),
    });
    session
        .call(Ask::put("/assignments/{assignment_id}").at(id).json(body))
        .await?;
    Ok(())
}

/// Assigns a resident some weeks from now; half of it is taken back.
pub(super) async fn create(session: &mut Session) -> Result<(), WireError> {
    session.go("/schedule/edit");
    // No seed here: one run after another must not fill the same half days.
    let (from, nth) = (
        unseeded().random_range(21..140),
        unseeded().random_range(0..1000),
    );
    let start = TODAY.saturating_add(Span::new().days(from));
    let end = start.saturating_add(Span::new().days(6));
    let range = [
        ("start_date", &*start.to_string()),
        ("end_date", &*end.to_string()),
    ];
    let blocks = session.call(Ask::get("/blocks").query(&range)).await?;
    let residents = session.call(Ask::get("/people/residents")).await?;
    let (Some(block), Some(person)) = (nth_id(&blocks, nth), nth_id(&residents, nth)) else {
        return Ok(());
    };
    let body = json!({
        "block_id": block,
        "person_id": person,
        "role": "primary",
        "notes": pick(&mut session.rng, &ASSIGNMENT_NOTES),
    });
    let made = session.call(Ask::post("/assignments").json(body)).await?;
    if session.sometimes(2)
        && let Some(id) = made.body["id"].as_str()
    {
        session
            .call(Ask::delete("/assignments/{assignment_id}").at(id))
            .await?;
    }
    Ok(())
}

/// Has a schedule generated if it is time, else looks at the past runs.
pub(super) async fn generate(session: &mut Session) -> Result<(), WireError> {
    let Some((start, end)) = session.turns.take() else {
        return super::look::runs(session).await;
    };
    session.go("/schedule/generate");
    let body = json!({
        "start_date": start,
        "end_date": end,
        "algorithm": "cp_sat",
        "timeout_seconds": 60,
        "create_draft": true,
    });
    let ask = Ask::post("/schedule/generate").json(body);
    let ask = ask.header("idempotency-key", &Uuid::new_v4().to_string());
    if session.sometimes(3) {
        let begun = session.call(ask.header("prefer", "respond-async")).await?;
        return follow(session, &begun).await;
    }
    session.call(ask).await?;
    session
        .call(Ask::get("/schedule/runs").query(&[("page", "1")]))
        .await?;
    Ok(())
}

/// Asks for a run until it has ended.
async fn follow(session: &mut Session, begun: &Reply) -> Result<(), WireError> {
    let Some(id) = begun.body["run_id"].as_str() else {
        return Ok(());
    };
    for _ in 0..MOST_POLLS {
        sleep(POLL).await;
        let run = session
            .call(Ask::get("/schedule/runs/{run_id}").at(id))
            .await?;
        if run.body["status"] != "running" {
            break;
        }
    }
    Ok(())
}

/// One out of a day's list, read in full.
async fn some_assignment(session: &mut Session) -> Result<Option<Reply>, WireError> {
    session.go("/schedule/day");
    let day = TODAY
        .saturating_add(Span::new().days(session.rng.random_range(0..5)))
        .to_string();
    let page = session.rng.random_range(1..=5).to_string();
    let query = [
        ("start_date", day.as_str()),
        ("end_date", &day),
        ("page", &page),
        ("page_size", "20"),
    ];
    let list = session.call(Ask::get("/assignments").query(&query)).await?;
    let Some(id) = some_field(session, &list, "items", "id") else {
        return Ok(None);
    };
    let row = session
        .call(Ask::get("/assignments/{assignment_id}").at(&id))
        .await?;
    Ok(Some(row))
}

fn nth_id(list: &Reply, nth: usize) -> Option<&str> {
    let items = list.body["items"].as_array()?;
    items.get(nth % items.len().max(1))?["id"].as_str()
}

const POLL: Duration = Duration::from_millis(300);
const MOST_POLLS: u32 = 100;
