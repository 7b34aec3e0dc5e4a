//! How the run was: headline numbers, clocks, fidelity, settings.

use crate::report::{text, words};
use crate::summary::{Model, Settings, Summary};

use super::number::{Number, times};

/// A headline number.
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) number: Number,
    pub(super) note: String,
}

/// A distribution by its name.
pub(super) struct Clock {
    pub(super) name: &'static str,
    /// What is measured.
    pub(super) means: &'static str,
    pub(super) numbers: Vec<Number>,
}

/// The headline numbers.
pub(super) fn tiles(summary: &Summary) -> Vec<Tile> {
    let (totals, latency, fidelity) = (&summary.totals, &summary.latency, &summary.fidelity);
    let mut response = times("latency.response", &latency.response)
        .into_iter()
        .skip(3);
    let (p95, p99) = (response.next(), response.next());
    let mut tiles = vec![
        Tile {
            name: "Requests sent",
            number: Number::count("totals.sent", totals.sent),
            note: format!(
                "of {} planned, {} dropped",
                words::grouped(totals.planned),
                words::grouped(totals.dropped)
            ),
        },
        Tile {
            name: "Failed",
            number: Number::count("totals.failed", totals.failed),
            note: words::percent(totals.failed_ratio),
        },
        Tile {
            name: "Rate",
            number: Number::new("totals.rate", totals.rate, format!("{:.1}/s", totals.rate)),
            note: format!("over {:.1} s", totals.duration_s),
        },
        Tile {
            name: "Equal statuses",
            number: Number::share(
                "divergence.equal_statuses",
                summary.divergence.equal_statuses,
            ),
            note: format!("{} unresolved links", fidelity.unresolved_links),
        },
        Tile {
            name: "Lateness p99",
            number: Number::micros("fidelity.judged_lateness_p99", fidelity.judged_lateness_p99),
            note: format!("judged; duration ratio {:.4}", fidelity.duration_ratio),
        },
    ];
    let percentiles = [("Response p95", p95), ("Response p99", p99)];
    let percentiles = percentiles.into_iter().filter_map(|(name, number)| {
        let number = number?;
        let note = number.between.clone();
        let note = note
            .unwrap_or_else(|| format!("of {} answers", words::grouped(latency.response.count)));
        Some(Tile { name, number, note })
    });
    tiles.splice(2..2, percentiles);
    tiles
}

/// The clocks.
pub(super) fn clocks(summary: &Summary) -> Vec<Clock> {
    let latency = &summary.latency;
    let clock = |name, means, field, of| Clock {
        name,
        means,
        numbers: times(&format!("latency.{field}"), of),
    };
    vec![
        clock(
            "Response time",
            "due to last byte",
            "response",
            &latency.response,
        ),
        clock(
            "Service time",
            "sent to last byte",
            "service",
            &latency.service,
        ),
        clock("Lateness", "the generator’s", "lateness", &latency.lateness),
        clock("Link wait", "the target’s", "link_wait", &latency.link_wait),
    ]
}

/// What service times are made of.
pub(super) fn phases(summary: &Summary) -> Vec<Clock> {
    let phases = &summary.phases;
    let phase = |name, means, field, of| Clock {
        name,
        means,
        numbers: times(&format!("phases.{field}"), of),
    };
    vec![
        phase(
            "Blocked",
            "waiting for a free connection",
            "blocked",
            &phases.blocked,
        ),
        phase(
            "Connecting",
            "connection, TLS, HTTP/2",
            "connecting",
            &phases.connecting,
        ),
        phase(
            "Sending",
            "first to last byte of the request",
            "sending",
            &phases.sending,
        ),
        phase(
            "Waiting",
            "until the first byte of the answer",
            "waiting",
            &phases.waiting,
        ),
        phase(
            "Receiving",
            "first to last byte of the answer",
            "receiving",
            &phases.receiving,
        ),
    ]
}

/// How true the run was to its plan, and what had no answer.
pub(super) fn fidelity(summary: &Summary) -> Vec<(String, String)> {
    let rows = text::fidelity(summary).into_iter();
    let rows = rows.filter_map(|row| <[String; 2]>::try_from(row).ok());
    let errors = summary.errors.iter();
    let errors = errors.map(|(error, count)| (format!("error {error}"), count.to_string()));
    rows.map(|[name, value]| (name, value))
        .chain(errors)
        .collect()
}

/// How the run was asked for.
pub(super) fn settings(summary: &Summary) -> Vec<(&'static str, String)> {
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
