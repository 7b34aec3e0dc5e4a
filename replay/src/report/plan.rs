//! The dry run: what would be sent, without sending it.

use crate::limits::Refusals;
use crate::plan::overview::{Overview, Rate};
use crate::settings::Settings;

use crate::words;

/// The plan in words and numbers.
pub(crate) fn text(
    settings: &Settings,
    overview: &Overview,
    refusals: Option<&Refusals>,
) -> String {
    let limits = refusals.map(|refusals| {
        let rows = words::table(&limits(refusals), &[false, true, true, true]);
        format!("\n{rows}")
    });
    format!(
        "plan of {} at {}, nothing is sent\n\n{}\n{}{}",
        settings.captures(),
        settings.load.pace,
        words::table(&facts(settings, overview, refusals), &[false, false]),
        words::table(&rates(overview), &[false, true, true, true]),
        limits.unwrap_or_default(),
    )
}

fn facts(
    settings: &Settings,
    overview: &Overview,
    refusals: Option<&Refusals>,
) -> Vec<Vec<String>> {
    let target = settings.to.target.as_deref().unwrap_or("(none yet)");
    let via = if settings.to.via_loadtest {
        ", through /api/loadtest/"
    } else {
        ""
    };
    let rate = overview.all;
    let facts = [
        ("target", format!("{target}{via}")),
        ("requests", requests(overview)),
        (
            "users",
            format!(
                "{}, of which {} log in as test users",
                overview.players, overview.test_users
            ),
        ),
        ("sessions", sessions(settings, overview)),
        ("length", words::micros(overview.length_ns / 1_000)),
        (
            "rate",
            format!(
                "{:.1}/s on average, {}/s in the busiest second",
                rate.mean, rate.peak
            ),
        ),
        (
            "connections",
            format!(
                "{}, if answers take as long as recorded",
                overview.connections
            ),
        ),
        ("bytes", format!("{} to send", words::bytes(overview.bytes))),
    ];
    let refused = refusals.zip(settings.to.limits.as_deref());
    let refused = refused.map(|(refusals, file)| {
        let (refused, file) = (refusals.refused(), file.display());
        let fact =
            format!("{refused}, by the limits of {file}, if answers take as long as recorded");
        ("refused", fact)
    });
    facts
        .into_iter()
        .chain(refused)
        .map(|(name, fact)| vec![name.to_owned(), fact])
        .collect()
}

fn requests(overview: &Overview) -> String {
    let of_which = |count: u64, what: &str| match count {
        0 => String::new(),
        _ => format!(", of which {count} with {what}"),
    };
    format!(
        "{}{}{}",
        overview.all.requests,
        of_which(overview.identifiers, "a recorded identifier"),
        of_which(overview.fillers, "filler for a body that was not kept"),
    )
}

fn sessions(settings: &Settings, overview: &Overview) -> String {
    let mode = settings.how.sessions.name();
    match overview.log_in_first {
        0 => format!("{}, {mode}", overview.sessions),
        first => format!(
            "{}, {mode}, of which {first} log in outside the plan",
            overview.sessions
        ),
    }
}

fn rates(overview: &Overview) -> Vec<Vec<String>> {
    let row = |name: &str, rate: &Rate| {
        vec![
            name.to_owned(),
            rate.requests.to_string(),
            format!("{:.1}/s", rate.mean),
            format!("{}/s", rate.peak),
        ]
    };
    let head = ["route", "requests", "mean", "peak"]
        .map(str::to_owned)
        .to_vec();
    let routes = overview.routes.iter().map(|(name, rate)| row(name, rate));
    [head].into_iter().chain(routes).collect()
}

fn limits(refusals: &Refusals) -> Vec<Vec<String>> {
    let head = [
        "limit",
        "requests",
        "over the rate",
        "over what may be at once",
    ]
    .map(str::to_owned)
    .to_vec();
    let rows = refusals.rows().map(|row| {
        vec![
            row.limit.clone(),
            row.requests.to_string(),
            row.over_rate.to_string(),
            row.over_concurrent.to_string(),
        ]
    });
    [head].into_iter().chain(rows).collect()
}
