//! What rules on a baseline are compared with: the same numbers, of the summaries of earlier runs.
//!
//! Pure.

use hdrhistogram::Histogram;

use super::evaluate::{of_times, passes};
use super::expression::Method;
use super::metric::{Clock, Kind, Metric, Step};
use super::selector::Selector;
use crate::hdr;
use crate::summary::{Distribution, Endpoint, Summary};

/// The median over all baselines; `None` where none has a sample, an error where they can't have any.
pub(super) fn value(
    baselines: &[Summary],
    selector: &Selector,
    method: Method,
) -> Result<Option<f64>, &'static str> {
    let each = baselines
        .iter()
        .map(|baseline| of(baseline, selector, method));
    let mut values: Vec<f64> = each
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    Ok(match (values.len(), values.len() % 2) {
        (0, _) => None,
        (_, 1) => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    })
}

fn of(
    baseline: &Summary,
    selector: &Selector,
    method: Method,
) -> Result<Option<f64>, &'static str> {
    if selector.asks_for_statuses() {
        return Err("a summary does not keep times and bytes by status");
    }
    let endpoints = baseline.endpoints.iter();
    let endpoints: Vec<_> = endpoints
        .filter(|endpoint| selector.takes_route(&endpoint.route))
        .collect();
    let is_all = endpoints.len() == baseline.endpoints.len();
    match selector.metric.kind() {
        Kind::Trend => times(baseline, selector.metric, &endpoints, is_all)
            .map(|times| times.and_then(|times| of_times(&times, method))),
        Kind::Rate => rate(baseline, selector, &endpoints),
        Kind::Counter => {
            let count = count(baseline, selector.metric, &endpoints);
            let duration_s = baseline.totals.duration_s;
            Ok(Some(match method {
                Method::Rate if duration_s > 0.0 => count as f64 / duration_s,
                _ => count as f64,
            }))
        }
        Kind::Gauge => gauge(baseline, selector.metric),
    }
}

fn times(
    baseline: &Summary,
    metric: Metric,
    endpoints: &[&Endpoint],
    is_all: bool,
) -> Result<Option<Histogram<u32>>, &'static str> {
    let broken = "its histogram can't be read";
    let clock = match metric {
        Metric::Duration(clock) => clock,
        Metric::Step(_) if !is_all => return Err("a summary has the steps of all requests only"),
        Metric::Step(step) => {
            let histogram = histogram(step_of(baseline, step)).ok_or(broken)?;
            return Ok(Some(histogram));
        }
        _ => return Ok(None),
    };
    let of = |latency: &crate::summary::Latency| {
        histogram(match clock {
            Clock::Response => &latency.response,
            Clock::Service => &latency.service,
            Clock::Lateness => &latency.lateness,
            Clock::LinkWait => &latency.link_wait,
        })
    };
    if is_all {
        return of(&baseline.latency).ok_or(broken).map(Some);
    }
    let mut all: Option<Histogram<u32>> = None;
    for endpoint in endpoints {
        let one = of(&endpoint.latency).ok_or(broken)?;
        match &mut all {
            None => all = Some(one),
            Some(all) => all.add(&one).map_err(|_error| broken)?,
        }
    }
    Ok(all)
}

const fn step_of(baseline: &Summary, step: Step) -> &Distribution {
    let phases = &baseline.phases;
    match step {
        Step::Blocked => &phases.blocked,
        Step::Connecting => &phases.connecting,
        Step::Sending => &phases.sending,
        Step::Waiting => &phases.waiting,
        Step::Receiving => &phases.receiving,
    }
}

fn histogram(distribution: &Distribution) -> Option<Histogram<u32>> {
    let mut histogram = hdr::decode(&distribution.hdr).ok()?;
    histogram.auto(true);
    Some(histogram)
}

