//! Tables for a spreadsheet: all routes, or all seconds.
//!
//! Pure. Times are in milliseconds, shares in parts of one.

use csv::{Error, Writer};

use crate::summary::{Distribution, Latency, Summary, Totals};

/// One row for all requests, and one for each route.
pub(crate) fn endpoints(summary: &Summary) -> Result<String, Error> {
    let all = ("all", &summary.totals, &summary.latency);
    let routes = summary.endpoints.iter();
    let routes = routes.map(|it| (it.route.as_str(), &it.totals, &it.latency));
    let mut rows = vec![head()];
    rows.extend([all].into_iter().chain(routes).map(endpoint));
    write(&rows)
}

/// One row for each second of the run.
pub(crate) fn series(summary: &Summary) -> Result<String, Error> {
    let mut rows = vec![SECONDS.map(str::to_owned).to_vec()];
    rows.extend(summary.series.iter().map(|second| {
        let outcomes = &second.outcomes;
        let counts = [second.second, second.planned, second.sent, second.failed];
        let times = [second.p50, second.p95, second.p99, second.lateness_max];
        let kinds = [
            outcomes.c2xx,
            outcomes.c3xx,
            outcomes.c4xx,
            outcomes.c5xx,
            outcomes.error,
        ];
        let [counts, kinds] = [counts.to_vec(), kinds.to_vec()].map(|all| {
            let all = all.into_iter().map(|count| count.to_string());
            all.collect::<Vec<_>>()
        });
        [counts, times.map(ms).to_vec(), kinds].concat()
    }));
    write(&rows)
}

fn write(rows: &[Vec<String>]) -> Result<String, Error> {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell that a spreadsheet takes for text and not for a formula.
fn harmless(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

fn head() -> Vec<String> {
    let clocks = CLOCKS.iter().flat_map(|clock| {
        let stats = STATS.iter();
        stats.map(move |stat| format!("{clock}_{stat}_ms"))
    });
    let totals = TOTALS.iter().map(|&name| name.to_owned());
    totals.chain(clocks).collect()
}

fn endpoint((route, totals, latency): (&str, &Totals, &Latency)) -> Vec<String> {
    let clocks = clocks(latency).into_iter().flat_map(stats);
    let totals = [
        route.to_owned(),
        totals.planned.to_string(),
        totals.sent.to_string(),
        totals.dropped.to_string(),
        totals.completed.to_string(),
        totals.failed.to_string(),
        format!("{:.6}", totals.failed_ratio),
        format!("{:.3}", totals.rate),
        totals.bytes_sent.to_string(),
        totals.bytes_received.to_string(),
    ];
    totals.into_iter().chain(clocks).collect()
}

fn clocks(latency: &Latency) -> [&Distribution; 4] {
    [
        &latency.response,
        &latency.service,
        &latency.lateness,
        &latency.link_wait,
    ]
}

fn stats(times: &Distribution) -> [String; 8] {
    [
        ms(times.min),
        format!("{:.3}", times.mean / 1e3),
        ms(times.p50),
        ms(times.p90),
        ms(times.p95),
        ms(times.p99),
        ms(times.p999),
        ms(times.max),
    ]
}

/// Microseconds as milliseconds, exactly.
fn ms(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}

const TOTALS: [&str; 10] = [
    "route",
    "planned",
    "sent",
    "dropped",
    "completed",
    "failed",
    "failed_ratio",
    "rate_per_s",
    "bytes_sent",
    "bytes_received",
];

const STATS: [&str; 8] = ["min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"];

/// The clocks, as in [`clocks`].
const CLOCKS: [&str; 4] = ["response", "service", "lateness", "link_wait"];

const SECONDS: [&str; 13] = [
    "second",
    "planned",
    "sent",
    "failed",
    "response_p50_ms",
    "response_p95_ms",
    "response_p99_ms",
    "lateness_max_ms",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "error",
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::report::sample::summary;

    fn read(text: &str) -> Vec<HashMap<String, String>> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn every_route_has_a_row_that_reads_back() {
        let mut summary = summary();
        summary.endpoints[0].route = "GET /a,\"b\"\nc".to_owned();
        summary.endpoints[1].route = "=cmd|' /C calc'!A1".to_owned();
        let rows = read(&endpoints(&summary).unwrap());
        let routes: Vec<_> = rows.iter().map(|row| row["route"].as_str()).collect();
        assert_eq!(
            routes,
            [
                "all",
                "GET /a,\"b\"\nc",
                "'=cmd|' /C calc'!A1",
                &summary.endpoints[2].route
            ]
        );
        let sum: u64 = rows[1..]
            .iter()
            .map(|row| row["sent"].parse::<u64>().unwrap())
            .sum();
        assert_eq!(rows[0]["sent"], sum.to_string());
        let p95: f64 = rows[0]["response_p95_ms"].parse().unwrap();
        assert_eq!(p95, summary.latency.response.p95 as f64 / 1e3);
    }

    #[test]
    fn every_second_has_a_row() {
        let summary = summary();
        let rows = read(&series(&summary).unwrap());
        assert_eq!(rows.len(), summary.series.len());
        for (row, second) in rows.iter().zip(&summary.series) {
            assert_eq!(row["second"], second.second.to_string());
            assert_eq!(row["2xx"], second.outcomes.c2xx.to_string());
        }
    }

    #[test]
    fn numbers_below_zero_are_no_formulas() {
        assert_eq!(
            ["-1.5", "-x", "GET /"].map(harmless),
            ["-1.5", "'-x", "GET /"]
        );
        assert_eq!(ms(12_005), "12.005");
    }
}
