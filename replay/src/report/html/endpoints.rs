//! Response times by endpoint.

use crate::summary::{Endpoint, Summary};

use super::number::{Number, times};
use super::rows::Rows;

/// One route.
pub(super) struct Row {
    /// Method and path template.
    pub(super) route: String,
    /// Its numbers: sent, failed, and its response times.
    pub(super) numbers: Vec<Number>,
}

/// All routes, in the order of most requests.
pub(super) fn rows(summary: &Summary) -> Rows<Row> {
    Rows::of(summary.endpoints.iter().enumerate().map(row))
}

fn row((place, endpoint): (usize, &Endpoint)) -> Row {
    let at = |path: &str| format!("endpoints.{place}.{path}");
    let mut numbers = vec![
        Number::count(at("totals.sent"), endpoint.totals.sent),
        Number::count(at("totals.failed"), endpoint.totals.failed),
    ];
    numbers.extend(times(&at("latency.response"), &endpoint.latency.response));
    Row {
        route: endpoint.route.clone(),
        numbers,
    }
}
