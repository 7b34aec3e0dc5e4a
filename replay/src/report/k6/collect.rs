//! Makes k6's metrics of a summary.
//!
//! Pure. `http_req_duration` is the response time (due to last byte), as k6 has no other clock; the
//! service time, which is what k6 calls so, is its part with `clock:service`. `http_req_connecting`
//! has TLS in it, so that there is no `http_req_tls_handshaking`.

use crate::summary::{Latency, Summary, Threshold, Totals};

use super::metric::{Contains, Metric, Results, Rule, Trend, Values};

/// All that k6 would tell of such a run.
pub(super) fn results(summary: &Summary) -> Results {
    let (totals, checks) = (&summary.totals, &summary.checks);
    let mut metrics: Vec<_> = whole(summary).into_iter().map(bare).collect();
    for threshold in &summary.thresholds {
        let known = metrics.iter_mut().find(|it| it.key == threshold.metric);
        if let Some(metric) = known {
            metric.rules.push(rule(threshold));
        } else {
            let part = part(summary, &threshold.metric);
            let (contains, values) = part.unwrap_or((Contains::Default, Values::OfRules));
            let mut metric = bare((&threshold.metric, contains, values));
            metric.rules.push(rule(threshold));
            metrics.push(metric);
        }
    }
    metrics.sort_by(|one, other| (one.name(), &one.key).cmp(&(other.name(), &other.key)));
    let checked: u64 = checks.iter().map(|check| check.passes + check.fails).sum();
    Results {
        metrics,
        checks: checks.clone(),
        checks_rate: per_second(checked, totals),
    }
}

fn bare((key, contains, values): (&str, Contains, Values)) -> Metric {
    Metric {
        key: key.to_owned(),
        contains,
        values,
        rules: Vec::new(),
    }
}

fn rule(threshold: &Threshold) -> Rule {
    Rule {
        expression: threshold.expression.clone(),
        value: threshold.value,
        unit: threshold.unit,
        ok: threshold.ok,
    }
}

/// The metrics of all requests, and the service time.
fn whole(summary: &Summary) -> Vec<(&'static str, Contains, Values)> {
    let (totals, phases) = (&summary.totals, &summary.phases);
    let users = summary.settings.users as f64;
    let users = Values::Gauge {
        value: users,
        min: users,
        max: users,
    };
    let steps = [
        ("http_req_blocked", &phases.blocked),
        ("http_req_connecting", &phases.connecting),
        ("http_req_sending", &phases.sending),
        ("http_req_waiting", &phases.waiting),
        ("http_req_receiving", &phases.receiving),
    ];
    let dropped = counter(totals.dropped, totals);
    let mut all = vec![
        ("dropped_iterations", Contains::Default, dropped),
        ("vus", Contains::Default, users.clone()),
        ("vus_max", Contains::Default, users),
    ];
    for name in OF_REQUESTS {
        let values = of_requests(name, None, totals, &summary.latency);
        all.extend(values.map(|(contains, values)| (name, contains, values)));
    }
    let service = Trend::from(&summary.latency.service);
    all.push((SERVICE, Contains::Time, Values::Trend(service)));
    let steps = steps.map(|(name, times)| (name, Contains::Time, Values::Trend(times.into())));
    all.extend(steps);
    if !summary.checks.is_empty() {
        let matches = summary.checks.iter().map(|check| check.passes).sum();
        let fails: u64 = summary.checks.iter().map(|check| check.fails).sum();
        let total = matches + fails;
        let values = Values::Rate { matches, total };
        all.push(("checks", Contains::Default, values));
    }
    all
}

/// The part of a metric that has these tags; `None` where a summary does not have it.
fn part(summary: &Summary, key: &str) -> Option<(Contains, Values)> {
    let (name, tags) = key.split_once('{')?;
    let (mut clock, mut totals, mut latency) = (None, &summary.totals, &summary.latency);
    for tag in tags.strip_suffix('}')?.split(',') {
        let (tag, value) = tag.split_once(':')?;
        let bare = |text: &'_ str| text.trim().trim_matches(['"', '\'']).to_owned();
        let (tag, value) = (bare(tag), bare(value));
        match tag.as_str() {
            "clock" => clock = Some(value),
            "endpoint" | "name" | "route" | "url" => {
                let mut endpoints = summary.endpoints.iter();
                let endpoint = endpoints.find(|endpoint| endpoint.route == value)?;
                (totals, latency) = (&endpoint.totals, &endpoint.latency);
            }
            _ => return None,
        }
    }
    of_requests(name, clock.as_deref(), totals, latency)
}

