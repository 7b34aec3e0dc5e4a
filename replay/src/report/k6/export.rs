//! The JSON of k6's `--summary-export`, as k6 2.2 writes it.
//!
//! Pure. A rule is `true` where it did *not* hold, which is what k6 writes there. Times are in
//! milliseconds.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Number, Serializer, Value, json};

use crate::summary::{Check, Summary, Unit};

use super::collect::results;
use super::metric::{Metric, Results, Rule, Values};

/// The summary as k6 exports it.
pub(crate) fn render(summary: &Summary) -> Result<String, serde_json::Error> {
    write(results(summary))
}

fn write(mut results: Results) -> Result<String, serde_json::Error> {
    results
        .metrics
        .sort_by(|one, other| one.key.cmp(&other.key));
    let metrics = results.metrics.iter();
    let metrics: Map<_, _> = metrics.map(|it| (it.key.clone(), entry(it))).collect();
    let checks = results.checks.iter();
    let checks: Map<_, _> = checks.map(|it| (it.name.clone(), check(it))).collect();
    let export = json!({
        "root_group": {
            "name": "",
            "path": "",
            "id": id(""),
            "groups": {},
            "checks": checks,
        },
        "metrics": metrics,
    });
    let mut bytes = Vec::new();
    let format = PrettyFormatter::with_indent(b"    ");
    export.serialize(&mut Serializer::with_formatter(&mut bytes, format))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn check(check: &Check) -> Value {
    let path = format!("::{}", check.name);
    json!({
        "name": check.name,
        "path": path,
        "id": id(&path),
        "passes": check.passes,
        "fails": check.fails,
    })
}

/// What k6 knows a group or a check by: MD5 of its path, in hexadecimal.
fn id(path: &str) -> String {
    let mut id = String::new();
    for byte in Md5::digest(path) {
        let written = write!(id, "{byte:02x}");
        debug_assert!(written.is_ok(), "memory takes all");
    }
    id
}

fn entry(metric: &Metric) -> Value {
    let rules = (!metric.rules.is_empty()).then(|| {
        let rules = metric.rules.iter();
        let rules = rules.map(|rule| (rule.expression.clone(), Value::Bool(!rule.ok)));
        ("thresholds", Value::Object(rules.collect()))
    });
    let mut fields: Vec<(&str, Value)> = match &metric.values {
        Values::Counter { count, rate } => {
            vec![("count", json!(count)), ("rate", number(*rate))]
        }
        Values::Gauge { value, min, max } => {
            let all = [("value", value), ("min", min), ("max", max)];
            all.map(|(name, value)| (name, number(*value))).to_vec()
        }
        &Values::Rate { matches, total } => {
            let fields = [
                ("passes", json!(matches)),
                ("fails", json!(total - matches)),
            ];
            let value = number(Values::share(matches, total));
            let rules = rules.clone();
            let fields = fields.into_iter().chain(rules).chain([("value", value)]);
            return object(fields);
        }
        Values::Trend(trend) => {
            let stats = trend.stats().into_iter().chain([("p(99)", trend.p99)]);
            stats.map(|(stat, value)| (stat, number(value))).collect()
        }
        Values::OfRules => metric.rules.iter().filter_map(measured).collect(),
    };
    fields.extend(rules);
    object(fields)
}

/// What a rule measured, under the name that the value has in k6.
fn measured(rule: &Rule) -> Option<(&str, Value)> {
    let name = match (rule.measure(), rule.unit) {
        ("rate", Unit::Share) => "value",
        (measure, _) => measure,
    };
    Some((name, number(rule.value?)))
}

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let fields = fields.into_iter();
    Value::Object(fields.map(|(name, it)| (name.to_owned(), it)).collect())
}

