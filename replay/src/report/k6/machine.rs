//! The machine-readable summary of k6 2.2, version 1.0.0.
//!
//! Pure. Its readers refuse fields that they do not know, so it has no others: no rules, no parts
//! of metrics, no percentiles but two.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::summary::{Check, Summary};

use super::collect::results;
use super::metric::{Contains, Metric, Values};

/// The summary as k6 writes it for machines.
pub(crate) fn render(summary: &Summary) -> Result<String, serde_json::Error> {
    let results = results(summary);
    let whole = results.metrics.iter().filter(|it| it.tags().is_none());
    let machine = Machine {
        config: Config {
            duration: summary.totals.duration_s,
            execution: "local",
        },
        metadata: Metadata {
            generated_at: ended(summary),
            k6_version: concat!("2.2.0+replay.", env!("CARGO_PKG_VERSION")),
        },
        results: Told {
            checks: (!results.checks.is_empty()).then(|| checks(&results.checks)),
            metrics: whole.filter_map(metric).collect(),
        },
        version: "1.0.0",
    };
    Ok(serde_json::to_string_pretty(&machine)? + "\n")
}

/// When the run was over, as far as its beginning can be read.
fn ended(summary: &Summary) -> String {
    let Ok(started) = summary.started.parse::<Timestamp>() else {
        return summary.started.clone();
    };
    let length = summary.settings.warm_up_s + summary.totals.duration_s;
    let ended = SignedDuration::try_from_secs_f64(length.round());
    let ended = ended.map(|length| started.saturating_add(length));
    match ended {
        Ok(Ok(ended)) => ended.to_string(),
        _ => summary.started.clone(),
    }
}

