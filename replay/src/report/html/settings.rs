//! How the run was asked for.

use crate::summary::{Model, Settings, Summary};

/// The settings by name.
pub(super) fn rows(summary: &Summary) -> Vec<(&'static str, String)> {
    let Summary {
        settings, capture, ..
    } = summary;
    let mut rows = vec![
        (
            "Capture",
            format!(
                "{} ({} exchanges, {})",
                capture.file, capture.exchanges, capture.tool
            ),
        ),
        ("Target", settings.target.clone()),
        (
            "Through",
            or_dash(settings.via_loadtest.then(|| "/api/loadtest/".to_owned())),
        ),
        ("Pace", settings.pace.clone()),
        ("Model", model(settings.model).to_owned()),
        (
            "Sessions",
            format!("{}, {}", settings.session_count, settings.sessions),
        ),
        (
            "Users",
            format!(
                "{} ({} for each recorded one)",
                settings.users, settings.users_ratio
            ),
        ),
    ];
    rows.extend(connections(settings));
    rows.extend(limits(settings));
    rows.extend([
        ("Began", summary.started.clone()),
        ("Run", summary.run.clone()),
        ("Tool", summary.tool.clone()),
    ]);
    rows
}

fn connections(settings: &Settings) -> [(&'static str, String); 6] {
    let in_flight = settings
        .max_in_flight
        .map(|most| format!("{most}, then {}", settings.on_overload));
    let headers = (!settings.headers.is_empty()).then(|| settings.headers.join(", "));
    [
        ("Protocol", settings.protocol.clone()),
        (
            "Connections",
            format!(
                "{} opened, for {}",
                settings.connections, settings.connections_for
            ),
        ),
        ("On their way at most", or_dash(in_flight)),
        (
            "Client addresses",
            or_dash(settings.client_addresses.clone()),
        ),
        ("Added headers", or_dash(headers)),
        ("Timeout", format!("{} s", settings.timeout_s)),
    ]
}

fn limits(settings: &Settings) -> [(&'static str, String); 7] {
    let seconds = |seconds: f64| format!("{seconds} s");
    let warm_up = (settings.warm_up_s > 0.0).then(|| seconds(settings.warm_up_s));
    [
        (
            "Laps",
            settings
                .laps
                .map_or_else(|| "until the end".to_owned(), |laps| laps.to_string()),
        ),
        ("Warm-up", or_dash(warm_up)),
        ("Duration limit", or_dash(settings.duration_s.map(seconds))),
        (
            "Exchange limit",
            or_dash(settings.limit.map(|limit| limit.to_string())),
        ),
        (
            "Dates moved by",
            or_dash(settings.shift_dates.map(|days| format!("{days} days"))),
        ),
        ("Seed", settings.seed.to_string()),
        (
            "Workers",
            format!("{}, {}", settings.workers, settings.pacing),
        ),
    ]
}

fn model(model: Model) -> &'static str {
    match model {
        Model::Open => "open: the plan alone decides when a request goes",
        Model::PartlyOpen => {
            "partly open: within a session a request waits for the answer before it"
        }
        Model::Closed => "closed: a request goes when another one has been answered",
    }
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "–".to_owned())
}