/// A number as Go writes it: a whole one without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < EXACT {
        let whole = format!("{value:.0}").parse::<i64>();
        return whole.map_or(Value::Null, Value::from);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Up to here every whole number is one of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::k6::metric::{Contains, Trend};
    use crate::report::sample::judged;

    const FIXTURE: &str = include_str!("../../../tests/fixtures/k6-formats/summary-export.json");

    fn metric(key: &str, values: Values, rules: &[(&str, bool)]) -> Metric {
        let rules = rules.iter().map(|&(expression, ok)| Rule {
            expression: expression.to_owned(),
            value: Some(1.0),
            unit: Unit::Milliseconds,
            ok,
        });
        Metric {
            key: key.to_owned(),
            contains: Contains::Default,
            values,
            rules: rules.collect(),
        }
    }

    #[test]
    fn the_same_numbers_make_the_same_json_as_with_k6() {
        let rate = |matches| Values::Rate {
            matches,
            total: 10_000,
        };
        let users = Values::Gauge {
            value: 50.0,
            min: 1.0,
            max: 50.0,
        };
        let requests = Values::Counter {
            count: 10_000,
            rate: 333.33,
        };
        let times = Values::Trend(Trend {
            avg: 12.345_678,
            min: 0.812_3,
            med: 10.5,
            max: 1_234.567_8,
            p90: 25.1,
            p95: 48.999,
            p99: 98.7,
        });
        let rules = [("p(95)<50", true), ("p(99)<90", false)];
        let results = Results {
            metrics: vec![
                metric("vus", users, &[]),
                metric("http_req_failed", rate(123), &[("rate<0.01", false)]),
                metric("http_reqs", requests, &[]),
                metric("checks", rate(9_877), &[]),
                metric("http_req_duration", times, &rules),
            ],
            checks: vec![Check {
                name: "status is 200".to_owned(),
                passes: 9_877,
                fails: 123,
            }],
            checks_rate: 0.0,
        };
        assert_eq!(write(results).unwrap(), FIXTURE);
    }

    /// The names of what is in an object, with the kind of each.
    fn shape(value: &Value) -> Vec<(String, u8)> {
        let kind = |value: &Value| match value {
            Value::Number(_) => 0,
            Value::String(_) => 1,
            Value::Object(_) => 2,
            Value::Bool(_) => 3,
            Value::Null | Value::Array(_) => 4,
        };
        let fields = value.as_object().unwrap().iter();
        fields.map(|(name, it)| (name.clone(), kind(it))).collect()
    }

    #[test]
    fn a_run_has_the_structure_of_an_export() {
        let summary = judged();
        let ours: Value = serde_json::from_str(&render(&summary).unwrap()).unwrap();
        let theirs: Value = serde_json::from_str(FIXTURE).unwrap();
        assert_eq!(shape(&ours), shape(&theirs));
        assert_eq!(shape(&ours["root_group"]), shape(&theirs["root_group"]));
        let check = "people are listed";
        assert_eq!(
            shape(&ours["root_group"]["checks"][check]),
            shape(&theirs["root_group"]["checks"]["status is 200"])
        );
        for (name, metric) in theirs["metrics"].as_object().unwrap() {
            assert_eq!(shape(&ours["metrics"][name]), shape(metric), "{name}");
        }
        let names: Vec<_> = ours["metrics"].as_object().unwrap().keys().collect();
        assert!(names.is_sorted(), "{names:?}");
        for step in ["blocked", "connecting", "sending", "waiting", "receiving"] {
            let step = format!("http_req_{step}");
            assert!(ours["metrics"][&step]["p(95)"].is_number(), "{step}");
        }
    }

    #[test]
    fn a_run_has_the_numbers_of_its_summary() {
        let summary = judged();
        let ours: Value = serde_json::from_str(&render(&summary).unwrap()).unwrap();
        let metrics = &ours["metrics"];
        let failed = &metrics["http_req_failed"];
        let count = |value: &Value| value.as_u64().unwrap();
        assert_eq!(count(&failed["passes"]), summary.totals.failed);
        assert_eq!(
            count(&failed["passes"]) + count(&failed["fails"]),
            count(&metrics["http_reqs"]["count"])
        );
        let p95 = summary.latency.response.p95 as f64 / 1e3;
        assert_eq!(metrics["http_req_duration"]["p(95)"], p95);
        let rules = &metrics["http_req_duration"]["thresholds"];
        assert_eq!(rules["p(95)<500"], false);
        let log_in = &metrics["http_req_duration{endpoint:POST /api/v1/auth/login}"];
        assert_eq!(log_in["thresholds"]["p(95)<10 for 5s"], true);
        let unknown = &metrics["http_req_duration{status:503}"];
        assert_eq!(shape(unknown), [("thresholds".to_owned(), 2)]);
        // `printf '::people are listed' | md5sum`
        assert_eq!(
            ours["root_group"]["checks"]["people are listed"]["id"],
            "eb2fdf1e7cc0a31bcfd027658488d4ed"
        );
    }

    #[test]
    fn of_what_a_summary_does_not_have_rules_tell_what_they_measured() {
        let mut summary = judged();
        summary.thresholds[0].metric = "http_req_duration{status:2xx}".to_owned();
        summary.thresholds[2].metric = "availability".to_owned();
        let ours: Value = serde_json::from_str(&render(&summary).unwrap()).unwrap();
        let times = &ours["metrics"]["http_req_duration{status:2xx}"];
        assert_eq!(times["p(99.9)"], 31);
        assert_eq!(ours["metrics"]["availability"]["value"], 0.001);
    }
}
