//! Past and present runs of the solver.
//!
//! What `generate` started; anybody who is logged in may look.

use crate::staging::app::App;
use crate::staging::data::model::Run;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::reply;

/// `GET /schedule/runs`, newest first.
pub(crate) fn list(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let paging = query.paging(20, 100);
    query.done()?;
    let store = app.store();
    let runs: Vec<&Run> = store.runs.latest().collect();
    Ok(reply::page(&runs, paging))
}

/// `GET /schedule/runs/{run_id}`.
pub(crate) fn get(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("run_id")?;
    let store = app.store();
    let found = store.runs.get(id).map(reply::ok);
    found.ok_or(ApiError::NotFound("Schedule run not found"))
}
