//! What is different from the recording beyond statuses: links without a value, shapes.

use crate::summary::{RouteDivergence, Summary, Unresolved};
use crate::words;

use super::text::section;

/// The sections of the text; nothing where nothing is different.
pub(super) fn sections(summary: &Summary) -> String {
    let titled = |name: &str, rows: Vec<Vec<String>>, columns: &[bool]| match rows.len() {
        0 | 1 => String::new(),
        _ => section(name, &words::table(&rows, columns)),
    };
    titled(
        "unresolved links",
        unresolved(summary),
        &[false, true, false],
    ) + &titled(
        "answers of another shape",
        shapes(summary),
        &[false, false, false, true],
    )
}

/// Links without a live value, by route, with the likely cause; the first row is the head.
pub(super) fn unresolved(summary: &Summary) -> Vec<Vec<String>> {
    let head = ["route", "places", "likely cause"]
        .map(str::to_owned)
        .to_vec();
    let routes = summary.divergence.routes.iter();
    let rows = routes.flat_map(|route| {
        route.links.unresolved.iter().map(|unresolved| {
            vec![
                route.route.clone(),
                unresolved.places.to_string(),
                cause(unresolved),
            ]
        })
    });
    [head].into_iter().chain(rows).collect()
}

/// Differences of shapes that are no noise, some of each route; the first row is the head.
pub(super) fn shapes(summary: &Summary) -> Vec<Vec<String>> {
    let head = ["route", "what", "where", "answers"]
        .map(str::to_owned)
        .to_vec();
    let rows = summary.divergence.routes.iter().flat_map(shapes_of);
    [head].into_iter().chain(rows).collect()
}

fn shapes_of(route: &RouteDivergence) -> Vec<Vec<String>> {
    let told = route.shapes.differences.iter().filter(|it| !it.noise);
    let (told, more): (Vec<_>, Vec<_>) = told.enumerate().partition(|(at, _)| *at < MOST);
    let mut rows: Vec<_> = told
        .into_iter()
        .map(|(_, difference)| {
            let of = format!("{} of {}", difference.answers, route.shapes.compared);
            let at = match difference.at.as_str() {
                "" => "the whole".to_owned(),
                at => at.to_owned(),
            };
            vec![
                route.route.clone(),
                what(&difference.what).to_owned(),
                at,
                of,
            ]
        })
        .collect();
    if !more.is_empty() {
        let more = format!("{} more in summary.json", more.len());
        rows.push(vec![
            route.route.clone(),
            more,
            String::new(),
            String::new(),
        ]);
    }
    rows
}

fn what(what: &str) -> &str {
    match what {
        "gone" => "field gone",
        "length" => "list of another length",
        "new" => "new field",
        _ => "another type",
    }
}

fn cause(unresolved: &Unresolved) -> String {
    let from = unresolved.from.as_deref().unwrap_or("its source");
    match unresolved.cause.as_str() {
        "empty_list" => format!(
            "a list in the answer of {from} is empty: the target has other data, or other dates \
             (--shift-dates)"
        ),
        "no_place" => format!("the answer of {from} has no such field: another version or state"),
        "source_failed" => format!("{from} failed: see why there"),
        _ => {
            "the request that gave it was not played: filtered, dropped, or too far back".to_owned()
        }
    }
}

/// Differences that are told of a route.
const MOST: usize = 8;
