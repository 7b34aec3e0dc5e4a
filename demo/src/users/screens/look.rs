//! Screens that only look: dashboard, week, calendar, rotations, rules, runs.
//!
//! Most of the traffic, and most of what carries no id.

use jiff::{Span, civil::Date};
use rand::RngExt;

use super::{Ask, some_field};
use crate::staging::TODAY;
use crate::users::session::Session;
use crate::users::wire::WireError;

pub(super) async fn dashboard(session: &mut Session) -> Result<(), WireError> {
    session.go("/dashboard");
    let days = if session.sometimes(3) { "30" } else { "14" };
    let reply = session
        .call(Ask::get("/me/dashboard").query(&[("days_ahead", days)]))
        .await?;
    if let Some(id) = reply.body["user"]["id"].as_str() {
        session.person = Some(id.to_owned());
    }
    Ok(())
}

/// The schedule of a week, with what the frontend loads beside it.
pub(super) async fn week(session: &mut Session) -> Result<(), WireError> {
    session.go("/schedule");
    let (start, end) = some_week(session);
    let range = [("start_date", start.as_str()), ("end_date", end.as_str())];
    let paged = [range[0], range[1], ("page", "1"), ("page_size", "100")];
    session.call(Ask::get("/assignments").query(&paged)).await?;
    session.call(Ask::get("/blocks").query(&range)).await?;
    if session.sometimes(3) {
        session.call(Ask::get("/rotation-templates")).await?;
    }
    if session.sometimes(3) {
        session.call(Ask::get("/absences").query(&paged)).await?;
    }
    Ok(())
}

/// One or two days with names.
pub(super) async fn calendar(session: &mut Session) -> Result<(), WireError> {
    session.go("/daily");
    let day = TODAY.saturating_add(Span::new().days(session.rng.random_range(-5..10)));
    let next = day.saturating_add(Span::new().days(session.rng.random_range(0..2)));
    let ask = Ask::get("/schedule/{start}/{end}")
        .at(&day.to_string())
        .at(&next.to_string());
    session.call(ask).await?;
    Ok(())
}

pub(super) async fn rotations(session: &mut Session) -> Result<(), WireError> {
    session.go("/rotations");
    let ask = Ask::get("/rotation-templates");
    let ask = if session.sometimes(2) {
        ask.query(&[("rotation_type", "outpatient")])
    } else {
        ask
    };
    session.call(ask).await?;
    Ok(())
}

/// One of the 28-day blocks, and one half day of it.
pub(super) async fn block(session: &mut Session) -> Result<(), WireError> {
    session.go("/blocks");
    let number = session.rng.random_range(3..7).to_string();
    let list = session
        .call(Ask::get("/blocks").query(&[("block_number", &number)]))
        .await?;
    if let Some(id) = some_field(session, &list, "items", "id") {
        session.call(Ask::get("/blocks/{block_id}").at(&id)).await?;
    }
    Ok(())
}

pub(super) async fn validate(session: &mut Session) -> Result<(), WireError> {
    session.go("/compliance");
    let (start, end) = some_week(session);
    let range = [("start_date", start.as_str()), ("end_date", end.as_str())];
    session
        .call(Ask::get("/schedule/validate").query(&range))
        .await?;
    Ok(())
}

pub(super) async fn runs(session: &mut Session) -> Result<(), WireError> {
    session.go("/schedule/runs");
    let list = session
        .call(Ask::get("/schedule/runs").query(&[("page", "1")]))
        .await?;
    if session.sometimes(3)
        && let Some(id) = some_field(session, &list, "items", "run_id")
    {
        session
            .call(Ask::get("/schedule/runs/{run_id}").at(&id))
            .await?;
    }
    Ok(())
}

/// Monday to Sunday of a week near today, mostly this one.
fn some_week(session: &mut Session) -> (String, String) {
    let weeks = [0, 0, 0, 1, 1, -1][session.rng.random_range(0..6_usize)];
    let start: Date = TODAY.saturating_add(Span::new().days(7 * weeks));
    let end = start.saturating_add(Span::new().days(6));
    (start.to_string(), end.to_string())
}