fn metric(metric: &Metric) -> Option<Entry> {
    let rounded = |values: &[(&'static str, f64)]| values.iter().copied().collect();
    let (kind, values) = match &metric.values {
        Values::Counter { count, .. } => ("counter", Numbers::count(*count)),
        Values::Gauge { value, min, max } => {
            let values = [("max", *max), ("min", *min), ("value", *value)];
            ("gauge", Numbers::Other(rounded(&values)))
        }
        &Values::Rate { matches, total } => ("rate", Numbers::rate(matches, total)),
        Values::Trend(trend) => ("trend", Numbers::Other(rounded(&trend.stats()))),
        Values::OfRules => return None,
    };
    Some(Entry {
        name: metric.key.clone(),
        kind,
        contains: match metric.contains {
            Contains::Data => "data",
            Contains::Default => "default",
            Contains::Time => "time",
        },
        values,
    })
}

fn checks(checks: &[Check]) -> Checks {
    let sum = |of: fn(&Check) -> u64| checks.iter().map(of).sum::<u64>();
    let (passes, fails) = (sum(|check| check.passes), sum(|check| check.fails));
    let entry = |name: &str, kind, values| Entry {
        name: name.to_owned(),
        kind,
        contains: "default",
        values,
    };
    let total = passes + fails;
    Checks {
        metrics: vec![
            entry("checks_total", "counter", Numbers::count(total)),
            entry("checks_succeeded", "rate", Numbers::rate(passes, total)),
            entry("checks_failed", "rate", Numbers::rate(fails, total)),
        ],
        results: checks.to_vec(),
    }
}

#[derive(Serialize)]
struct Machine {
    config: Config,
    metadata: Metadata,
    results: Told,
    version: &'static str,
}

#[derive(Serialize)]
struct Config {
    /// In seconds.
    duration: f64,
    execution: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    generated_at: String,
    /// Whose format it is; what wrote it stands behind the plus.
    k6_version: &'static str,
}

#[derive(Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks>,
    metrics: Vec<Entry>,
}

#[derive(Serialize)]
struct Checks {
    metrics: Vec<Entry>,
    results: Vec<Check>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    contains: &'static str,
    values: Numbers,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers {
    Counter { count: u64 },
    Rate { matches: u64, rate: f64, total: u64 },
    Other(BTreeMap<&'static str, f64>),
}

impl Numbers {
    const fn count(count: u64) -> Self {
        Self::Counter { count }
    }

    fn rate(matches: u64, total: u64) -> Self {
        Self::Rate {
            matches,
            rate: Values::share(matches, total),
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::report::sample::{judged, summary};

    /// A reader that knows this format and refuses everything else.
    mod strict {
        use serde::Deserialize;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Machine {
            pub(super) config: Config,
            pub(super) metadata: Metadata,
            pub(super) results: Results,
            pub(super) version: String,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Config {
            pub(super) duration: f64,
            pub(super) execution: String,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub(super) struct Metadata {
            pub(super) generated_at: jiff::Timestamp,
            pub(super) k6_version: String,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Results {
            pub(super) checks: Option<Checks>,
            pub(super) metrics: Vec<Metric>,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Checks {
            pub(super) metrics: Vec<Metric>,
            pub(super) results: Vec<Check>,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Check {
            pub(super) name: String,
            pub(super) passes: u64,
            pub(super) fails: u64,
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Metric {
            pub(super) name: String,
            pub(super) contains: String,
            pub(super) r#type: String,
            pub(super) values: serde_json::Value,
        }

        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Counter {
            pub(super) count: u64,
        }

        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Gauge {
            pub(super) max: f64,
            pub(super) min: f64,
            pub(super) value: f64,
        }

        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Rate {
            pub(super) matches: u64,
            pub(super) rate: f64,
            pub(super) total: u64,
        }

        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Trend {
            pub(super) avg: f64,
            pub(super) max: f64,
            pub(super) med: f64,
            pub(super) min: f64,
            #[serde(rename = "p(90)")]
            pub(super) p90: f64,
            #[serde(rename = "p(95)")]
            pub(super) p95: f64,
        }
    }

    fn values<T: for<'a> Deserialize<'a>>(metric: &strict::Metric) -> T {
        serde_json::from_value(metric.values.clone()).unwrap()
    }

    /// Reads it, and holds what it says against itself.
    #[track_caller]
    fn read(text: &str) -> strict::Machine {
        let machine: strict::Machine = serde_json::from_str(text).unwrap();
        assert_eq!(machine.version, "1.0.0");
        assert_eq!(machine.config.execution, "local");
        assert!(machine.metadata.k6_version.starts_with("2.2.0"));
        let checks = machine.results.checks.iter();
        let checks: Vec<_> = checks.flat_map(|checks| &checks.metrics).collect();
        for metric in machine.results.metrics.iter().chain(checks) {
            assert!(["data", "default", "time"].contains(&metric.contains.as_str()));
            match metric.r#type.as_str() {
                "counter" => {
                    let counter: strict::Counter = values(metric);
                    assert_eq!(metric.values["count"], counter.count);
                }
                "gauge" => {
                    let gauge: strict::Gauge = values(metric);
                    assert!(gauge.min <= gauge.value && gauge.value <= gauge.max);
                }
                "rate" => {
                    let rate: strict::Rate = values(metric);
                    let share = rate.matches as f64 / rate.total as f64;
                    assert!((share - rate.rate).abs() < 1e-9, "{rate:?}");
                }
                "trend" => {
                    let trend: strict::Trend = values(metric);
                    assert!(
                        trend.min <= trend.avg && trend.avg <= trend.max,
                        "{trend:?}"
                    );
                    let rising = [trend.min, trend.med, trend.p90, trend.p95, trend.max];
                    assert!(rising.is_sorted(), "{trend:?}");
                }
                other => panic!("{other}"),
            }
        }
        machine
    }

    #[test]
    fn a_strict_reader_takes_what_k6_writes_and_what_we_write() {
        let fixture = include_str!("../../../tests/fixtures/k6-formats/machine-readable.json");
        let theirs = read(fixture);
        let ours = read(&render(&judged()).unwrap());
        let kinds = |machine: &strict::Machine| -> BTreeMap<String, (String, String)> {
            let metrics = machine.results.metrics.iter();
            let kind = |it: &strict::Metric| (it.r#type.clone(), it.contains.clone());
            metrics.map(|it| (it.name.clone(), kind(it))).collect()
        };
        let (ours_by_name, theirs_by_name) = (kinds(&ours), kinds(&theirs));
        for (name, kind) in &theirs_by_name {
            assert_eq!(ours_by_name.get(name), Some(kind), "{name}");
        }
        let checks = |machine: &strict::Machine| -> Vec<_> {
            let metrics = machine.results.checks.iter().flat_map(|it| &it.metrics);
            metrics
                .map(|it| (it.name.clone(), it.r#type.clone()))
                .collect()
        };
        assert_eq!(checks(&ours), checks(&theirs));
    }

    #[test]
    fn a_run_has_the_numbers_of_its_summary() {
        let summary = judged();
        let machine = read(&render(&summary).unwrap());
        assert_eq!(machine.config.duration, summary.totals.duration_s);
        let checks = machine.results.checks.unwrap().results;
        let first = checks.first().unwrap();
        assert_eq!(
            (first.name.as_str(), first.passes, first.fails),
            ("people are listed", 1_199, 1)
        );
        let mut metrics = machine.results.metrics.iter();
        let times = metrics.find(|it| it.name == "http_req_duration").unwrap();
        let times: strict::Trend = values(times);
        assert_eq!(times.p95, summary.latency.response.p95 as f64 / 1e3);
        assert_eq!(
            machine.metadata.generated_at.to_string(),
            "2026-11-21T09:30:12Z"
        );
    }

    #[test]
    fn a_run_without_checks_has_none() {
        let machine: Value = serde_json::from_str(&render(&summary()).unwrap()).unwrap();
        assert!(machine["results"].get("checks").is_none());
    }
}