/// A metric that each request is a sample of.
fn of_requests(
    name: &str,
    clock: Option<&str>,
    totals: &Totals,
    latency: &Latency,
) -> Option<(Contains, Values)> {
    let rate = Values::Rate {
        matches: totals.failed,
        total: totals.sent,
    };
    Some(match (name, clock) {
        ("http_req_duration", clock) => {
            let times = match clock {
                None | Some("response") => &latency.response,
                Some("service") => &latency.service,
                Some("lateness") => &latency.lateness,
                Some("link_wait") => &latency.link_wait,
                Some(_) => return None,
            };
            (Contains::Time, Values::Trend(times.into()))
        }
        ("http_req_failed", None) => (Contains::Default, rate),
        ("http_reqs", None) => (Contains::Default, counter(totals.sent, totals)),
        ("data_sent", None) => (Contains::Data, counter(totals.bytes_sent, totals)),
        ("data_received", None) => (Contains::Data, counter(totals.bytes_received, totals)),
        _ => return None,
    })
}

fn counter(count: u64, totals: &Totals) -> Values {
    let rate = per_second(count, totals);
    Values::Counter { count, rate }
}

fn per_second(count: u64, totals: &Totals) -> f64 {
    match totals.duration_s {
        0.0 => 0.0,
        seconds => count as f64 / seconds,
    }
}

const OF_REQUESTS: [&str; 5] = [
    "http_req_duration",
    "http_req_failed",
    "http_reqs",
    "data_sent",
    "data_received",
];

const SERVICE: &str = "http_req_duration{clock:service}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::judged;

    fn find<'a>(results: &'a Results, key: &str) -> &'a Metric {
        results.metrics.iter().find(|it| it.key == key).unwrap()
    }

    #[test]
    fn a_rule_is_at_the_metric_it_names() {
        let summary = judged();
        let results = results(&summary);
        assert_eq!(find(&results, "http_req_duration").rules.len(), 2);
        let log_in = find(
            &results,
            "http_req_duration{endpoint:POST /api/v1/auth/login}",
        );
        let Values::Trend(trend) = &log_in.values else {
            panic!("{log_in:?}");
        };
        let route = summary
            .endpoints
            .iter()
            .find(|it| it.route.contains("login"));
        let p95 = route.unwrap().latency.response.p95 as f64 / 1e3;
        assert!((trend.p95 - p95).abs() < 1e-9);
        let unknown = find(&results, "http_req_duration{status:503}");
        assert!(matches!(unknown.values, Values::OfRules));
    }

    #[test]
    fn a_part_has_the_clock_and_the_route_that_its_tags_name() {
        let summary = judged();
        let endpoint = &summary.endpoints[1];
        let part = |tags: String| part(&summary, &format!("http_req_duration{{{tags}}}"));
        let p95 = |tags: String| match part(tags) {
            Some((Contains::Time, Values::Trend(trend))) => trend.p95 * 1e3,
            other => panic!("{other:?}"),
        };
        let route = &endpoint.route;
        let near = |one: f64, other: u64| (one - other as f64).abs() < 1e-6;
        let service = endpoint.latency.service.p95;
        let one = p95(format!("endpoint:\"{route}\", clock: service"));
        assert!(near(one, service), "{one}");
        let lateness = p95("clock:lateness".to_owned());
        assert!(near(lateness, summary.latency.lateness.p95), "{lateness}");
        assert!(part("endpoint:GET /nowhere".to_owned()).is_none());
        assert!(part("clock:wall".to_owned()).is_none());
    }

    #[test]
    fn nothing_sent_is_no_rate() {
        let mut summary = judged();
        summary.totals.duration_s = 0.0;
        for metric in results(&summary).metrics {
            if let Values::Counter { rate, .. } = metric.values {
                assert!(rate == 0.0, "{}", metric.key);
            }
        }
    }
}
