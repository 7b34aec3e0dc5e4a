//! Locust: the `*_stats.csv` of `--csv`, and what `--json` prints. Times are in milliseconds,
//! rounded to those or, above 100 ms, to two digits.
//!
//! Pure.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde_json::Value;

use super::field::{Field, Wrong};
use super::{measured, plain, whole};
use crate::compare::durations::{Durations, Told};
use crate::compare::measured::{Figures, Measured, Tool, share};

/// Whether the text is such a table.
pub(super) fn is_csv(text: &str) -> bool {
    text.starts_with("Type,Name,Request Count,Failure Count,")
}

/// Whether `--json` printed it.
pub(super) fn is_json(value: &Value) -> bool {
    let mut items = value.as_array().into_iter().flatten();
    items.next().is_some_and(|first| {
        first.get("num_requests").is_some() && first.get("response_times").is_some()
    })
}

/// The run of a table: a row for each route, and one for all.
pub(super) fn from_csv(text: &str) -> Result<Measured, Wrong> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| Wrong {
        place: "the table".to_owned(),
        found: plain(&error.to_string()),
        wanted: "lines of equal length",
    };
    let head = reader.headers().map_err(unreadable)?.clone();
    let mut routes = BTreeMap::new();
    let mut all = None;
    for (line, row) in (2..).zip(reader.records()) {
        let row = row.map_err(unreadable)?;
        let row = Row {
            line,
            cells: head.iter().zip(&row).collect(),
        };
        let figures = row.figures()?;
        match (row.text("Type"), row.text("Name")) {
            ("", "Aggregated") => all = Some(figures),
            (method, name) => drop(routes.insert(route(method, name), figures)),
        }
    }
    let all = all.ok_or_else(|| Wrong {
        place: "the row `Aggregated`".to_owned(),
        found: "missing".to_owned(),
        wanted: "there: the table is not whole",
    })?;
    Ok(measured(Tool::Locust, all, routes))
}

/// A row, with the name of each cell.
struct Row<'a> {
    line: u64,
    cells: Vec<(&'a str, &'a str)>,
}

impl Row<'_> {
    fn figures(&self) -> Result<Figures, Wrong> {
        let requests = self.count("Request Count")?;
        let mut points = Vec::new();
        for (name, share) in [("Min Response Time", 0.0), ("Max Response Time", 1.0)] {
            points.extend(self.number(name)?.map(|ms| (share, ms * 1e3)));
        }
        for (name, _) in &self.cells {
            let percent = name.strip_suffix('%').and_then(|it| it.parse::<f64>().ok());
            // The longest is told twice, here rounded.
            if let Some(percent) = percent.filter(|&percent| percent < 100.0) {
                let ms = self.number(name)?;
                points.extend(ms.map(|ms| (percent / 100.0, ms * 1e3)));
            }
        }
        Ok(Figures {
            requests,
            service: (requests > 0).then(|| Durations::Told(Told::new(requests, points))),
            failed: share((self.count("Failure Count")?, requests)),
            rate: self.number("Requests/s")?,
            ..Figures::default()
        })
    }

    fn text(&self, name: &str) -> &str {
        let cell = self.cells.iter().find(|(it, _)| *it == name);
        cell.map_or("", |(_, cell)| cell)
    }

    /// A number; of a row without requests there is none in many columns.
    fn number(&self, name: &str) -> Result<Option<f64>, Wrong> {
        match self.text(name) {
            "" | "N/A" => Ok(None),
            cell => {
                let number = cell.parse().ok();
                let number = number.filter(|it: &f64| it.is_finite() && *it >= 0.0);
                number.map(Some).ok_or_else(|| self.wrong(name, cell))
            }
        }
    }

    fn count(&self, name: &str) -> Result<u64, Wrong> {
        let cell = self.text(name);
        cell.parse().map_err(|_error| self.wrong(name, cell))
    }

    fn wrong(&self, column: &str, cell: &str) -> Wrong {
        Wrong {
            place: format!("`{column}` in line {}", self.line),
            found: format!("`{}`", plain(cell)),
            wanted: "a number of 0 or more",
        }
    }
}

/// The run of a list of routes, each with how often it took how long.
pub(super) fn from_json(value: &Value) -> Result<Measured, Wrong> {
    let mut span = (f64::INFINITY, 0.0_f64);
    let mut all = Route::new();
    let mut routes = Vec::new();
    for item in Field::root(value).items()? {
        let route_of = Route::read(&item)?;
        // Of a route without requests there is no last one.
        if let Some(last) = item.get("last_request_timestamp") {
            let first = item.need("start_time")?.number()?;
            span = (span.0.min(first), span.1.max(last.number()?));
        }
        let name = route(item.need("method")?.text()?, item.need("name")?.text()?);
        all.add(&route_of);
        routes.push((name, route_of));
    }
    let seconds = span.1 - span.0;
    let figures = |route: Route| route.figures(seconds);
    let routes = routes.into_iter();
    let routes = routes.map(|(name, route)| (name, figures(route)));
    Ok(measured(Tool::Locust, figures(all), routes))
}

/// What `--json` tells of a route.
struct Route {
    requests: u64,
    failures: u64,
    micros: Histogram<u32>,
}

impl Route {
    fn new() -> Self {
        Self {
            requests: 0,
            failures: 0,
            micros: crate::record::clocks::fine(),
        }
    }

    fn read(item: &Field<'_>) -> Result<Self, Wrong> {
        let mut route = Self {
            requests: item.need("num_requests")?.count()?,
            failures: item.need("num_failures")?.count()?,
            ..Self::new()
        };
        for (ms, count) in item.need("response_times")?.fields()? {
            let micros = ms.parse().ok().and_then(|ms: f64| whole(ms * 1e3));
            let micros = micros.ok_or_else(|| Wrong {
                place: "a key of `response_times`".to_owned(),
                found: format!("`{}`", plain(ms)),
                wanted: "a number of 0 or more",
            })?;
            let count = u32::try_from(count.count()?).unwrap_or(u32::MAX);
            let recorded = route.micros.record_n(micros, count);
            debug_assert!(recorded.is_ok(), "it grows as it has to");
        }
        Ok(route)
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failures += other.failures;
        let added = self.micros.add(&other.micros);
        debug_assert!(added.is_ok(), "it grows as it has to");
    }

    fn figures(self, seconds: f64) -> Figures {
        Figures {
            requests: self.requests,
            service: Some(Durations::Histogram(Box::new(self.micros))),
            failed: share((self.failures, self.requests)),
            rate: (seconds > 0.0).then_some(self.requests as f64 / seconds),
            ..Figures::default()
        }
    }
}

/// As we write it: Locust has the method in a column of its own.
fn route(method: &str, name: &str) -> String {
    plain(format!("{method} {name}").trim())
}
