//! Counts answers and sums their durations, rendered as Prometheus text, with the process's memory.
//!
//! One cell per method, route template and status class.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;

use super::app::lock;

/// All counters of one server.
#[derive(Default)]
pub(crate) struct Metrics {
    cells: Mutex<BTreeMap<Labels, Cell>>,
}

/// Template, method and status class, e.g. `2`.
type Labels = (&'static str, String, u16);

#[derive(Default)]
struct Cell {
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts one answer.
    pub(crate) fn count(
        &self,
        template: &'static str,
        method: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let labels = (template, method.to_owned(), status.as_u16() / 100);
        let mut cells = lock(&self.cells);
        let cell = cells.entry(labels).or_default();
        cell.count += 1;
        cell.seconds += took.as_secs_f64();
    }

    /// Everything, in the text format that Prometheus scrapes.
    pub(crate) fn render(&self) -> String {
        let cells = lock(&self.cells);
        let mut totals = String::new();
        let mut times = String::new();
        for ((template, method, class), cell) in cells.iter() {
            let labels =
                format!(r#"{{handler="{template}",method="{method}",status="{class}xx"}}"#);
            let Cell { count, seconds } = cell;
            // Writing to a string cannot fail.
            writeln!(totals, "http_requests_total{labels} {count}").ok();
            writeln!(times, "http_request_duration_seconds_sum{labels} {seconds}").ok();
            writeln!(times, "http_request_duration_seconds_count{labels} {count}").ok();
        }
        let memory = resident_bytes().map_or_else(String::new, |bytes| {
            format!(
                "# HELP process_resident_memory_bytes Resident memory size in bytes.\n\
                 # TYPE process_resident_memory_bytes gauge\n\
                 process_resident_memory_bytes {bytes}\n"
            )
        });
        format!(
            "# HELP http_requests_total Answers by handler, method and status class.\n\
             # TYPE http_requests_total counter\n{totals}\
             # HELP http_request_duration_seconds Time to answer.\n\
             # TYPE http_request_duration_seconds summary\n{times}{memory}"
        )
    }
}

/// What of this process is in memory, where the system tells (Linux).
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
