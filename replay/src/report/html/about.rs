//! How the run was: headline numbers, clocks, fidelity.

use crate::report::text;
use crate::summary::Summary;
use crate::words;

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