fn rate(
    baseline: &Summary,
    selector: &Selector,
    endpoints: &[&Endpoint],
) -> Result<Option<f64>, &'static str> {
    let share = |hits: u64, all: u64| (all > 0).then(|| hits as f64 / all as f64);
    let sum = |each: fn(&Endpoint) -> u64| endpoints.iter().map(|endpoint| each(endpoint)).sum();
    let sent = sum(|endpoint| endpoint.totals.sent);
    let errors = sum(server_errors);
    Ok(match selector.metric {
        Metric::Failed => share(sum(|endpoint| endpoint.totals.failed), sent),
        Metric::Errors => share(errors, sent),
        Metric::Availability => share(sent.saturating_sub(errors), sent),
        Metric::EqualStatuses => {
            let routes = baseline.divergence.routes.iter();
            let routes = routes.filter(|route| selector.takes_route(&route.route));
            let (equal, all) = routes.fold((0, 0), |(equal, all), route| {
                (equal + route.equal, all + route.requests)
            });
            share(equal, all)
        }
        _ => {
            let (passes, all) = passes(&baseline.checks, selector.check.as_deref());
            share(passes, all)
        }
    })
}

/// Requests without an answer, or with a status of 500 or more.
fn server_errors(endpoint: &Endpoint) -> u64 {
    let errors: u64 = endpoint.errors.values().sum();
    let statuses = endpoint.statuses.iter();
    let statuses = statuses.filter(|(status, _)| status.as_str() >= "500");
    errors + statuses.map(|(_, count)| count).sum::<u64>()
}

fn count(baseline: &Summary, metric: Metric, endpoints: &[&Endpoint]) -> u64 {
    let totals = endpoints.iter().map(|endpoint| &endpoint.totals);
    match metric {
        Metric::DataSent => totals.map(|totals| totals.bytes_sent).sum(),
        Metric::DataReceived => totals.map(|totals| totals.bytes_received).sum(),
        Metric::Dropped => baseline.totals.dropped,
        _ => totals.map(|totals| totals.sent).sum(),
    }
}

fn gauge(baseline: &Summary, metric: Metric) -> Result<Option<f64>, &'static str> {
    let course = &baseline.course;
    Ok(match metric {
        Metric::Users => Some(baseline.settings.users as f64),
        Metric::Trend => course.slowdown(),
        Metric::RecoveryTime => course.peak.as_ref().and_then(|peak| peak.recovery_s),
        Metric::Recovered => course.recovered(),
        _ => course.memory_growth(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{judged, summary};

    fn of(key: &str, method: &str) -> Result<Option<f64>, &'static str> {
        let selector = Selector::parse(key).unwrap();
        let method = Method::parse(method, selector.metric).unwrap();
        value(&[summary(), judged(), summary()], &selector, method)
    }

    #[test]
    fn the_same_numbers_as_in_the_summary() {
        let summary = summary();
        let near = |found: Result<Option<f64>, _>, wanted: f64| {
            let found = found.unwrap().unwrap();
            assert!(
                (found - wanted).abs() <= wanted.abs() * 0.01,
                "{found} {wanted}"
            );
        };
        let ms = |micros: u64| micros as f64 / 1e3;
        near(
            of("http_req_duration", "p(95)"),
            ms(summary.latency.response.p95),
        );
        near(
            of("http_req_duration{clock:service}", "max"),
            ms(summary.latency.service.max),
        );
        near(
            of("http_req_waiting", "med"),
            ms(summary.phases.waiting.p50),
        );
        let login = summary
            .endpoints
            .iter()
            .find(|it| it.route.starts_with("POST"))
            .unwrap();
        near(
            of("http_req_duration{method:POST}", "p(99)"),
            ms(login.latency.response.p99),
        );
        near(of("http_req_failed", "rate"), 2.0 / 2_000.0);
        near(of("server_errors", "rate"), 1.0 / 2_000.0);
        near(of("availability", "rate"), 1_999.0 / 2_000.0);
        near(of("http_reqs", "rate"), summary.totals.rate);
        near(of("http_reqs{method:POST}", "count"), 400.0);
        near(
            of("data_received", "count"),
            summary.totals.bytes_received as f64,
        );
        near(
            of("equal_statuses", "rate"),
            summary.divergence.equal_statuses,
        );
        near(
            of("checks{check:people are listed}", "rate"),
            1_199.0 / 1_200.0,
        );
    }

    #[test]
    fn what_a_summary_does_not_have_is_said() {
        assert_eq!(of("http_req_duration{method:DELETE}", "max"), Ok(None));
        assert!(of("http_req_duration{status:200}", "max").is_err());
        assert!(of("http_req_waiting{method:POST}", "max").is_err());
    }
}
