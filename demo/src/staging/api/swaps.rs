//! Swaps: history, one, request, check, approval.
//!
//! People ask for their own weeks only; admins and coordinators for anybody's, and they decide.

use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use crate::staging::app::App;
use crate::staging::data::Store;
use crate::staging::data::model::Swap;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{Fields, date, flag, one_of, text, uuid};
use crate::staging::reply;

/// `GET /swaps/history`, newest first.
pub(crate) fn history(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let person = query.may("faculty_id", uuid);
    let status = query.may("status", one_of(&["pending", "approved", "rejected"]));
    let (from, to) = (query.may("start_date", date), query.may("end_date", date));
    let paging = query.paging(20, 100);
    query.done()?;
    let store = app.store();
    let wanted = |swap: &&Swap| {
        person.is_none_or(|id| swap.source_faculty_id == id || swap.target_faculty_id == id)
            && status.is_none_or(|status| swap.status == status)
            && from.is_none_or(|from| swap.source_week >= from)
            && to.is_none_or(|to| swap.source_week <= to)
    };
    let found: Vec<&Swap> = store.swaps.latest().filter(wanted).collect();
    Ok(reply::page(&found, paging))
}

/// `GET /swaps/{swap_id}`.
pub(crate) fn get(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let id = call.id("swap_id")?;
    app.store().swaps.get(id).map(reply::ok).ok_or(UNKNOWN)
}

/// `POST /swaps/request`.
pub(crate) fn request(app: &App, call: &Call, caller: &Caller) -> Answer {
    let wish = Wish::read(call)?;
    let mut store = app.store();
    let (source, target) = wish.names(&store)?;
    if wish.source != caller.user.person && !caller.user.role.manages_schedules() {
        return Err(ApiError::Forbidden(
            "You can only request swaps for your own weeks",
        ));
    }
    if let Some(problem) = wish.problem(&store) {
        return Err(ApiError::Refused(problem));
    }
    let swap = Swap {
        id: Uuid::new_v4(),
        source_faculty_id: wish.source,
        source_faculty_name: source,
        source_week: wish.source_week,
        target_faculty_id: wish.target,
        target_faculty_name: target,
        target_week: wish.target_week,
        swap_type: wish.kind.to_owned(),
        status: "pending",
        reason: wish.reason,
        notes: None,
        requested_at: app.stamp(),
        approved_by: None,
        approved_at: None,
    };
    let response = reply::ok(&json!({
        "success": true,
        "swap_id": swap.id,
        "status": swap.status,
        "message": "Swap request created",
    }));
    store.swaps.insert(swap);
    Ok(response)
}

/// `POST /swaps/validate`.
pub(crate) fn validate(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let wish = Wish::read(call)?;
    let store = app.store();
    wish.names(&store)?;
    let errors: Vec<&str> = wish.problem(&store).into_iter().collect();
    Ok(reply::ok(&json!({
        "valid": errors.is_empty(),
        "errors": errors,
        "warnings": [],
        "back_to_back_conflict": false,
        "external_conflict": null,
    })))
}

/// `POST /swaps/{swap_id}/approval`.
pub(crate) fn approve(app: &App, call: &Call, caller: &Caller) -> Answer {
    let id = call.id("swap_id")?;
    let mut body = call.json()?;
    let approved = body.need("approved", flag);
    let notes = body.may("notes", text(0..=500));
    body.done()?;
    let mut store = app.store();
    let swap = store.swaps.get_mut(id).ok_or(UNKNOWN)?;
    if swap.status != "pending" {
        return Err(ApiError::Refused("Swap is not pending"));
    }
    swap.status = if approved { "approved" } else { "rejected" };
    swap.notes = notes;
    swap.approved_by = Some(caller.user.username.clone());
    swap.approved_at = Some(app.stamp());
    Ok(reply::ok(&json!({
        "success": true,
        "swap_id": id,
        "status": swap.status,
        "message": format!("Swap {}", swap.status),
    })))
}

/// What somebody wants to trade.
struct Wish {
    source: Uuid,
    source_week: Date,
    target: Uuid,
    target_week: Option<Date>,
    kind: &'static str,
    reason: Option<String>,
}

impl Wish {
    fn read(call: &Call) -> Result<Self, ApiError> {
        let mut body: Fields = call.json()?;
        let wish = Self {
            source: body.need("source_faculty_id", uuid),
            source_week: body.need("source_week", date),
            target: body.need("target_faculty_id", uuid),
            target_week: body.may("target_week", date),
            kind: body.need("swap_type", one_of(&["one_to_one", "absorb"])),
            reason: body.may("reason", text(0..=500)),
        };
        body.done()?;
        Ok(wish)
    }

    /// Names of both sides, who must exist.
    fn names(&self, store: &Store) -> Result<(String, String), ApiError> {
        let name = |id| store.people.get(id).map(|person| person.name.clone());
        let both = name(self.source).zip(name(self.target));
        both.ok_or(ApiError::NotFound("Faculty member not found"))
    }

    /// Why the trade cannot be made.
    fn problem(&self, store: &Store) -> Option<&'static str> {
        let same = |swap: &Swap| {
            swap.status == "pending"
                && (swap.source_faculty_id, swap.target_faculty_id) == (self.source, self.target)
                && swap.source_week == self.source_week
        };
        if self.source == self.target {
            Some("Source and target must be different people")
        } else if self.kind == "one_to_one" && self.target_week.is_none() {
            Some("target_week is required for one-to-one swaps")
        } else {
            store
                .swaps
                .iter()
                .any(same)
                .then_some("A swap for this week is already pending")
        }
    }
}

const UNKNOWN: ApiError = ApiError::NotFound("Swap not found");
