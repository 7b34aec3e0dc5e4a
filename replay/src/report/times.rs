//! How long answers took, as tables of the text.

use crate::quantile::is_known;
use crate::summary::{Distribution, Intervals, Summary};
use crate::words;

use super::text::{mean, section};

/// The clocks, response times by route, and how sure they are.
pub(super) fn sections(summary: &Summary) -> String {
    let latency = &summary.latency;
    let clocks = [
        row("response (due to last byte)", &latency.response),
        row("service (sent to last byte)", &latency.service),
        row("link wait", &latency.link_wait),
    ];
    let routes = summary.endpoints.iter();
    let routes = routes.map(|endpoint| row(&endpoint.route, &endpoint.latency.response));
    section("latency", &table("clock", clocks))
        + &section("response time by route", &table("route", routes))
        + &intervals(summary)
}

fn table(name: &str, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head = [name, "mean", "p50", "p90", "p95", "p99", "max"];
    let head = head.map(str::to_owned).to_vec();
    let rows: Vec<_> = [head].into_iter().chain(rows).collect();
    let few = rows.iter().flatten().any(|cell| cell.starts_with('('));
    let note = match few {
        true => "  in parentheses: of too few requests to be known\n",
        false => "",
    };
    words::table(&rows, &[false, true, true, true, true, true, true]) + note
}

fn row(name: &str, times: &Distribution) -> Vec<String> {
    let at = |quantile, micros| percentile(times, quantile, micros);
    vec![
        name.to_owned(),
        words::micros(mean(times)),
        at(0.5, times.p50),
        at(0.9, times.p90),
        at(0.95, times.p95),
        at(0.99, times.p99),
        words::micros(times.max),
    ]
}

/// A percentile, in parentheses where it is of too few requests to be known.
pub(super) fn percentile(times: &Distribution, quantile: f64, micros: u64) -> String {
    let text = words::micros(micros);
    match times.count == 0 || is_known(times.count, quantile) {
        true => text,
        false => format!("({text})"),
    }
}

/// Between which values percentiles of the response time are; nothing where nobody asked.
fn intervals(summary: &Summary) -> String {
    let of = |name: &str, times: &Distribution| {
        let Intervals { p50, p95, p99, .. } = times.intervals.as_ref()?;
        let each = [p50, p95, p99].map(|interval| {
            interval.map_or_else(
                || "too few".to_owned(),
                |[low, high]| format!("{} – {}", words::micros(low), words::micros(high)),
            )
        });
        Some([name.to_owned()].into_iter().chain(each).collect())
    };
    let routes = summary.endpoints.iter();
    let routes = routes.map(|endpoint| of(&endpoint.route, &endpoint.latency.response));
    let all = [of("all", &summary.latency.response)];
    let rows: Vec<Vec<String>> = all.into_iter().chain(routes).flatten().collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["route", "p50", "p95", "p99"].map(str::to_owned).to_vec();
    let rows: Vec<_> = [head].into_iter().chain(rows).collect();
    section(
        "response time with a confidence of 95 %",
        &words::table(&rows, &[false, true, true, true]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::summary;

    #[test]
    fn what_cannot_be_known_and_what_is_sure_are_told() {
        let mut summary = summary();
        let few = &mut summary.endpoints[2].latency.response;
        (few.count, few.intervals) = (100, None);
        summary.latency.response.intervals = Some(Intervals {
            p50: Some([7_000, 9_100]),
            p90: None,
            p95: Some([12_000, 16_000]),
            p99: None,
            p999: None,
        });
        insta::assert_snapshot!(sections(&summary));
    }
}
