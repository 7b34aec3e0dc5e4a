//! The HTML report: one file that needs neither network nor JavaScript.

use askama::Template;

use crate::summary::{Endpoint, RouteDivergence, Status, Summary};

use super::plot::{self, PlotError};
use super::{differences, text, words};

/// The summary as a page.
pub(crate) fn render(summary: &Summary) -> Result<String, HtmlError> {
    let (word, meaning) = text::verdict(summary);
    let page = Page {
        summary,
        word,
        meaning,
        tone: match summary.verdict.status {
            Status::Fail => "fail",
            Status::Invalid => "invalid",
            Status::Pass => "pass",
        },
        tiles: tiles(summary),
        rate: plot::rate(&summary.series)?,
        response: plot::response(&summary.series)?,
        fidelity: text::fidelity(summary),
        clocks: clocks(summary),
        endpoints: summary.endpoints.iter().map(endpoint_row).collect(),
        divergence: summary
            .divergence
            .routes
            .iter()
            .map(divergence_row)
            .collect(),
        equal: words::percent(summary.divergence.equal_statuses),
        unresolved: differences::unresolved(summary).split_off(1),
        shapes: differences::shapes(summary).split_off(1),
        settings: settings(summary),
    };
    Ok(page.render()?)
}

/// The page cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HtmlError {
    /// A plot failed.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The template failed.
    #[error("cannot render the report")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    summary: &'a Summary,
    word: &'static str,
    meaning: String,
    tone: &'static str,
    tiles: Vec<Tile>,
    rate: String,
    response: String,
    fidelity: Vec<Vec<String>>,
    clocks: Vec<Vec<String>>,
    endpoints: Vec<Vec<String>>,
    divergence: Vec<Compared>,
    equal: String,
    unresolved: Vec<Vec<String>>,
    shapes: Vec<Vec<String>>,
    settings: Vec<(&'static str, String)>,
}

struct Tile {
    name: &'static str,
    value: String,
    note: String,
}

struct Compared {
    route: String,
    identifiers: u64,
    requests: u64,
    recorded: String,
    replayed: String,
    equal: String,
    latency: String,
    differs: bool,
}

fn tiles(summary: &Summary) -> Vec<Tile> {
    let (totals, latency) = (&summary.totals, &summary.latency);
    let tile = |name, value, note| Tile { name, value, note };
    vec![
        tile(
            "Requests sent",
            totals.sent.to_string(),
            format!("of {} planned, {} dropped", totals.planned, totals.dropped),
        ),
        tile(
            "Failed",
            totals.failed.to_string(),
            words::percent(totals.failed_ratio),
        ),
        tile(
            "Response p95",
            words::micros(latency.response.p95),
            format!("p99 {}", words::micros(latency.response.p99)),
        ),
        tile(
            "Rate",
            format!("{:.1}/s", totals.rate),
            format!("over {:.1} s", totals.duration_s),
        ),
        tile(
            "Equal statuses",
            words::percent(summary.divergence.equal_statuses),
            format!("{} unresolved links", summary.fidelity.unresolved_links),
        ),
        tile(
            "Lateness p99, judged",
            words::micros(summary.fidelity.judged_lateness_p99),
            format!("duration ratio {:.4}", summary.fidelity.duration_ratio),
        ),
    ]
}

fn clocks(summary: &Summary) -> Vec<Vec<String>> {
    let latency = &summary.latency;
    [
        ("Response time (due to last byte)", &latency.response),
        ("Service time (sent to last byte)", &latency.service),
        ("Lateness (the generator's)", &latency.lateness),
        ("Link wait (the target's)", &latency.link_wait),
    ]
    .into_iter()
    .map(|(name, times)| {
        let values = [
            text::mean(times),
            times.p50,
            times.p90,
            times.p95,
            times.p99,
            times.p999,
            times.max,
        ];
        [name.to_owned()]
            .into_iter()
            .chain(values.map(words::micros))
            .collect()
    })
    .collect()
}

fn endpoint_row(endpoint: &Endpoint) -> Vec<String> {
    let (totals, response) = (&endpoint.totals, &endpoint.latency.response);
    let counts = [totals.sent, totals.failed].map(|count| count.to_string());
    let times = [
        text::mean(response),
        response.p50,
        response.p95,
        response.p99,
        response.max,
    ];
    [endpoint.route.clone()]
        .into_iter()
        .chain(counts)
        .chain(times.map(words::micros))
        .collect()
}

fn divergence_row(route: &RouteDivergence) -> Compared {
    Compared {
        route: route.route.clone(),
        identifiers: route.identifiers,
        requests: route.requests,
        recorded: words::statuses(&route.recorded),
        replayed: words::statuses(&route.replayed),
        equal: words::percent(route.equal_ratio),
        latency: words::ratio(route.latency.ratio_p50),
        differs: route.changes.iter().any(|change| !change.noise),
    }
}

fn settings(summary: &Summary) -> Vec<(&'static str, String)> {
    let settings = &summary.settings;
    let some = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let via = if settings.via_loadtest {
        "/api/loadtest/"
    } else {
        "–"
    };
    vec![
        (
            "Capture",
            format!(
                "{} ({} exchanges, {})",
                summary.capture.file, summary.capture.exchanges, summary.capture.tool
            ),
        ),
        ("Target", settings.target.clone()),
        ("Through", via.to_owned()),
        ("Pace", settings.pace.clone()),
        (
            "Sessions",
            format!("{}, {}", settings.session_count, settings.sessions),
        ),
        ("Users", settings.users.to_string()),
        ("Client addresses", some(settings.client_addresses.clone())),
        (
            "Added headers",
            some((!settings.headers.is_empty()).then(|| settings.headers.join(", "))),
        ),
        (
            "Duration limit",
            some(settings.duration_s.map(|seconds| format!("{seconds} s"))),
        ),
        (
            "Exchange limit",
            some(settings.limit.map(|limit| limit.to_string())),
        ),
        ("Seed", settings.seed.to_string()),
        ("Timeout", format!("{} s", settings.timeout_s)),
        ("Workers", settings.workers.to_string()),
        ("Connections opened", settings.connections.to_string()),
        ("Run", summary.run.clone()),
        ("Tool", summary.tool.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn the_page_stands_alone_and_shows_the_numbers() {
        let page = render(&summary()).unwrap();
        for needle in [
            "<svg",
            "PASS",
            "GET /api/v1/people/{id}",
            "captures/peak.jsonl",
        ] {
            assert!(page.contains(needle), "{needle}");
        }
        for outside in ["<script", "<link", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn content_is_escaped() {
        let mut summary = summary();
        summary.endpoints[0].route = "GET /<b>".to_owned();
        assert!(!render(&summary).unwrap().contains("GET /<b>"));
    }
}
