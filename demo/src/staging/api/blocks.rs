//! Blocks and rotation templates: what does not concern any person.
//!
//! Blocks are open to anybody.

use crate::staging::app::App;
use crate::staging::data::model::{Block, Template};
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{date, flag, integer, text};
use crate::staging::reply;

/// `GET /blocks`.
pub(crate) fn list(app: &App, call: &Call) -> Answer {
    let mut query = call.query();
    let (from, to) = (query.may("start_date", date), query.may("end_date", date));
    let number = query.may("block_number", integer(0..=14));
    query.done()?;
    let store = app.store();
    let wanted = |block: &&Block| {
        from.is_none_or(|from| block.date >= from)
            && to.is_none_or(|to| block.date <= to)
            && number.is_none_or(|number| block.block_number == number)
    };
    let found: Vec<&Block> = store.blocks.iter().filter(wanted).collect();
    Ok(reply::list(&found))
}

/// `GET /blocks/{block_id}`.
pub(crate) fn get(app: &App, call: &Call) -> Answer {
    let id = call.id("block_id")?;
    let store = app.store();
    let found = store.blocks.get(id).map(reply::ok);
    found.ok_or(ApiError::NotFound("Block not found"))
}

/// `GET /rotation-templates`.
pub(crate) fn templates(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let kind = query.may("rotation_type", text(1..=50));
    let archived = query.may("include_archived", flag).unwrap_or(false);
    query.done()?;
    let store = app.store();
    let wanted = |template: &&Template| {
        kind.as_ref()
            .is_none_or(|kind| template.rotation_type == kind)
            && (archived || !template.is_archived)
    };
    let found: Vec<&Template> = store.templates.iter().filter(wanted).collect();
    Ok(reply::list(&found))
}
