//! k6: `--summary-export`, what `handleSummary` is given, and the machine-readable summary.
//!
//! Pure. All three hold metrics, the values of each under another name; what is told of a
//! sub-metric such as `http_req_duration{name:GET /people}` is that of a route.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field::{Field, Wrong};
use super::{measured, plain};
use crate::compare::durations::{Durations, Told};
use crate::compare::measured::{Figures, Measured, Share, Tool, share};

/// Whether k6 wrote it.
pub(super) fn is_one(value: &Value) -> bool {
    let metrics = value.get("metrics").filter(|metrics| metrics.is_object());
    let old = metrics.is_some_and(|metrics| {
        value.get("root_group").is_some() || metrics.get("http_req_duration").is_some()
    });
    old || value["results"]["metrics"].is_array()
}

/// The run.
pub(super) fn import(value: &Value) -> Result<Measured, Wrong> {
    let metrics = Metrics::read(&Field::root(value))?;
    let mut all = metrics.figures("")?;
    all.failed_checks = metrics.failed_checks()?;
    let mut routes = BTreeMap::new();
    for tags in metrics.tags() {
        if let Some(route) = route(tags) {
            routes.insert(plain(&route), metrics.figures(tags)?);
        }
    }
    let doubts = metrics.dropped()?.map(|dropped| {
        format!("dropped {dropped} iterations, because k6 had no free user for them; what they would have waited is in no number")
    });
    Ok(Measured {
        doubts: doubts.into_iter().collect(),
        ..measured(Tool::K6, all, routes)
    })
}

/// The metrics of a run, by their full names.
struct Metrics<'a> {
    values: BTreeMap<&'a str, Field<'a>>,
    /// In the machine-readable summary, where counters have no rate.
    seconds: Option<f64>,
    checks: Option<Field<'a>>,
}

impl<'a> Metrics<'a> {
    fn read(root: &Field<'a>) -> Result<Self, Wrong> {
        if let Some(results) = root.get("results") {
            let mut values = BTreeMap::new();
            for metric in results.need("metrics")?.items()? {
                let name = metric.need("name")?.text()?;
                values.insert(name, metric.need("values")?);
            }
            let checks = results.get("checks");
            return Ok(Self {
                values,
                seconds: Some(root.need("config")?.need("duration")?.number()?),
                checks: checks.and_then(|checks| checks.get("results")),
            });
        }
        let metrics = root.need("metrics")?.fields()?;
        let values = metrics.into_iter();
        // Where metrics have a type, their values are one step down.
        let values = values.map(|(name, metric)| (name, metric.get("values").unwrap_or(metric)));
        Ok(Self {
            values: values.collect(),
            seconds: None,
            checks: None,
        })
    }

    /// A metric with these tags, which are braced.
    fn get(&self, name: &str, tags: &str) -> Option<&Field<'a>> {
        self.values.get(format!("{name}{tags}").as_str())
    }

    /// The tags that some duration is told of.
    fn tags(&self) -> impl Iterator<Item = &'a str> {
        let names = self.values.keys();
        names
            .filter_map(|name| name.strip_prefix("http_req_duration"))
            .filter(|tags| tags.starts_with('{'))
    }

    fn figures(&self, tags: &str) -> Result<Figures, Wrong> {
        let failed = self.get("http_req_failed", tags).map(rate).transpose()?;
        let counted = self.get("http_reqs", tags);
        let count = counted.and_then(|counted| counted.get("count"));
        let count = count.map(|count| count.count()).transpose()?;
        let duration = self.get("http_req_duration", tags);
        let in_trend = duration.and_then(|trend| trend.get("count"));
        let in_trend = in_trend.map(|count| count.count()).transpose()?;
        let requests = count.or(in_trend).or_else(|| Some(failed?.of)).unwrap_or(0);
        let told = counted.and_then(|counted| counted.get("rate"));
        let told = told.map(|rate| rate.number()).transpose()?;
        let seconds = self.seconds.filter(|&seconds| seconds > 0.0);
        Ok(Figures {
            requests,
            service: duration.map(|it| trend(it, requests)).transpose()?,
            failed: failed.filter(|failed| failed.of > 0),
            rate: told.or_else(|| Some(count? as f64 / seconds?)),
            ..Figures::default()
        })
    }

    fn failed_checks(&self) -> Result<Option<Share>, Wrong> {
        if let Some(checks) = &self.checks {
            let (mut fails, mut of) = (0, 0);
            for check in checks.items()? {
                let failed = check.need("fails")?.count()?;
                fails += failed;
                of += failed + check.need("passes")?.count()?;
            }
            return Ok(share((fails, of)));
        }
        let checks = self.get("checks", "").map(rate).transpose()?;
        // Here what is counted is what held.
        Ok(checks.and_then(|held| share((held.of - held.part, held.of))))
    }

    fn dropped(&self) -> Result<Option<u64>, Wrong> {
        let dropped = self.get("dropped_iterations", "");
        let dropped = dropped.and_then(|dropped| dropped.get("count"));
        let dropped = dropped.map(|count| count.count()).transpose()?;
        Ok(dropped.filter(|&dropped| dropped > 0))
    }
}

/// How often a rate was true: of `http_req_failed` these are failures, and called passes.
fn rate(values: &Field<'_>) -> Result<Share, Wrong> {
    if let Some(matches) = values.get("matches") {
        let (part, of) = (matches.count()?, values.need("total")?);
        return Ok(Share {
            part,
            of: of.count()?.max(part),
        });
    }
    let part = values.need("passes")?.count()?;
    Ok(Share {
        part,
        of: part + values.need("fails")?.count()?,
    })
}

/// In milliseconds: the percentiles that the run was told to tell.
fn trend(values: &Field<'_>, samples: u64) -> Result<Durations, Wrong> {
    let mut points = Vec::new();
    for (name, value) in values.fields()? {
        let percent = name.strip_prefix("p(").and_then(|it| it.strip_suffix(')'));
        let share = match (name, percent) {
            ("min", _) => Some(0.0),
            ("med", _) => Some(0.5),
            ("max", _) => Some(1.0),
            (_, Some(percent)) => percent.parse().ok().map(|percent: f64| percent / 100.0),
            _ => None,
        };
        if let Some(share @ 0.0..=1.0) = share {
            points.push((share, value.number()? * 1e3));
        }
    }
    Ok(Durations::Told(Told::new(samples, points)))
}

/// The route that tags name: `{name:GET /people}`, `{endpoint:…}`, or a name and a method.
fn route(tags: &str) -> Option<String> {
    let tags = tags.strip_prefix('{')?.strip_suffix('}')?;
    let (mut name, mut method) = (None, None);
    for tag in tags.split(',') {
        let (key, value) = tag.split_once(':')?;
        let [key, value] = [key, value]
            .map(|it| it.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace()));
        match key {
            "endpoint" | "name" => name = Some(value),
            "method" => method = Some(value),
            // Only some of the requests of a route.
            _ => return None,
        }
    }
    Some(match method {
        Some(method) => format!("{method} {}", name?),
        None => name?.to_owned(),
    })
}
