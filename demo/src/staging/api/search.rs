//! Quick search over people and rotations.
//!
//! The query is what somebody typed, often a name, and it stands in the URL.

use serde_json::{Value, json};

use crate::staging::app::App;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::input::{integer, one_of, text};
use crate::staging::reply;

/// `GET /search/quick`.
pub(crate) fn quick(app: &App, call: &Call, _caller: &Caller) -> Answer {
    let mut query = call.query();
    let typed = query.need("query", text(1..=200));
    let kind = query.may("entity_type", one_of(&["person", "rotation"]));
    let limit = query.may("limit", integer(1..=50)).unwrap_or(10);
    query.done()?;
    let wanted = typed.to_lowercase();
    let matches = |name: &str| name.to_lowercase().contains(&wanted);
    let store = app.store();
    let people = store
        .people
        .iter()
        .filter(|person| matches(&person.name))
        .map(|person| {
            result(
                "person",
                &json!(person.id),
                &person.name,
                person.email.as_deref(),
            )
        });
    let rotations = store
        .templates
        .iter()
        .filter(|template| matches(template.name))
        .map(|template| {
            result(
                "rotation",
                &json!(template.id),
                template.name,
                template.clinic_location,
            )
        });
    let found: Vec<Value> = people
        .chain(rotations)
        .filter(|item| kind.is_none_or(|kind| item["entity_type"] == kind))
        .take(usize::try_from(limit).unwrap_or(10))
        .collect();
    Ok(reply::ok(
        &json!({ "query": typed, "total": found.len(), "results": found }),
    ))
}

fn result(kind: &str, id: &Value, title: &str, subtitle: Option<&str>) -> Value {
    json!({ "id": id, "entity_type": kind, "title": title, "subtitle": subtitle, "score": 1.0 })
}
